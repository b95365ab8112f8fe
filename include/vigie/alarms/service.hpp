// Alarms as one part: the engine on the live city, the recorder, and how they meet.
//
// Wiring, in this order: make it (before City::start); live::load_last_values; load(); then
// live::replay_frames; start(); City::start. Stop the city before this, so that what it decided
// last is recorded.
#pragma once

#include "vigie/alarms/engine.hpp"
#include "vigie/alarms/recorder.hpp"
#include "vigie/api/router.hpp"
#include "vigie/assets/catalogue.hpp"
#include "vigie/live/city.hpp"
#include "vigie/live/stream.hpp"
#include "vigie/store/database.hpp"

namespace vigie::alarms {

class Service {
public:
    // All outlive the service.
    Service(live::City& city, live::Stream& stream, store::Pool& pool,
            const assets::Registry& registry, const base::Clock& clock);

    // Finds again what stood. Before City::start.
    void load();
    // Begins to judge and to record. Hooks of the recorder are set before.
    void start();
    void stop() { recorder_.stop(); }

    [[nodiscard]] Recorder& recorder() { return recorder_; }
    [[nodiscard]] const Recorder& recorder() const { return recorder_; }
    [[nodiscard]] store::Pool& pool() { return pool_; }

private:
    live::City& city_;
    store::Pool& pool_;
    const base::Clock& clock_;
    Recorder recorder_;
    Engine engine_;
};

// While the database is away the list of open alarms and the topic go on from memory.
//   GET  /api/v1/alarms                      view
//   GET  /api/v1/alarms/{id}                 view
//   POST /api/v1/alarms/{id}/acknowledge     operate
void add_routes(api::Router& router, Service& service, const assets::Registry& registry);
// The topic alarms.
void add_topic(live::Stream& stream, Service& service, const assets::Registry& registry);

}  // namespace vigie::alarms
