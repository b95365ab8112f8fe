#include "ingest/decode_parts.hpp"

#include "ingest/decode_plain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "vigie/base/geometry.hpp"
#include "vigie/base/json_depth.hpp"
#include "vigie/base/limits.hpp"
#include "vigie/base/text.hpp"

namespace vigie::ingest {

namespace {

constexpr std::size_t json_depth_max = 16;
constexpr std::size_t pointer_step_bytes_max = 100;

std::expected<void, Refusal> put_number(const assets::Property& property,
                                        const nlohmann::json& value, const std::string& pointer,
                                        std::vector<double>& vals) {
    if (!value.is_number()) {
        return refuse(Reason::wrong_type, pointer, property.code + " is a number",
                      property.code + " est un nombre");
    }
    const double number = value.get<double>();
    const bool too_low = property.min && number < *property.min;
    const bool too_high = property.max && number > *property.max;
    if (!std::isfinite(number) || too_low || too_high) {
        const std::string range =
            fmt::format("{}..{} {}", property.min ? fmt::format("{}", *property.min) : "",
                        property.max ? fmt::format("{}", *property.max) : "", property.unit);
        return refuse(Reason::out_of_range, pointer, fmt::format("{} is outside {}", number, range),
                      fmt::format("{} sort de {}", number, range));
    }
    vals[static_cast<std::size_t>(property.position)] = number;
    return {};
}

std::expected<void, Refusal> put_code(const assets::Property& property, const nlohmann::json& value,
                                      const std::string& pointer, std::vector<double>& vals) {
    if (!value.is_string()) {
        return refuse(Reason::wrong_type, pointer, property.code + " is a code: a text",
                      property.code + " est un code : un texte");
    }
    const auto& code = value.get_ref<const std::string&>();
    const auto found = std::ranges::find(property.codes, code);
    if (found == property.codes.end() || code.empty()) {
        return refuse(Reason::unknown_code, pointer, "not a code of " + property.code,
                      "code inconnu de " + property.code);
    }
    vals[static_cast<std::size_t>(property.position)] =
        static_cast<double>(found - property.codes.begin());
    return {};
}

std::expected<void, Refusal> put_position(const assets::Property& property,
                                          const nlohmann::json& value, const std::string& pointer,
                                          std::vector<double>& vals) {
    if (!value.is_array() || value.size() != 2 || !value[0].is_number() || !value[1].is_number()) {
        return refuse(Reason::wrong_type, pointer, property.code + " is [longitude, latitude]",
                      property.code + " est [longitude, latitude]");
    }
    const base::LonLat place{value[0].get<double>(), value[1].get<double>()};
    if (!base::valid(place)) {
        return refuse(Reason::out_of_range, pointer, "not a position on Earth",
                      "ce n'est pas une position sur Terre");
    }
    const auto at = static_cast<std::size_t>(property.position);
    vals[at] = place.lon;
    vals[at + 1] = place.lat;
    return {};
}

}  // namespace

std::unexpected<Refusal> refuse(Reason reason, std::string pointer, std::string en,
                                std::string fr) {
    return std::unexpected(Refusal{reason, std::move(pointer), {std::move(en), std::move(fr)}});
}

std::expected<nlohmann::json, Refusal> parse_payload(std::string_view payload) {
    if (base::nests_deeper_than(payload, json_depth_max)) {
        return refuse(Reason::not_json, "", "the payload is nested too deeply",
                      "le contenu est trop imbriqué");
    }
    auto parsed = nlohmann::json::parse(payload.begin(), payload.end(), nullptr, false);
    if (parsed.is_discarded()) {
        return refuse(Reason::not_json, "", "the payload is not JSON",
                      "le contenu n'est pas du JSON");
    }
    return parsed;
}

std::unexpected<Refusal> too_many() {
    return refuse(Reason::too_many, "",
                  fmt::format("more than {} observations in one message",
                              base::limits::observations_per_message_max),
                  fmt::format("plus de {} mesures dans un message",
                              base::limits::observations_per_message_max));
}

std::string pointer_step(std::string_view member) {
    std::string step = "/";
    for (const char c : member.substr(0, pointer_step_bytes_max)) {
        if (c == '~') {
            step += "~0";
        } else if (c == '/') {
            step += "~1";
        } else {
            // Kept in the database, which stores no NUL, and shown in a log.
            step += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
        }
    }
    while (!base::is_utf8(step))
        step.pop_back();
    return step;
}

void set_aside(Decoded& decoded, const assets::Asset& asset, std::string_view property) {
    ++decoded.unknown_properties;
    UnknownProperty what{asset.code, std::string(property.substr(0, unknown_name_bytes_max))};
    while (!base::is_utf8(what.property))
        what.property.pop_back();
    if (const auto known = decoded.unknown.find(what); known != decoded.unknown.end()) {
        ++known->second;
    } else if (decoded.unknown.size() < unknown_names_per_message_max) {
        decoded.unknown.emplace(std::move(what), 1);
    }
}

std::expected<void, Refusal> put_value(const assets::Property& property,
                                       const nlohmann::json& value, const std::string& pointer,
                                       std::vector<double>& vals) {
    switch (property.type) {
        case assets::PropertyType::number:
            return put_number(property, value, pointer, vals);
        case assets::PropertyType::code:
            return put_code(property, value, pointer, vals);
        case assets::PropertyType::position:
            return put_position(property, value, pointer, vals);
        case assets::PropertyType::boolean:
            break;
    }
    if (!value.is_boolean()) {
        return refuse(Reason::wrong_type, pointer, property.code + " is true or false",
                      property.code + " est true ou false");
    }
    vals[static_cast<std::size_t>(property.position)] = value.get<bool>() ? 1 : 0;
    return {};
}

std::expected<void, Refusal> check_time(const assets::Kind& kind, base::Instant at,
                                        const Arrival& arrival, const std::string& pointer) {
    if (is_ahead(at, arrival)) {
        return refuse(
            Reason::time_ahead, pointer,
            "t is ahead of our clock (" + base::to_rfc3339(arrival.received_at) + ")",
            "t est en avance sur notre horloge (" + base::to_rfc3339(arrival.received_at) + ")");
    }
    if (is_too_old(kind, at, arrival)) {
        return refuse(Reason::too_old, pointer, "t is older than this credential may send",
                      "t est plus ancien que ce que cet identifiant peut envoyer");
    }
    return {};
}

store::Frame empty_frame(const assets::Asset& asset, base::Instant observed_at,
                         const Arrival& arrival) {
    store::Frame frame;
    frame.asset_id = asset.id;
    frame.layout = asset.kind->layout;
    frame.received_at = arrival.received_at;
    frame.observed_at = observed_at;
    frame.backfill =
        arrival.may_backfill && observed_at < arrival.received_at - asset.kind->late_limit;
    frame.vals.assign(static_cast<std::size_t>(asset.kind->width),
                      std::numeric_limits<double>::quiet_NaN());
    return frame;
}

}  // namespace vigie::ingest
