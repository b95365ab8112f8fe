#include <nlohmann/json.hpp>

#include "operations/codec.hpp"
#include "operations/incidents.hpp"
#include "operations/reach.hpp"
#include "operations/routes.hpp"
#include "operations/store_contacts.hpp"
#include "operations/store_desks.hpp"
#include "operations/store_incidents.hpp"
#include "operations/store_logbook.hpp"
#include "vigie/api/body.hpp"
#include "vigie/api/paging.hpp"

namespace vigie::operations {

namespace {

using api::Answer;
using nlohmann::json;
constexpr std::initializer_list<std::string_view> desk_words{"security", "police", "video",
                                                             "traffic",  "winter", "citizen"};

json detail(Room& room, store::Transaction& tx, const incidents::Asker& asker,
            const Incident& incident) {
    json object = to_json(incident);
    object["alarm_rows"] = json::array();
    const auto catalogue = room.registry.current();
    for (const alarms::Alarm& alarm :
         alarms::read_alarms(tx, incident_store::alarms_of(tx, incident.number))) {
        object["alarm_rows"].push_back(json::parse(alarms::to_json(alarm, *catalogue)));
    }
    object["contact_rows"] = json::array();
    for (const Contact& contact : contact_store::of_incident(tx, incident.number)) {
        object["contact_rows"].push_back(to_json(contact, std::nullopt));
    }
    object["intervention_rows"] = json::array();
    for (const Intervention& row : intervention_store::of_incident(tx, incident.number)) {
        object["intervention_rows"].push_back(seen_json(asker, row));
    }
    object["story"] = json::array();
    for (const Entry& entry : logbook_store::story(tx, incident.number)) {
        object["story"].push_back(to_json(entry));
    }
    return object;
}

Answer answer(unsigned status, const base::Result<Incident>& incident) {
    if (!incident) return incident.error();
    auto response = api::json_response(status, to_json(*incident));
    api::set_version(response, incident->version);
    return response;
}

Answer answer_in_detail(Room& room, store::Transaction& tx, const incidents::Asker& asker,
                        unsigned status, const base::Result<Incident>& incident) {
    if (!incident) return incident.error();
    return api::json_response(status, detail(room, tx, asker, *incident));
}

Answer list_desks(const api::Request& request, store::Transaction& tx) {
    json rows = json::array();
    for (const DeskStrip& strip : desk_store::strips(tx, request.now)) {
        rows.push_back(to_json(strip));
    }
    return api::json_response(200, {{"rows", std::move(rows)}});
}

Answer list_incidents(const api::Request& request, store::Transaction& tx) {
    const auto limit = request.limit();
    if (!limit) return limit.error();
    const auto after = api::read_cursor<std::int64_t, base::Instant, std::int64_t>(request);
    if (!after) return after.error();
    const auto open = open_in_query(request);
    if (!open) return open.error();
    const auto desk = word_in_query(request, "desk", desk_words, "");
    if (!desk) return desk.error();
    incident_store::Filter filter;
    if (!desk->empty()) filter.desk = *desk;
    filter.open = *open;
    filter.commune = request.query("commune");
    filter.reach = communes_of(request.actor, access::Level::view, "operations", request.now);
    api::Page page(*limit);
    for (const Incident& row : incident_store::page(tx, filter, *after, *limit + 1)) {
        const auto cursor = api::make_cursor(std::int64_t{row.priority}, row.opened_at, row.number);
        if (!page.add(to_json(row), cursor)) break;
    }
    return page.response();
}

Answer open_incident(Room& room, const api::Request& request, store::Transaction& tx) {
    api::Body body(request.json());
    incidents::Opening opening;
    const auto contact = body.optional_text("contact", {1, 64});
    opening.alarm = body.optional_text("alarm", {1, 64});
    opening.contact = id_from(contact);
    opening.title = body.optional_text("title", {1, incidents::title_chars_max});
    opening.desk = body.optional_choice("desk", desk_words);
    const auto priority = body.optional_integer("priority", 1, 4);
    if (priority) opening.priority = static_cast<int>(*priority);
    opening.position = body.optional_position("position");
    opening.asset = body.optional_code("asset");
    opening.note = body.optional_text("note").value_or("");
    opening.claim = body.optional_boolean("claim").value_or(false);
    if (contact && !opening.contact) {
        body.fault("contact", "There is no such contact.", "Sollicitation inconnue.");
    }
    if (const auto read = body.finish(); !read) return read.error();
    const auto asker = asker_of(request);
    return answer_in_detail(room, tx, asker, 201, incidents::open(room, tx, asker, opening));
}

Answer change_incident(Room& room, const api::Request& request, store::Transaction& tx,
                       std::int64_t number) {
    api::Body body(request.json());
    incidents::Change change;
    change.title = body.optional_text("title", {1, incidents::title_chars_max});
    const auto priority = body.optional_integer("priority", 1, 4);
    if (priority) change.priority = static_cast<int>(*priority);
    change.desk = body.optional_choice("desk", desk_words);
    change.version = request.if_match();
    if (const auto read = body.finish(); !read) return read.error();
    return answer(200, incidents::change(room, tx, asker_of(request), number, change));
}

Answer note_incident(Room& room, const api::Request& request, store::Transaction& tx,
                     std::int64_t number) {
    api::Body body(request.json());
    const std::string text = body.text("text");
    if (const auto read = body.finish(); !read) return read.error();
    const auto entry = incidents::note(room, tx, asker_of(request), number, text);
    if (!entry) return entry.error();
    return api::json_response(201, to_json(*entry));
}

Answer attach_alarm(Room& room, const api::Request& request, store::Transaction& tx,
                    std::int64_t number) {
    api::Body body(request.json());
    const std::string alarm = body.text("alarm", {1, 64});
    if (const auto read = body.finish(); !read) return read.error();
    const auto asker = asker_of(request);
    return answer_in_detail(room, tx, asker, 200,
                            incidents::attach_alarm(room, tx, asker, number, alarm));
}

Answer close_incident(Room& room, const api::Request& request, store::Transaction& tx,
                      std::int64_t number) {
    api::Body body(request.json());
    const std::string reason = body.choice(
        "reason", {"solved", "no_fault_found", "duplicate", "false_alarm", "handed_over"});
    const std::string text = body.optional_text("text").value_or("");
    if (const auto read = body.finish(); !read) return read.error();
    return answer(200, incidents::close(room, tx, asker_of(request), number, reason, text));
}

using Numbered =
    std::function<Answer(Room&, const api::Request&, store::Transaction&, std::int64_t)>;

// An effect on the incident whose number is in the path.
api::Effect on_incident(Room& room, Numbered effect) {
    return [&room, effect = std::move(effect)](const api::Request& request,
                                               store::Transaction& tx) -> Answer {
        const auto number = number_in_path(request, "number");
        return number ? effect(room, request, tx, *number) : Answer(unknown_incident());
    };
}

}  // namespace

void add_incident_routes(api::Router& router, Room& room) {
    const std::string service = "operations";
    router.get("/api/v1/desks", api::view(service), list_desks);
    router.get("/api/v1/incidents", api::view(service), list_incidents);
    router.post("/api/v1/incidents", api::operate(service),
                [&room](const api::Request& request, store::Transaction& tx) {
                    return open_incident(room, request, tx);
                });
    router.get("/api/v1/incidents/{number}", api::view(service),
               on_incident(room, [](Room& in, const api::Request& request, store::Transaction& tx,
                                    std::int64_t number) {
                   const auto asker = asker_of(request);
                   const auto seen = incidents::see(tx, asker, number);
                   auto found = answer_in_detail(in, tx, asker, 200, seen);
                   if (!found) return found;
                   api::set_version(*found, seen->version);
                   // The tag is for If-Match: the story goes on while the version stands.
                   found->headers.set("Cache-Control", "no-store");
                   return found;
               }));
    router.patch("/api/v1/incidents/{number}", api::operate(service),
                 on_incident(room, change_incident));
    router.post("/api/v1/incidents/{number}/claim", api::operate(service),
                on_incident(room, [](Room& in, const api::Request& request, store::Transaction& tx,
                                     std::int64_t number) {
                    return answer(200, incidents::claim(in, tx, asker_of(request), number));
                }));
    router.post("/api/v1/incidents/{number}/release", api::operate(service),
                on_incident(room, [](Room& in, const api::Request& request, store::Transaction& tx,
                                     std::int64_t number) {
                    return answer(200, incidents::release(in, tx, asker_of(request), number));
                }));
    router.post("/api/v1/incidents/{number}/notes", api::operate(service),
                on_incident(room, note_incident));
    router.post("/api/v1/incidents/{number}/alarms", api::operate(service),
                on_incident(room, attach_alarm));
    router.post("/api/v1/incidents/{number}/close", api::operate(service),
                on_incident(room, close_incident));
}

}  // namespace vigie::operations
