#include "sim/readings.hpp"

#include <fmt/format.h>

#include "sim/random.hpp"

namespace vigie::sim {

namespace {

struct JsonValue {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(double value) const { return fmt::format("{}", value); }
    std::string operator()(std::string_view code) const { return fmt::format("\"{}\"", code); }
    std::string operator()(base::LonLat place) const {
        return fmt::format("[{:.6f},{:.6f}]", place.lon, place.lat);
    }
};

}  // namespace

double trait(const Device& device, std::uint64_t aspect) {
    return unit_of(0, device.number, aspect);
}

std::string payload_of(base::Instant at, const Readings& readings) {
    std::string text = "{\"t\":\"" + base::to_rfc3339(at) + "\",\"values\":{";
    for (std::size_t i = 0; i < readings.size(); ++i) {
        text += i == 0 ? "\"" : ",\"";
        text += readings[i].property;
        text += "\":" + std::visit(JsonValue{}, readings[i].value);
    }
    return text + "}}";
}

}  // namespace vigie::sim
