#include <nlohmann/json.hpp>

#include "operations/codec.hpp"
#include "operations/crews.hpp"
#include "operations/interventions.hpp"
#include "operations/reach.hpp"
#include "operations/routes.hpp"
#include "vigie/api/body.hpp"
#include "vigie/api/paging.hpp"
#include "vigie/base/text.hpp"

namespace vigie::operations {

namespace {

using api::Answer;
using nlohmann::json;

Answer answer_intervention(store::Transaction& tx, const incidents::Asker& asker, unsigned status,
                           const base::Result<Intervention>& intervention) {
    if (!intervention) return intervention.error();
    json object = seen_json(asker, *intervention);
    object["transitions"] = json::array();
    for (const Transition& step : intervention_store::transitions(tx, intervention->id)) {
        object["transitions"].push_back(to_json(step));
    }
    return api::json_response(status, object);
}

Answer list_interventions(const api::Request& request, store::Transaction& tx) {
    const auto limit = request.limit();
    if (!limit) return limit.error();
    const auto after = api::read_cursor<std::int64_t, base::Instant, std::int64_t>(request);
    if (!after) return after.error();
    const auto open = open_in_query(request);
    if (!open) return open.error();
    const auto asker = asker_of(request);
    intervention_store::Filter filter;
    filter.crew = request.query("crew");
    filter.open = *open;
    api::Page page(*limit);
    if (is_crew_member(asker.actor)) {
        const bool another = filter.crew && *filter.crew != asker.actor.crew;
        if (another || asker.actor.crew.empty()) return page.response();
        filter.crew = asker.actor.crew;
    } else {
        filter.reach = communes_of(asker.actor, access::Level::view, "interventions", asker.now);
    }
    for (const Intervention& row : intervention_store::page(tx, filter, *after, *limit + 1)) {
        const auto cursor = api::make_cursor(std::int64_t{row.priority}, row.created_at, row.id);
        if (!page.add(seen_json(asker, row), cursor)) break;
    }
    return page.response();
}

Answer dispatch_crew(Room& room, const api::Request& request, store::Transaction& tx) {
    const auto number = number_in_path(request, "number");
    if (!number) return unknown_incident();
    api::Body body(request.json());
    interventions::Dispatch dispatch;
    dispatch.crew = body.code("crew");
    dispatch.asset = body.optional_code("asset");
    dispatch.description = body.optional_text("description").value_or("");
    if (const auto read = body.finish(); !read) return read.error();
    const auto asker = asker_of(request);
    return answer_intervention(tx, asker, 201,
                               interventions::dispatch(room, tx, asker, *number, dispatch));
}

std::optional<State> read_state(api::Body& body, std::string_view name) {
    const std::string text = body.text(name, {1, 32});
    const auto state = state_from(text);
    if (!state && !body.faulty()) {
        body.fault(name, "There is no such state.", "Cet état n'existe pas.");
    }
    return state;
}

Answer move_intervention(Room& room, const api::Request& request, store::Transaction& tx) {
    const auto id = number_in_path(request, "id");
    if (!id) return unknown_intervention();
    api::Body body(request.json());
    Move move;
    move.to = read_state(body, "to").value_or(State::assigned);
    move.at = body.instant("at");
    move.reason = body.optional_text("reason", {0, 32}).value_or("");
    move.note = body.optional_text("note").value_or("");
    move.position = body.optional_position("position");
    if (const auto read = body.finish(); !read) return read.error();
    const auto asker = asker_of(request);
    return answer_intervention(tx, asker, 200, interventions::move(room, tx, asker, *id, move));
}

Answer list_crews(Room& room, const api::Request& request, store::Transaction& tx) {
    json rows = json::array();
    for (const Crew& crew : crews::seen_by(room, tx, request.actor)) {
        rows.push_back(to_json(crew, request.now));
    }
    return api::json_response(200, {{"rows", std::move(rows)}});
}

Answer add_crew(Room& room, const api::Request& request, store::Transaction& tx) {
    api::Body body(request.json());
    Crew crew;
    crew.code = body.code("code");
    crew.name = body.text("name", {1, 200});
    crew.employer = body.optional_text("employer", {0, 200}).value_or("");
    if (body.has("skills")) crew.skills = body.texts("skills", 50, {1, 64});
    crew.vehicle = body.optional_code("vehicle").value_or("");
    if (const auto read = body.finish(); !read) return read.error();
    const auto added = crews::add(room, tx, asker_of(request), crew);
    if (!added) return added.error();
    return api::json_response(201, to_json(*added, request.now));
}

Answer place_crew(Room& room, const api::Request& request, store::Transaction& tx) {
    api::Body body(request.json());
    const base::Instant at = body.instant("at");
    const base::LonLat position = body.position("position");
    if (const auto read = body.finish(); !read) return read.error();
    const auto crew =
        crews::place(room, tx, asker_of(request), request.path_value("code"), position, at);
    if (!crew) return crew.error();
    return api::json_response(200, to_json(*crew, request.now));
}

Answer propose_crews(Room& room, const api::Request& request, store::Transaction& tx) {
    const auto number = number_in_path(request, "number");
    if (!number) return unknown_incident();
    const auto proposed = crews::propose(room, tx, asker_of(request), *number);
    if (!proposed) return proposed.error();
    return api::json_response(200, to_json(proposed->choice, proposed->crews, request.now));
}

using InRoom = Answer (*)(Room&, const api::Request&, store::Transaction&);

api::Effect in_room(Room& room, InRoom work) {
    return [&room, work](const api::Request& request, store::Transaction& tx) {
        return work(room, request, tx);
    };
}

}  // namespace

void add_field_routes(api::Router& router, Room& room) {
    router.get("/api/v1/interventions", api::view("interventions"), list_interventions);
    router.get("/api/v1/interventions/{id}", api::view("interventions"),
               [](const api::Request& request, store::Transaction& tx) -> Answer {
                   const auto id = number_in_path(request, "id");
                   if (!id) return unknown_intervention();
                   const auto asker = asker_of(request);
                   return answer_intervention(tx, asker, 200, interventions::see(tx, asker, *id));
               });
    router.post("/api/v1/interventions/{id}/transitions", api::operate("interventions"),
                in_room(room, move_intervention));
    router.get("/api/v1/incidents/{number}/crew_proposals", api::view("operations"),
               in_room(room, propose_crews));
    router.post("/api/v1/incidents/{number}/interventions", api::operate("operations"),
                in_room(room, dispatch_crew));
    router.get("/api/v1/crews", api::view("interventions"), in_room(room, list_crews));
    router.post("/api/v1/crews", api::manage("interventions"), in_room(room, add_crew));
    router.put("/api/v1/crews/{code}/position", api::operate("interventions"),
               in_room(room, place_crew));
}

// City IT makes crews when it sets the room up.
void add_crew_admin_routes(api::Router& router, Room& room) {
    router.get("/admin/v1/crews", api::view("interventions"), in_room(room, list_crews));
    router.post("/admin/v1/crews", api::manage("interventions"), in_room(room, add_crew));
}

}  // namespace vigie::operations
