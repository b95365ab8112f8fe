// Commands to devices: asked for by people, brought by MQTT, answered by results.
//
//   Control control({.pool = pool, .clock = clock, .stream = stream, .registry = registry,
//                    .carrier = ...});
//   control.add_routes(control_router);
//   control.load();   // before the device door opens
//   control.start();
//
// docs/commands.md says what is promised.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "vigie/api/router.hpp"
#include "vigie/assets/catalogue.hpp"
#include "vigie/base/time.hpp"
#include "vigie/control/command.hpp"
#include "vigie/live/stream.hpp"
#include "vigie/net/mqtt_server.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/spool.hpp"

namespace vigie::control {

// How commands leave, and what is done with what cannot be answered any more. Any thread; none
// waits.
struct Carrier {
    // Whether some client that may receive it hears that topic now.
    std::function<bool(const std::string& topic)> hears;
    // To how many clients it was handed; the outcome of each comes to CommandTaker::delivered.
    std::function<std::size_t(net::MqttDelivery)> send;
    // There is room for results again.
    std::function<void()> room;
    // A result that was acknowledged, and then refused: to quarantine. False: no room now.
    std::function<bool(const ingest::CommandResult&, const ingest::Refusal&)> quarantine;
};

struct Parts {
    store::Pool& pool;
    const base::Clock& clock;
    live::Stream& stream;
    const assets::Registry& registry;
    Carrier carrier;
};

class Control {
public:
    // Registers the stream's topic `commands`.
    explicit Control(Parts parts);
    ~Control();  // as stop()
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    // /api/v1/assets/{code}/commands, /api/v1/commands/{id}
    void add_routes(api::Router& router);
    // For the device door; lives as long as this.
    [[nodiscard]] ingest::CommandTaker& taker();
    // Before load(): what must be written together with each change (the logbook), and where
    // results are kept while the database is away (opened, outlives this).
    void in_transaction(std::function<void(store::Transaction&, const Change&)> work);
    void keep_in(store::Spool& spool);

    // Reads what had not ended, and what was kept. Throws store::Unavailable.
    void load();
    void start();
    void stop();
    // One round of the background work, on the calling thread. False: the database is away.
    bool work_once();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vigie::control
