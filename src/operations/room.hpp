// What every use case of operations works with.
#pragma once

#include <functional>

#include "operations/records.hpp"
#include "vigie/alarms/recorder.hpp"
#include "vigie/assets/catalogue.hpp"
#include "vigie/live/stream.hpp"
#include "vigie/operations/operations.hpp"
#include "vigie/store/database.hpp"

namespace vigie::operations {

// Lives as long as the module.
struct Room {
    const base::Clock& clock;
    live::Stream& stream;
    const assets::Registry& registry;
    alarms::Recorder& recorder;
    CommuneOf commune_of;
    VehiclePosition vehicle_position;
    std::function<void()> desks_changed;  // some strip may read otherwise now
};

// The crew as people see it: where it is by its own word or its vehicle's, whichever is later.
[[nodiscard]] Crew located(const Room& room, Crew crew);

// An entry that this principal makes at this instant.
[[nodiscard]] Entry entry_by(const Author& author, base::Instant now, std::string entry_type,
                             base::Text text);
// Adds it to the logbook and sends it once committed. Change other rows before.
Entry write_entry(Room& room, store::Transaction& tx, Entry entry);

[[nodiscard]] base::Error unknown_incident();
// Nothing more happens to it. Extension: state.
[[nodiscard]] base::Error closed_incident();
[[nodiscard]] base::Error unknown_intervention();
[[nodiscard]] base::Error out_of_reach();

// These read the row as this transaction leaves it, and send it once that is committed. Call them
// when nothing more changes.
void send_incident(Room& room, store::Transaction& tx, std::int64_t number);
void send_intervention(Room& room, store::Transaction& tx, std::int64_t id);
void send_crew(Room& room, store::Transaction& tx, const std::string& code);

[[nodiscard]] live::StreamRow incident_row(const Incident& incident);
[[nodiscard]] live::StreamRow intervention_row(const Intervention& intervention);
[[nodiscard]] live::StreamRow crew_row(const Crew& crew, base::Instant now);
[[nodiscard]] live::StreamRow desk_row(const DeskStrip& strip);

}  // namespace vigie::operations
