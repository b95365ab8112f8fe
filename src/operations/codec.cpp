#include "operations/codec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "operations/texts.hpp"

namespace vigie::operations {

namespace {

using nlohmann::json;

void put(json& object, const char* name, const std::string& text) {
    if (!text.empty()) object[name] = text;
}

void put(json& object, const char* name, const std::optional<base::Instant>& instant) {
    if (instant) object[name] = base::to_rfc3339(*instant);
}

void put(json& object, const char* name, const std::optional<base::LonLat>& position) {
    if (position) object[name] = json::array({position->lon, position->lat});
}

void put(json& object, const char* name, const std::optional<std::int64_t>& number) {
    if (number) object[name] = *number;
}

void put_place(json& object, const Place& place) {
    put(object, "position", place.position);
    put(object, "address", place.address);
}

std::int64_t seconds(base::Duration duration) {
    return std::chrono::floor<std::chrono::seconds>(duration).count();
}

const Crew& crew_named(const std::vector<Crew>& crews, const std::string& code) {
    return *std::ranges::find(crews, code, &Crew::code);
}

}  // namespace

json to_json(const base::Text& text) {
    return {{"en", text.en}, {"fr", text.fr}};
}

json to_json(const Incident& incident) {
    json object{{"number", incident.number},
                {"title", incident.title},
                {"desk", incident.desk},
                {"priority", incident.priority},
                {"status", incident.open ? "open" : "closed"},
                {"origin", incident.origin},
                {"opened_at", base::to_rfc3339(incident.opened_at)},
                {"opened_by", incident.opened_by},
                {"alarms", incident.alarms},
                {"alarms_active", incident.alarms_active},
                {"interventions_open", incident.interventions_open},
                {"version", incident.version}};
    put_place(object, incident.place);
    put(object, "commune", incident.place.commune);
    put(object, "asset", incident.asset);
    put(object, "owner", incident.owner);
    put(object, "owner_name", incident.owner_name);
    put(object, "claimed_at", incident.claimed_at);
    put(object, "closed_at", incident.closed_at);
    put(object, "close_reason", incident.close_reason);
    return object;
}

json to_json(const Contact& contact, const std::optional<Caller>& caller) {
    json object{
        {"id", std::to_string(contact.id)}, {"channel", contact.channel},
        {"summary", contact.summary},       {"received_at", base::to_rfc3339(contact.received_at)},
        {"taken_by", contact.taken_by},     {"answered", contact.answered},
        {"has_caller", contact.has_caller}};
    put(object, "desk", contact.desk);
    put_place(object, contact.place);
    put(object, "incident", contact.incident);
    if (caller) {
        put(object, "caller_name", caller->name);
        put(object, "callback_number", caller->callback_number);
    }
    return object;
}

json to_json(const Intervention& intervention) {
    json object{{"id", std::to_string(intervention.id)},
                {"incident", intervention.incident},
                {"incident_title", intervention.incident_title},
                {"crew", intervention.crew},
                {"state", to_string(intervention.standing.state)},
                {"priority", intervention.priority},
                {"created_at", base::to_rfc3339(intervention.created_at)},
                {"created_by", intervention.created_by},
                {"state_since", base::to_rfc3339(intervention.state_since)},
                {"version", intervention.version}};
    put(object, "asset", intervention.asset);
    put_place(object, intervention.place);
    put(object, "description", intervention.description);
    if (!intervention.response.en.empty()) object["response"] = to_json(intervention.response);
    put(object, "verified_by", intervention.verified_by);
    return object;
}

json to_json(const Intervention& intervention, const std::vector<State>& allowed) {
    json object = to_json(intervention);
    object["allowed"] = json::array();
    for (const State state : allowed)
        object["allowed"].push_back(to_string(state));
    return object;
}

json to_json(const Transition& transition) {
    json object{{"from", transition.from ? to_string(*transition.from) : ""},
                {"to", to_string(transition.to)},
                {"author", transition.author.login},
                {"at", base::to_rfc3339(transition.at)},
                {"recorded_at", base::to_rfc3339(transition.recorded_at)}};
    if (transition.clock_off != base::Duration{}) {
        object["clock_off_s"] = seconds(transition.clock_off);
    }
    put(object, "reason", transition.reason);
    put(object, "note", transition.note);
    put(object, "position", transition.position);
    return object;
}

json to_json(const Crew& crew, base::Instant now) {
    json object{{"code", crew.code},
                {"name", crew.name},
                {"employer", crew.employer},
                {"skills", crew.skills},
                {"free", !crew.intervention.has_value()}};
    put(object, "vehicle", crew.vehicle);
    if (crew.intervention) object["intervention"] = std::to_string(*crew.intervention);
    put(object, "position", crew.position);
    put(object, "position_at", crew.position_at);
    if (crew.position_at) {
        object["position_age_s"] = seconds(std::max(base::Duration{}, now - *crew.position_at));
    }
    return object;
}

json to_json(const Choice& choice, const std::vector<Crew>& crews, base::Instant now) {
    json proposed = json::array();
    for (const Proposal& proposal : choice.proposed) {
        json object = to_json(crew_named(crews, proposal.code), now);
        object["distance_m"] = proposal.distance_m;
        proposed.push_back(std::move(object));
    }
    json others = json::array();
    for (const NotProposed& other : choice.others) {
        json object{{"code", other.code},
                    {"name", crew_named(crews, other.code).name},
                    {"reason", to_string(other.reason)}};
        if (other.distance_m) object["distance_m"] = *other.distance_m;
        if (other.age) object["position_age_s"] = seconds(*other.age);
        others.push_back(std::move(object));
    }
    return {{"proposed", std::move(proposed)}, {"others", std::move(others)}};
}

json to_json(const Entry& entry) {
    json object{{"number", entry.number},
                {"at", base::to_rfc3339(entry.at)},
                {"recorded_at", base::to_rfc3339(entry.recorded_at)},
                {"author", entry.author.login},
                {"entry_type", entry.entry_type},
                {"text", to_json(entry.text)}};
    put(object, "author_name", entry.author.name);
    put(object, "incident", entry.incident);
    if (entry.intervention) object["intervention"] = std::to_string(*entry.intervention);
    put(object, "corrects", entry.corrects);
    put(object, "digest", entry.digest);
    return object;
}

json to_json(const DeskStrip& strip) {
    json object{{"desk", strip.desk},
                {"name", to_json(desk_name(strip.desk))},
                {"waiting", strip.waiting},
                {"claimed", strip.claimed},
                {"alarms_10_min", strip.alarms_10_min}};
    put(object, "oldest_at", strip.oldest_at);
    return object;
}

}  // namespace vigie::operations
