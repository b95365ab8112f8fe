#include "control/routes.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/codec.hpp"
#include "control/orders.hpp"
#include "control/store_commands.hpp"
#include "vigie/api/body.hpp"
#include "vigie/api/paging.hpp"
#include "vigie/base/text.hpp"

namespace vigie::control {

namespace {

using api::Answer;
using nlohmann::json;

// What a console that subscribes sees of the past, so that it need not wonder how one ended.
constexpr std::chrono::minutes ended_shown_for{15};
constexpr std::size_t snapshot_rows_max = 10'000;

orders::Asker asker_of(const api::Request& request) {
    return {request.actor, request.now};
}

void read_code(api::Body& params, const assets::Parameter& parameter) {
    const auto code = params.optional_text(parameter.code, {1, 64});
    if (!code || std::ranges::find(parameter.codes, *code) != parameter.codes.end()) return;
    params.fault(parameter.code, "It is not one of this parameter's codes.",
                 "Ce n'est pas un code de ce paramètre.");
}

void read_parameter(api::Body& params, const assets::Parameter& parameter, json& into) {
    switch (parameter.type) {
        case assets::ParameterType::number:
            (void)params.optional_number(parameter.code, *parameter.min, *parameter.max);
            break;
        case assets::ParameterType::boolean:
            (void)params.optional_boolean(parameter.code);
            break;
        case assets::ParameterType::code:
            read_code(params, parameter);
            break;
    }
    const json* given = params.raw(parameter.code);
    if (given != nullptr && !given->is_null()) {
        into[parameter.code] = *given;  // a whole number stays one
    } else if (parameter.required) {
        params.fault(parameter.code, "It is missing.", "Il manque.");
    }
}

json read_parameters(api::Body& body, const assets::Command& command) {
    json parameters = json::object();
    const auto read = [&](api::Body& params) {
        for (const auto& parameter : command.parameters)
            read_parameter(params, parameter, parameters);
    };
    if (std::ranges::any_of(command.parameters, &assets::Parameter::required)) {
        body.object("params", read);
    } else {
        body.optional_object("params", read);
    }
    return parameters;
}

base::Result<orders::Wish> read_wish(const json& root, const assets::Kind& kind) {
    api::Body body(root);
    orders::Wish wish;
    const std::string name = body.text("name", {1, 64});
    wish.command = kind.command(name);
    if (wish.command == nullptr) {
        if (!body.faulty()) {
            body.fault("name", "This kind of asset knows no such command.",
                       "Ce type d'équipement ne connaît pas cette commande.");
        }
        // They cannot be judged.
        (void)body.raw("params");
        (void)body.raw("expires_s");
        return body.finish().error();
    }
    wish.parameters = read_parameters(body, *wish.command).dump();
    const auto expires = body.optional_integer("expires_s", 1, wish.command->expires_max.count());
    wish.expires = expires ? std::chrono::seconds{*expires} : wish.command->expires;
    if (const auto read = body.finish(); !read) return read.error();
    return wish;
}

wire::Response answer(const Room& room, unsigned status, const Command& command) {
    auto response = api::json_response(status, to_json(command, *room.registry.current()));
    api::set_version(response, command.version);
    return response;
}

Answer request_command(Room& room, const api::Request& request, store::Transaction& tx) {
    const auto catalogue = room.registry.current();
    const auto asset = orders::reach(*catalogue, request.path_value("code"), asker_of(request),
                                     access::Level::operate);
    if (!asset) return asset.error();
    const auto wish = read_wish(request.json(), *(*asset)->kind);
    if (!wish) return wish.error();
    const auto made = orders::request(room, tx, asker_of(request), **asset, *wish);
    if (!made) return made.error();
    request.note("command", made->id);
    request.note("name", made->name);
    request.note("params", json::parse(made->parameters));
    return answer(room, 201, *made);
}

Answer list_commands(Room& room, const api::Request& request, store::Transaction& tx) {
    const auto catalogue = room.registry.current();
    const auto asset = orders::reach(*catalogue, request.path_value("code"), asker_of(request),
                                     access::Level::view);
    if (!asset) return asset.error();
    const auto limit = request.limit();
    if (!limit) return limit.error();
    const auto before = api::read_cursor<std::int64_t>(request);
    if (!before) return before.error();
    std::optional<bool> open;
    if (const auto asked = request.query("open")) {
        if (*asked != "true" && *asked != "false") {
            return base::fail_at(base::Errc::invalid, "open", "It must be true or false.",
                                 "Ce doit être true ou false.");
        }
        open = *asked == "true";
    }
    std::optional<std::int64_t> id;
    if (*before) id = std::get<0>(**before);
    api::Page page(*limit);
    for (const auto& row : command_store::page(tx, (*asset)->id, open, id, *limit + 1)) {
        if (!page.add(to_json(row, *catalogue), api::make_cursor(row.id))) break;
    }
    return page.response();
}

// No id of ours: there is no such command.
std::int64_t id_in_path(const api::Request& request) {
    return base::parse_int(request.path_value("id")).value_or(0);
}

Answer show_command(Room& room, const api::Request& request, store::Transaction& tx) {
    const auto command = orders::see(room, tx, asker_of(request), id_in_path(request));
    if (!command) return command.error();
    json object = to_json(*command, *room.registry.current());
    object["transitions"] = json::array();
    for (const auto& step : command_store::transitions(tx, command->id))
        object["transitions"].push_back(to_json(step));
    auto response = api::json_response(200, object);
    api::set_version(response, command->version);
    return response;
}

Answer cancel_command(Room& room, const api::Request& request, store::Transaction& tx) {
    api::Body body(request.json());
    const auto reason = body.optional_text("reason").value_or("");
    if (const auto read = body.finish(); !read) return read.error();
    const auto command = orders::cancel(room, tx, asker_of(request), id_in_path(request), reason);
    if (!command) return command.error();
    return answer(room, 200, *command);
}

using InRoom = Answer (*)(Room&, const api::Request&, store::Transaction&);

api::Effect in_room(Room& room, InRoom work) {
    return [&room, work](const api::Request& request, store::Transaction& tx) {
        return work(room, request, tx);
    };
}

bool fits(const std::string& wanted, const std::string& have) {
    return wanted.empty() || wanted == have;
}

std::string snapshot_rows(const Room& room, store::Transaction& tx,
                          const access::Principal& principal, const live::StreamFilter& filter) {
    const auto catalogue = room.registry.current();
    const auto now = room.clock.now();
    json rows = json::array();
    // No command belongs to a desk or a crew.
    if (!filter.desk.empty() || !filter.crew.empty()) return rows.dump();
    for (const auto& command :
         command_store::recent(tx, now - ended_shown_for, snapshot_rows_max)) {
        const auto* asset = catalogue->find(command.asset);
        if (asset == nullptr || !fits(filter.asset, asset->code)) continue;
        if (!fits(filter.kind, asset->kind->code) || !fits(filter.commune, asset->commune))
            continue;
        if (!principal.may(access::Level::view, "control", now, asset->commune)) continue;
        rows.push_back(to_json(command, *catalogue));
    }
    return rows.dump();
}

}  // namespace

void add_command_routes(api::Router& router, Room& room) {
    router.get("/api/v1/assets/{code}/commands", api::view("control"),
               in_room(room, list_commands));
    router.post("/api/v1/assets/{code}/commands", api::operate("control"),
                in_room(room, request_command));
    router.get("/api/v1/commands/{id}", api::view("control"), in_room(room, show_command));
    router.post("/api/v1/commands/{id}/cancel", api::operate("control"),
                in_room(room, cancel_command));
}

void add_topic(Room& room, store::Pool& pool) {
    live::Stream::Topic topic;
    topic.name = "commands";
    topic.service = "control";
    topic.snapshot = [&room, &pool](
                         access::Principal principal,
                         live::StreamFilter filter) -> boost::asio::awaitable<std::string> {
        auto work = [&room, principal = std::move(principal),
                     filter = std::move(filter)](store::Transaction& tx) {
            return snapshot_rows(room, tx, principal, filter);
        };
        co_return co_await pool.read(std::move(work));
    };
    room.stream.add_topic(std::move(topic));
}

}  // namespace vigie::control
