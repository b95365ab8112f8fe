#include "vigie/ingest/decode.hpp"

#include "ingest/decode_parts.hpp"
#include "ingest/decode_plain.hpp"
#include "vigie/base/limits.hpp"
#include "vigie/base/text.hpp"

namespace vigie::ingest {

std::expected<base::Instant, Refusal> read_time(const nlohmann::json& t,
                                                const std::string& pointer) {
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

namespace {

std::expected<void, Refusal> add_observation(const assets::Asset& asset,
                                             const nlohmann::json& message,
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
            return shape(pointer + pointer_step(member), "not a member of an observation",
                         "n'est pas un membre d'une mesure");
        }
    }
    base::Instant observed_at = arrival.said_at();
    const auto t = message.find("t");
    if (t != message.end()) {
        const auto at = read_time(*t, pointer + "/t");
        if (!at) return std::unexpected(at.error());
        if (auto fits = check_time(*asset.kind, *at, arrival, pointer + "/t"); !fits) return fits;
        observed_at = *at;
    } else {
        // Several in one message must not fall on one instant.
        observed_at += std::chrono::microseconds{decoded.without_time++};
    }
    store::Frame frame = empty_frame(asset, observed_at, arrival);
    frame.stamped = t == message.end();
    std::size_t known = 0;
    for (const auto& [code, value] : values->items()) {
        const assets::Property* property = asset.kind->property(code);
        if (property == nullptr || property->position < 0) {
            set_aside(decoded, asset, code);
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
                                         const nlohmann::json& message, const std::string& pointer,
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

// Calls `add(message, pointer)` for the one message or each of the array.
template <typename Add>
std::expected<void, Refusal> for_each_message(const nlohmann::json& root, Add add) {
    if (!root.is_array()) return add(root, std::string{});
    if (root.empty()) return refuse(Reason::wrong_shape, "", "an empty array", "un tableau vide");
    if (root.size() > base::limits::observations_per_message_max) return too_many();
    for (std::size_t i = 0; i < root.size(); ++i) {
        if (auto added = add(root[i], "/" + std::to_string(i)); !added) return added;
    }
    return {};
}

// One a line; empty lines count for the pointer only.
template <typename Add>
std::expected<void, Refusal> for_each_line(std::string_view payload, Add add,
                                           const Decoded& decoded) {
    std::size_t number = 0;
    for (const auto line : base::split(payload, '\n')) {
        const std::string pointer = "/" + std::to_string(number++);
        if (base::trimmed(line).empty()) continue;
        if (decoded.messages == base::limits::observations_per_message_max) return too_many();
        auto message = parse_payload(line);
        if (!message) {
            message.error().pointer = pointer;
            return std::unexpected(std::move(message).error());
        }
        if (auto added = add(*message, pointer); !added) return added;
    }
    if (decoded.messages == 0)
        return refuse(Reason::wrong_shape, "", "no observation", "aucune mesure");
    return {};
}

// What is no JSON as a whole, but begins with a line that is an object.
bool looks_like_lines(std::string_view payload) {
    const auto text = base::trimmed(payload);
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return false;
    const auto first = parse_payload(text.substr(0, end));
    return first && first->is_object();
}

template <typename Add>
std::expected<Decoded, Refusal> decode_any(std::string_view payload, Format format,
                                           const SenmlScope& scope, const Arrival& arrival, Add add,
                                           Decoded& decoded) {
    std::expected<void, Refusal> all;
    if (format == Format::ndjson) {
        all = for_each_line(payload, add, decoded);
    } else if (const auto root = parse_payload(payload); !root) {
        if (format != Format::by_shape || !looks_like_lines(payload))
            return std::unexpected(root.error());
        all = for_each_line(payload, add, decoded);
    } else if (format == Format::senml || (format == Format::by_shape && looks_like_senml(*root))) {
        return decode_senml(*root, scope, arrival);
    } else {
        all = for_each_message(*root, add);
    }
    if (!all) return std::unexpected(std::move(all).error());
    return std::move(decoded);
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
        case Reason::unknown_command:
            return "unknown_command";
        case Reason::not_sent:
            return "not_sent";
        case Reason::contradiction:
            return "contradiction";
    }
    return "unknown";
}

std::expected<Decoded, Refusal> decode_for_asset(const assets::Catalogue& catalogue,
                                                 const assets::Asset& asset,
                                                 std::string_view payload, Format format,
                                                 const Arrival& arrival) {
    if (format == Format::json || format == Format::by_shape) {
        if (auto plain = decode_plain(asset, payload, arrival)) return *std::move(plain);
    }
    Decoded decoded;
    const auto add = [&](const nlohmann::json& message, const std::string& pointer) {
        return add_observation(asset, message, pointer, arrival, false, decoded);
    };
    return decode_any(payload, format, {catalogue, nullptr, &asset}, arrival, add, decoded);
}

std::expected<Decoded, Refusal> decode_in_full(const assets::Asset& asset, std::string_view payload,
                                               const Arrival& arrival) {
    Decoded decoded;
    const auto root = parse_payload(payload);
    if (!root) return std::unexpected(root.error());
    auto all =
        for_each_message(*root, [&](const nlohmann::json& message, const std::string& pointer) {
            return add_observation(asset, message, pointer, arrival, false, decoded);
        });
    if (!all) return std::unexpected(std::move(all).error());
    return decoded;
}

std::expected<Decoded, Refusal> decode_messages(const assets::Catalogue& catalogue,
                                                const Sender& sender, std::string_view payload,
                                                Format format, const Arrival& arrival) {
    Decoded decoded;
    const auto add = [&](const nlohmann::json& message, const std::string& pointer) {
        return add_message(catalogue, sender, message, pointer, arrival, decoded);
    };
    return decode_any(payload, format, {catalogue, &sender, nullptr}, arrival, add, decoded);
}

std::optional<Format> format_of(std::string_view media_type) {
    const auto type = base::trimmed(media_type.substr(0, media_type.find(';')));
    if (type == "application/json") return Format::json;
    if (type == "application/x-ndjson") return Format::ndjson;
    if (type == "application/senml+json") return Format::senml;
    return std::nullopt;
}

std::string_view asset_of_topic(std::string_view topic, std::string_view what) {
    constexpr std::string_view prefix = "vigie/v1/";
    if (!topic.starts_with(prefix)) return {};
    topic.remove_prefix(prefix.size());
    const auto slash = topic.find('/');
    if (slash == std::string_view::npos || topic.substr(slash + 1) != what) return {};
    return topic.substr(0, slash);
}

}  // namespace vigie::ingest
