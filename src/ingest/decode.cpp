#include "vigie/ingest/decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "ingest/decode_plain.hpp"
#include "vigie/base/geometry.hpp"
#include "vigie/base/limits.hpp"
#include "vigie/base/text.hpp"

namespace vigie::ingest {

namespace {

using Json = nlohmann::json;
using assets::Property;
using assets::PropertyType;

constexpr std::size_t json_depth_max = 16;

std::unexpected<Refusal> refuse(Reason reason, std::string pointer, std::string en,
                                std::string fr) {
    return std::unexpected(Refusal{reason, std::move(pointer), {std::move(en), std::move(fr)}});
}

std::expected<Json, Refusal> parse_json(std::string_view payload) {
    bool too_deep = false;
    const auto guard = [&](int depth, Json::parse_event_t, Json&) {
        if (depth > static_cast<int>(json_depth_max)) too_deep = true;
        return !too_deep;
    };
    auto parsed = Json::parse(payload.begin(), payload.end(), guard, false);
    if (parsed.is_discarded() || too_deep) {
        return refuse(Reason::not_json, "", "the payload is not JSON",
                      "le contenu n'est pas du JSON");
    }
    return parsed;
}

std::expected<void, Refusal> put_number(const Property& property, const Json& value,
                                        const std::string& pointer, std::vector<double>& vals) {
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

std::expected<void, Refusal> put_code(const Property& property, const Json& value,
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

std::expected<void, Refusal> put_position(const Property& property, const Json& value,
                                          const std::string& pointer, std::vector<double>& vals) {
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

std::expected<void, Refusal> put_value(const Property& property, const Json& value,
                                       const std::string& pointer, std::vector<double>& vals) {
    switch (property.type) {
        case PropertyType::number:
            return put_number(property, value, pointer, vals);
        case PropertyType::code:
            return put_code(property, value, pointer, vals);
        case PropertyType::position:
            return put_position(property, value, pointer, vals);
        case PropertyType::boolean:
            break;
    }
    if (!value.is_boolean()) {
        return refuse(Reason::wrong_type, pointer, property.code + " is true or false",
                      property.code + " est true ou false");
    }
    vals[static_cast<std::size_t>(property.position)] = value.get<bool>() ? 1 : 0;
    return {};
}

std::expected<base::Instant, Refusal> read_time(const Json& t, const std::string& pointer) {
    constexpr std::int64_t ms_max = 7'258'118'400'000;  // 2200-01-01
    if (t.is_string()) {
        if (const auto instant = base::parse_rfc3339(t.get_ref<const std::string&>()))
            return *instant;
    } else if (t.is_number_integer()) {
        const auto ms = t.get<std::int64_t>();
        if (ms >= 0 && ms < ms_max) return base::from_epoch_ms(ms);
    }
    return refuse(Reason::bad_time, pointer,
                  "t is RFC 3339 with a zone, or milliseconds since 1970",
                  "t est en RFC 3339 avec fuseau, ou en millisecondes depuis 1970");
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

std::expected<void, Refusal> add_observation(const assets::Asset& asset, const Json& message,
                                             const std::string& pointer, const Arrival& arrival,
                                             bool names_asset, Decoded& decoded) {
    const auto shape = [&](const std::string& where, std::string en, std::string fr) {
        return refuse(Reason::wrong_shape, where, std::move(en), std::move(fr));
    };
    if (!message.is_object())
        return shape(pointer, "an observation is an object", "une mesure est un objet");
    const auto values = message.find("values");
    if (values == message.end() || !values->is_object() || values->empty()) {
        return shape(pointer + "/values", "values: an object with at least one value",
                     "values : un objet avec au moins une valeur");
    }
    for (const auto& [member, ignored] : message.items()) {
        if (member != "t" && member != "values" && !(names_asset && member == "asset")) {
            return shape(pointer + "/" + member, "not a member of an observation",
                         "n'est pas un membre d'une mesure");
        }
    }
    store::Frame frame;
    frame.asset_id = asset.id;
    frame.layout = asset.kind->layout;
    frame.received_at = frame.observed_at = arrival.received_at;
    if (const auto t = message.find("t"); t != message.end()) {
        const auto at = read_time(*t, pointer + "/t");
        if (!at) return std::unexpected(at.error());
        if (auto fits = check_time(*asset.kind, *at, arrival, pointer + "/t"); !fits) return fits;
        frame.observed_at = *at;
        frame.backfill = arrival.may_backfill && *at < arrival.received_at - asset.kind->late_limit;
    } else {
        // Several in one message must not fall on one instant.
        frame.observed_at += std::chrono::microseconds{decoded.without_time++};
    }
    frame.vals.assign(static_cast<std::size_t>(asset.kind->width),
                      std::numeric_limits<double>::quiet_NaN());
    std::size_t known = 0;
    for (const auto& [code, value] : values->items()) {
        const Property* property = asset.kind->property(code);
        if (property == nullptr || property->position < 0) {
            ++decoded.unknown_properties;
            continue;
        }
        if (value.is_null()) continue;  // said to be absent
        if (auto put = put_value(*property, value, pointer + "/values/" + code, frame.vals); !put)
            return put;
        ++known;
    }
    ++decoded.messages;
    decoded.values += known;
    if (known > 0) decoded.frames.push_back(std::move(frame));
    return {};
}

std::expected<void, Refusal> add_message(const assets::Catalogue& catalogue, const Sender& sender,
                                         const Json& message, const std::string& pointer,
                                         const Arrival& arrival, Decoded& decoded) {
    const auto named = message.is_object() ? message.find("asset") : message.end();
    if (!message.is_object() || named == message.end() || !named->is_string()) {
        return refuse(Reason::wrong_shape, pointer + "/asset", "each observation names its asset",
                      "chaque mesure nomme son équipement");
    }
    const assets::Asset* asset = catalogue.find(named->get_ref<const std::string&>());
    if (asset == nullptr || asset->life_stage == assets::LifeStage::removed) {
        return refuse(Reason::unknown_asset, pointer + "/asset", "there is no such asset",
                      "équipement inconnu");
    }
    if (!sender.may(asset->id)) {
        return refuse(Reason::not_yours, pointer + "/asset",
                      "the credential does not cover this asset",
                      "l'identifiant ne couvre pas cet équipement");
    }
    return add_observation(*asset, message, pointer, arrival, true, decoded);
}

std::unexpected<Refusal> too_many() {
    return refuse(Reason::too_many, "",
                  fmt::format("more than {} observations in one message",
                              base::limits::observations_per_message_max),
                  fmt::format("plus de {} mesures dans un message",
                              base::limits::observations_per_message_max));
}

// Calls `add(message, pointer)` for the one message or each of the array.
template <typename Add>
std::expected<void, Refusal> for_each_message(const Json& root, Add add) {
    if (!root.is_array()) return add(root, std::string{});
    if (root.empty()) return refuse(Reason::wrong_shape, "", "an empty array", "un tableau vide");
    if (root.size() > base::limits::observations_per_message_max) return too_many();
    for (std::size_t i = 0; i < root.size(); ++i) {
        if (auto added = add(root[i], "/" + std::to_string(i)); !added) return added;
    }
    return {};
}

}  // namespace

std::string_view to_string(Reason reason) {
    switch (reason) {
        case Reason::not_json:
            return "not_json";
        case Reason::wrong_shape:
            return "wrong_shape";
        case Reason::too_many:
            return "too_many";
        case Reason::unknown_topic:
            return "unknown_topic";
        case Reason::unknown_asset:
            return "unknown_asset";
        case Reason::not_yours:
            return "not_yours";
        case Reason::wrong_type:
            return "wrong_type";
        case Reason::out_of_range:
            return "out_of_range";
        case Reason::unknown_code:
            return "unknown_code";
        case Reason::bad_time:
            return "bad_time";
        case Reason::time_ahead:
            return "time_ahead";
        case Reason::too_old:
            return "too_old";
    }
    return "unknown";
}

std::expected<Decoded, Refusal> decode_for_asset(const assets::Asset& asset,
                                                 std::string_view payload, const Arrival& arrival) {
    if (auto plain = decode_plain(asset, payload, arrival)) return *std::move(plain);
    return decode_in_full(asset, payload, arrival);
}

std::expected<Decoded, Refusal> decode_in_full(const assets::Asset& asset, std::string_view payload,
                                               const Arrival& arrival) {
    const auto root = parse_json(payload);
    if (!root) return std::unexpected(root.error());
    Decoded decoded;
    auto all = for_each_message(*root, [&](const Json& message, const std::string& pointer) {
        return add_observation(asset, message, pointer, arrival, false, decoded);
    });
    if (!all) return std::unexpected(std::move(all).error());
    return decoded;
}

std::expected<Decoded, Refusal> decode_messages(const assets::Catalogue& catalogue,
                                                const Sender& sender, std::string_view payload,
                                                bool ndjson, const Arrival& arrival) {
    Decoded decoded;
    const auto add = [&](const Json& message, const std::string& pointer) {
        return add_message(catalogue, sender, message, pointer, arrival, decoded);
    };
    if (!ndjson) {
        const auto root = parse_json(payload);
        if (!root) return std::unexpected(root.error());
        if (auto all = for_each_message(*root, add); !all)
            return std::unexpected(std::move(all).error());
        return decoded;
    }
    std::size_t number = 0;
    for (const auto line : base::split(payload, '\n')) {
        const std::string pointer = "/" + std::to_string(number++);
        if (base::trimmed(line).empty()) continue;
        if (decoded.messages == base::limits::observations_per_message_max) return too_many();
        auto message = parse_json(line);
        if (!message) {
            message.error().pointer = pointer;
            return std::unexpected(std::move(message).error());
        }
        if (auto added = add(*message, pointer); !added)
            return std::unexpected(std::move(added).error());
    }
    if (decoded.messages == 0)
        return refuse(Reason::wrong_shape, "", "no observation", "aucune mesure");
    return decoded;
}

std::string_view asset_of_topic(std::string_view topic) {
    constexpr std::string_view prefix = "vigie/v1/";
    constexpr std::string_view suffix = "/observations";
    if (!topic.starts_with(prefix) || !topic.ends_with(suffix)) return {};
    if (topic.size() <= prefix.size() + suffix.size()) return {};
    const auto asset = topic.substr(prefix.size(), topic.size() - prefix.size() - suffix.size());
    return asset.find('/') == std::string_view::npos ? asset : std::string_view{};
}

}  // namespace vigie::ingest
