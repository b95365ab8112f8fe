#include "operations/incidents.hpp"

#include <nlohmann/json.hpp>

#include "operations/reach.hpp"
#include "operations/store_incidents.hpp"
#include "operations/texts.hpp"

namespace vigie::operations::incidents {

namespace {

bool reached(const Asker& asker, access::Level level, const Incident& incident) {
    return reaches(asker.actor, level, "operations", asker.now, incident.place.commune);
}

// Locked, open, and within the asker's reach.
base::Result<Incident> work_on(store::Transaction& tx, const Asker& asker, std::int64_t number) {
    auto incident = incident_store::find_locked(tx, number);
    if (!incident || !reached(asker, access::Level::view, *incident)) return unknown_incident();
    if (!reached(asker, access::Level::operate, *incident)) return out_of_reach();
    if (!incident->open) return closed_incident();
    return *std::move(incident);
}

void record(store::Transaction& tx, const Asker& asker, std::int64_t number, const char* step,
            const nlohmann::json& detail = nlohmann::json::object()) {
    incident_store::record(tx, number, step, author_of(asker.actor), asker.now, asker.now, detail);
}

Entry write(Room& room, store::Transaction& tx, const Asker& asker, std::int64_t number,
            const char* entry_type, base::Text text) {
    Entry entry = entry_by(author_of(asker.actor), asker.now, entry_type, std::move(text));
    entry.incident = number;
    return write_entry(room, tx, std::move(entry));
}

// The row as this transaction leaves it, sent once committed.
Incident sent(Room& room, store::Transaction& tx, std::int64_t number) {
    send_incident(room, tx, number);
    return *incident_store::find(tx, number);
}

// These reasons say nothing of the condition that the sensor reports: it may go on, and its alarm
// then stands by itself. All others say that it is over.
bool leaves_alarms(std::string_view reason) {
    return reason == "false_alarm" || reason == "duplicate";
}

base::Error without_text(std::size_t alarms) {
    const std::string count = std::to_string(alarms);
    return base::fail_at(
        base::Errc::invalid, "/text",
        "Alarms still active: " + count + ". Say why this incident is closed.",
        "Alarmes encore actives : " + count + ". Dites pourquoi cet événement est clos.");
}

base::Error owned_by(const Incident& incident) {
    base::Error error =
        base::fail(base::Errc::conflict, incident.owner_name + " has claimed this incident.",
                   incident.owner_name + " a pris cet événement.");
    error.extension =
        nlohmann::json{
            {"owner",
             {{"login", incident.owner},
              {"name", incident.owner_name},
              {"since", base::to_rfc3339(incident.claimed_at.value_or(base::Instant{}))}}}}
            .dump();
    return error;
}

}  // namespace

base::Result<Incident> see(store::Transaction& tx, const Asker& asker, std::int64_t number) {
    auto incident = incident_store::find(tx, number);
    if (!incident || !reached(asker, access::Level::view, *incident)) return unknown_incident();
    return *std::move(incident);
}

base::Result<Incident> claim(Room& room, store::Transaction& tx, const Asker& asker,
                             std::int64_t number) {
    const auto seen = see(tx, asker, number);
    if (!seen) return seen.error();
    if (!reached(asker, access::Level::operate, *seen)) return out_of_reach();
    if (!incident_store::claim(tx, number, author_of(asker.actor), asker.now)) {
        auto now_owned = incident_store::find(tx, number);
        if (!now_owned->open) return closed_incident();
        if (now_owned->owner == asker.actor.login) return *std::move(now_owned);
        return owned_by(*now_owned);
    }
    record(tx, asker, number, "claimed");
    auto claimed = sent(room, tx, number);
    write(room, tx, asker, number, "incident_claimed", texts::incident_claimed(claimed));
    return claimed;
}

base::Result<Incident> release(Room& room, store::Transaction& tx, const Asker& asker,
                               std::int64_t number) {
    auto incident = work_on(tx, asker, number);
    if (!incident) return incident;
    if (incident->owner.empty()) return incident;
    const bool own = incident->owner == asker.actor.login;
    if (!own && !reached(asker, access::Level::manage, *incident)) {
        base::Error error = owned_by(*incident);
        error.code = base::Errc::forbidden;
        return error;
    }
    incident_store::release(tx, number);
    record(tx, asker, number, "released", {{"owner", incident->owner}});
    auto released = sent(room, tx, number);
    write(room, tx, asker, number, "incident_released", texts::incident_released(released));
    return released;
}

base::Result<Incident> change(Room& room, store::Transaction& tx, const Asker& asker,
                              std::int64_t number, const Change& change) {
    auto before = work_on(tx, asker, number);
    if (!before) return before;
    if (change.version && *change.version != before->version) {
        return base::fail(base::Errc::precondition_failed,
                          "This incident was changed meanwhile: read it again.",
                          "Cet événement a été modifié entre-temps : relisez-le.");
    }
    Incident after = *before;
    if (change.title) after.title = *change.title;
    if (change.desk) after.desk = *change.desk;
    if (change.priority) after.priority = *change.priority;
    if (after.title == before->title && after.desk == before->desk &&
        after.priority == before->priority) {
        return before;
    }
    incident_store::change(tx, after);
    record(tx, asker, number, "changed",
           {{"title", after.title}, {"desk", after.desk}, {"priority", after.priority}});
    auto changed = sent(room, tx, number);
    write(room, tx, asker, number, "incident_changed", texts::incident_changed(*before, after));
    return changed;
}

base::Result<Entry> note(Room& room, store::Transaction& tx, const Asker& asker,
                         std::int64_t number, const std::string& text) {
    const auto incident = incident_store::find(tx, number);
    if (!incident || !reached(asker, access::Level::view, *incident)) return unknown_incident();
    if (!reached(asker, access::Level::operate, *incident)) return out_of_reach();
    return write(room, tx, asker, number, "note", free_text(text));
}

base::Result<Incident> close(Room& room, store::Transaction& tx, const Asker& asker,
                             std::int64_t number, const std::string& reason,
                             const std::string& text) {
    auto incident = work_on(tx, asker, number);
    if (!incident) return incident;
    auto left = incident_store::left_open(tx, number);
    if (leaves_alarms(reason)) {
        if (!left.alarms.empty() && text.empty()) return without_text(left.alarms.size());
        left.alarms.clear();
    }
    if (!left.interventions.empty() || !left.alarms.empty()) {
        base::Error error = base::fail(
            base::Errc::conflict,
            "Left open: " + std::to_string(left.interventions.size()) + " interventions, " +
                std::to_string(left.alarms.size()) + " active alarms.",
            "Reste à clore : " + std::to_string(left.interventions.size()) + " interventions, " +
                std::to_string(left.alarms.size()) + " alarmes actives.");
        error.extension =
            nlohmann::json{{"interventions", left.interventions}, {"alarms", left.alarms}}.dump();
        return error;
    }
    incident_store::close(tx, number, author_of(asker.actor), reason, asker.now);
    const auto alone = room.recorder.let_go(tx, incident_store::alarms_of(tx, number), number);
    record(tx, asker, number, "closed",
           {{"reason", reason}, {"text", text}, {"alarms_left", alone}});
    auto closed = sent(room, tx, number);
    write(room, tx, asker, number, "incident_closed",
          texts::incident_closed(reason, text, alone.size()));
    return closed;
}

}  // namespace vigie::operations::incidents
