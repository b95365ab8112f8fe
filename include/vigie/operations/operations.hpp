// The control room's work: incidents at six desks, contacts, interventions of crews, the logbook.
//
//   Operations operations({.pool = pool, .clock = clock, .stream = stream, .registry = registry,
//                          .recorder = recorder, .commune_of = ..., .vehicle_position = ...});
//   operations.add_routes(control_router);
//   operations.add_admin_routes(admin_router);
//   operations.start();
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "vigie/alarms/recorder.hpp"
#include "vigie/api/router.hpp"
#include "vigie/assets/catalogue.hpp"
#include "vigie/base/geometry.hpp"
#include "vigie/base/time.hpp"
#include "vigie/control/control.hpp"
#include "vigie/live/stream.hpp"
#include "vigie/operations/crew_choice.hpp"
#include "vigie/store/database.hpp"

namespace vigie::operations {

// The INSEE code of the commune that holds the point; empty outside all of them. Any thread.
using CommuneOf = std::function<std::string(base::LonLat)>;
// Where that vehicle last reported to be, and when. Any thread, must not wait.
using VehiclePosition = std::function<std::optional<Located>(const std::string& asset)>;

struct Parts {
    store::Pool& pool;
    const base::Clock& clock;
    live::Stream& stream;
    const assets::Registry& registry;
    alarms::Recorder& recorder;
    CommuneOf commune_of;
    VehiclePosition vehicle_position;  // empty: no vehicle is followed
    control::Control* control{};       // null: the logbook says nothing of commands
};

class Operations {
public:
    // Registers the stream's topics incidents, interventions, crews, desks and logbook, and with
    // the recorder and control, which are not started yet, what the logbook says of alarms and
    // commands. Lives as long as they run.
    explicit Operations(Parts parts);
    ~Operations();  // as stop()
    Operations(const Operations&) = delete;
    Operations& operator=(const Operations&) = delete;

    // /api/v1: desks, incidents, contacts, interventions, crews, logbook
    void add_routes(api::Router& router);
    // /admin/v1/logbook, /admin/v1/logbook/verify, /admin/v1/crews
    void add_admin_routes(api::Router& router);

    // Begins the background work on a thread of its own: at once and every 10 seconds, and whenever
    // alarms change, interventions are verified or reopened by what telemetry proved; strips of
    // desks follow what changes within half a second. A database that is away is tried again.
    void start();
    void stop();

    // One round of that work, on the calling thread. Throws store::Unavailable.
    void work_once();

    // Erases who called before that instant, and writes an entry that says so, if there were any;
    // how many. Called from time to time by app, with the legal retention. Throws
    // store::Unavailable.
    std::size_t erase_callers(base::Instant before);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vigie::operations
