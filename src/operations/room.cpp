#include "operations/room.hpp"

#include <memory>
#include <nlohmann/json.hpp>

#include "operations/codec.hpp"
#include "operations/store_crews.hpp"
#include "operations/store_incidents.hpp"
#include "operations/store_interventions.hpp"
#include "operations/store_logbook.hpp"

namespace vigie::operations {

namespace {

std::shared_ptr<const std::string> serialised(const nlohmann::json& json) {
    return std::make_shared<const std::string>(json.dump());
}

void send(Room& room, store::Transaction& tx, const char* topic, live::StreamRow row) {
    tx.after_commit([&room, topic, row = std::move(row)] { room.stream.publish(topic, {row}); });
}

}  // namespace

Crew located(const Room& room, Crew crew) {
    std::optional<Located> said;
    if (crew.position && crew.position_at) said = Located{*crew.position, *crew.position_at};
    std::optional<Located> reported;
    if (!crew.vehicle.empty() && room.vehicle_position) {
        reported = room.vehicle_position(crew.vehicle);
    }
    if (const auto best = latest(said, reported)) {
        crew.position = best->position;
        crew.position_at = best->at;
    }
    return crew;
}

Entry entry_by(const Author& author, base::Instant now, std::string entry_type, base::Text text) {
    Entry entry;
    entry.at = now;
    entry.recorded_at = now;
    entry.author = author;
    entry.entry_type = std::move(entry_type);
    entry.text = std::move(text);
    return entry;
}

Entry write_entry(Room& room, store::Transaction& tx, Entry entry) {
    entry = logbook_store::append(tx, std::move(entry));
    live::StreamRow row;
    row.key = std::to_string(entry.number);
    row.json = serialised(to_json(entry));
    send(room, tx, "logbook", std::move(row));
    return entry;
}

base::Error unknown_incident() {
    return base::fail(base::Errc::not_found, "There is no such incident.",
                      "Cet événement n'existe pas.");
}

base::Error closed_incident() {
    base::Error error =
        base::fail(base::Errc::conflict, "This incident is closed.", "Cet événement est clos.");
    error.extension = R"({"state":"closed"})";
    return error;
}

base::Error unknown_intervention() {
    return base::fail(base::Errc::not_found, "There is no such intervention.",
                      "Cette intervention n'existe pas.");
}

base::Error out_of_reach() {
    return base::fail(base::Errc::forbidden, "Your rights do not reach that commune.",
                      "Vos droits ne s'étendent pas à cette commune.");
}

live::StreamRow incident_row(const Incident& incident) {
    return {.key = std::to_string(incident.number),
            .json = serialised(to_json(incident)),
            .removed = !incident.open,
            .asset = incident.asset,
            .kind = {},
            .commune = incident.place.commune,
            .desk = incident.desk,
            .crew = {}};
}

live::StreamRow intervention_row(const Intervention& intervention) {
    return {.key = std::to_string(intervention.id),
            .json = serialised(to_json(intervention)),
            .removed = is_final(intervention.standing.state),
            .asset = intervention.asset,
            .kind = {},
            .commune = intervention.place.commune,
            .desk = {},
            .crew = intervention.crew};
}

live::StreamRow crew_row(const Crew& crew, base::Instant now) {
    return {.key = crew.code,
            .json = serialised(to_json(crew, now)),
            .removed = false,
            .asset = crew.vehicle,
            .kind = {},
            .commune = {},
            .desk = {},
            .crew = crew.code};
}

live::StreamRow desk_row(const DeskStrip& strip) {
    return {.key = strip.desk,
            .json = serialised(to_json(strip)),
            .removed = false,
            .asset = {},
            .kind = {},
            .commune = {},
            .desk = strip.desk,
            .crew = {}};
}

void send_incident(Room& room, store::Transaction& tx, std::int64_t number) {
    const auto incident = incident_store::find(tx, number);
    if (!incident) return;
    send(room, tx, "incidents", incident_row(*incident));
    if (room.desks_changed) tx.after_commit([&room] { room.desks_changed(); });
}

void send_intervention(Room& room, store::Transaction& tx, std::int64_t id) {
    const auto intervention = intervention_store::find(tx, id);
    if (intervention) send(room, tx, "interventions", intervention_row(*intervention));
}

void send_crew(Room& room, store::Transaction& tx, const std::string& code) {
    auto crew = crew_store::find(tx, code);
    if (crew) send(room, tx, "crews", crew_row(located(room, std::move(*crew)), room.clock.now()));
}

}  // namespace vigie::operations
