#include "control/codec.hpp"

#include <nlohmann/json.hpp>

namespace vigie::control {

namespace {

using nlohmann::json;

constexpr int kept_version = 1;

void put(json& object, const char* name, const std::string& text) {
    if (!text.empty()) object[name] = text;
}

}  // namespace

json to_json(const Command& command, const assets::Catalogue& catalogue) {
    const assets::Asset* asset = catalogue.find(command.asset);
    json object{{"id", std::to_string(command.id)},
                {"asset", asset ? asset->code : std::to_string(command.asset)},
                {"name", command.name},
                {"params", json::parse(command.parameters)},
                {"state", to_string(command.state)},
                {"state_since", base::to_rfc3339(command.state_since)},
                {"requested_at", base::to_rfc3339(command.requested_at)},
                {"requested_by", command.requested_by},
                {"expires_at", base::to_rfc3339(command.expires_at)},
                {"version", command.version}};
    put(object, "requested_by_name", command.requested_by_name);
    put(object, "cause", command.cause);
    put(object, "detail", command.detail);
    const assets::Command* known = asset ? asset->kind->command(command.name) : nullptr;
    if (known) object["label"] = {{"en", known->name.en}, {"fr", known->name.fr}};
    if (command.late) {
        object["late_result"] = {{"status", to_string(command.late->status)},
                                 {"at", base::to_rfc3339(command.late->at)}};
        put(object["late_result"], "detail", command.late->detail);
    }
    return object;
}

json to_json(const Transition& transition) {
    json object{{"from", transition.from ? json(to_string(*transition.from)) : json("")},
                {"to", to_string(transition.to)},
                {"author", transition.author},
                {"at", base::to_rfc3339(transition.at)},
                {"recorded_at", base::to_rfc3339(transition.recorded_at)}};
    put(object, "author_name", transition.author_name);
    put(object, "cause", transition.cause);
    put(object, "detail", transition.detail);
    return object;
}

std::string payload_of(const Command& command) {
    return json{{"id", std::to_string(command.id)},
                {"name", command.name},
                {"params", json::parse(command.parameters)},
                {"expires_at", base::to_rfc3339(command.expires_at)}}
        .dump();
}

std::string encode_result(const ingest::CommandResult& result) {
    return json{
        {"version", kept_version},         {"asset", result.asset},
        {"command", result.command},       {"status", to_string(result.message.status)},
        {"detail", result.message.detail}, {"at", base::epoch_us(result.message.at)},
        {"credential", result.credential}, {"received_at", base::epoch_us(result.received_at)},
        {"topic", result.topic},           {"payload", result.payload}}
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<ingest::CommandResult> decode_kept(std::string_view text) {
    try {
        const auto row = json::parse(text);
        if (row.at("version").get<int>() != kept_version) return std::nullopt;
        const auto status = ingest::result_status_from(row.at("status").get<std::string>());
        if (!status) return std::nullopt;
        return ingest::CommandResult{
            .asset = row.at("asset").get<assets::AssetId>(),
            .command = row.at("command").get<std::int64_t>(),
            .message = {*status, row.at("detail").get<std::string>(),
                        base::from_epoch_us(row.at("at").get<std::int64_t>())},
            .credential = row.at("credential").get<std::string>(),
            .received_at = base::from_epoch_us(row.at("received_at").get<std::int64_t>()),
            .topic = row.at("topic").get<std::string>(),
            .payload = row.at("payload").get<std::string>()};
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

}  // namespace vigie::control
