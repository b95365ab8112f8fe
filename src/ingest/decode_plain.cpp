#include "ingest/decode_plain.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "vigie/base/geometry.hpp"
#include "vigie/base/limits.hpp"

namespace vigie::ingest {

namespace {

namespace od = simdjson::ondemand;
using assets::Property;
using assets::PropertyType;

constexpr std::size_t plain_payload_bytes_max = 4'096;
constexpr std::int64_t plain_ms_max = 7'258'118'400'000;  // 2200-01-01

// The parser reads some bytes beyond the end: the payload is copied to where there are such.
struct Scratch {
    od::parser parser;
    char bytes[plain_payload_bytes_max + simdjson::SIMDJSON_PADDING]{};
};

// Beyond this many characters simdjson 3.0 gets some numbers wrong (0.30000000000000000000004), and
// an integer -0 is no negative zero to the full decoder: both are left to it.
constexpr std::size_t plain_number_chars_max = 18;

std::optional<double> read_number(od::value& value) {
    double number = 0;
    const std::string_view token = value.raw_json_token();
    const auto chars = token.find_last_not_of(" \t\r\n") + 1;
    if (chars > plain_number_chars_max) return {};
    if (value.get_double().get(number) != simdjson::SUCCESS || !std::isfinite(number)) return {};
    if (number == 0 && std::signbit(number)) return {};
    return number;
}

std::optional<double> plain_number(const Property& property, od::value& value) {
    const auto number = read_number(value);
    if (!number) return {};
    if ((property.min && *number < *property.min) || (property.max && *number > *property.max))
        return {};
    return number;
}

std::optional<double> plain_code(const Property& property, od::value& value) {
    std::string_view code;
    if (value.get_string().get(code) != simdjson::SUCCESS || code.empty()) return {};
    const auto found = std::ranges::find(property.codes, code);
    if (found == property.codes.end()) return {};
    return static_cast<double>(found - property.codes.begin());
}

bool put_plain_place(od::value& value, double* at) {
    od::array pair;
    if (value.get_array().get(pair) != simdjson::SUCCESS) return false;
    double lon_lat[2]{};
    std::size_t count = 0;
    for (auto element : pair) {
        od::value part;
        if (count == 2 || std::move(element).get(part) != simdjson::SUCCESS) return false;
        const auto number = read_number(part);
        if (!number) return false;
        lon_lat[count++] = *number;
    }
    if (count != 2 || !base::valid({lon_lat[0], lon_lat[1]})) return false;
    std::copy_n(lon_lat, 2, at);
    return true;
}

bool put_plain(const Property& property, od::value& value, std::vector<double>& vals) {
    double& at = vals[static_cast<std::size_t>(property.position)];
    if (!std::isnan(at)) return false;  // twice
    std::optional<double> read;
    switch (property.type) {
        case PropertyType::number:
            read = plain_number(property, value);
            break;
        case PropertyType::code:
            read = plain_code(property, value);
            break;
        case PropertyType::position:
            return put_plain_place(value, &at);
        case PropertyType::boolean: {
            bool flag = false;
            if (value.get_bool().get(flag) == simdjson::SUCCESS) read = flag ? 1.0 : 0.0;
            break;
        }
    }
    if (!read) return false;
    at = *read;
    return true;
}

std::optional<base::Instant> plain_time(od::value& value) {
    od::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS) return {};
    if (type == od::json_type::string) {
        std::string_view text;
        if (value.get_string().get(text) != simdjson::SUCCESS) return {};
        return base::parse_rfc3339(text);
    }
    std::int64_t ms = 0;
    if (value.get_int64().get(ms) != simdjson::SUCCESS || ms < 0 || ms >= plain_ms_max) return {};
    return base::from_epoch_ms(ms);
}

// How many; 0: they are not plain.
std::size_t put_plain_values(const assets::Kind& kind, od::value& value,
                             std::vector<double>& vals) {
    od::object values;
    if (value.get_object().get(values) != simdjson::SUCCESS) return 0;
    std::size_t count = 0;
    for (auto each : values) {
        od::field field;
        std::string_view code;
        if (std::move(each).get(field) != simdjson::SUCCESS ||
            field.unescaped_key().get(code) != simdjson::SUCCESS) {
            return 0;
        }
        const Property* property = kind.property(code);
        if (property == nullptr || property->position < 0) return 0;
        if (!put_plain(*property, field.value(), vals)) return 0;
        ++count;
    }
    return count;
}

// The members `t` and `values`, each at most once, and nothing else.
bool read_plain(od::document& document, const assets::Kind& kind, std::optional<base::Instant>& at,
                std::size_t& count, std::vector<double>& vals) {
    od::object root;
    if (document.get_object().get(root) != simdjson::SUCCESS) return false;
    for (auto each : root) {
        od::field field;
        std::string_view member;
        if (std::move(each).get(field) != simdjson::SUCCESS ||
            field.unescaped_key().get(member) != simdjson::SUCCESS) {
            return false;
        }
        if (member == "t" && !at) {
            at = plain_time(field.value());
            if (!at) return false;
        } else if (member == "values" && count == 0) {
            count = put_plain_values(kind, field.value(), vals);
            if (count == 0) return false;
        } else {
            return false;
        }
    }
    return count > 0 && document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

}  // namespace

bool is_ahead(base::Instant at, const Arrival& arrival) {
    return at > arrival.received_at + base::limits::observation_ahead_max;
}

bool is_too_old(const assets::Kind& kind, base::Instant at, const Arrival& arrival) {
    return at < arrival.received_at - kind.past_limit && !arrival.may_backfill;
}

std::optional<Decoded> decode_plain(const assets::Asset& asset, std::string_view payload,
                                    const Arrival& arrival) {
    static thread_local Scratch scratch;
    if (payload.size() > plain_payload_bytes_max) return std::nullopt;
    std::memcpy(scratch.bytes, payload.data(), payload.size());
    od::document document;
    const simdjson::padded_string_view padded(scratch.bytes, payload.size(), sizeof scratch.bytes);
    if (scratch.parser.iterate(padded).get(document) != simdjson::SUCCESS) return std::nullopt;

    store::Frame frame;
    frame.vals.assign(static_cast<std::size_t>(asset.kind->width),
                      std::numeric_limits<double>::quiet_NaN());
    std::optional<base::Instant> at;
    std::size_t count = 0;
    if (!read_plain(document, *asset.kind, at, count, frame.vals)) return std::nullopt;
    if (at && (is_ahead(*at, arrival) || is_too_old(*asset.kind, *at, arrival)))
        return std::nullopt;

    frame.asset_id = asset.id;
    frame.layout = asset.kind->layout;
    frame.received_at = arrival.received_at;
    frame.observed_at = at.value_or(arrival.said_at());
    frame.stamped = !at;
    frame.backfill =
        arrival.may_backfill && frame.observed_at < arrival.received_at - asset.kind->late_limit;
    Decoded decoded;
    decoded.messages = 1;
    decoded.values = count;
    decoded.without_time = at ? 0 : 1;
    decoded.frames.push_back(std::move(frame));
    return decoded;
}

}  // namespace vigie::ingest
