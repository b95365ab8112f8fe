#include "live/value_json.hpp"

#include <cmath>

#include "vigie/live/json.hpp"

namespace vigie::live {

void append_value(std::string& out, const assets::Property& property,
                  std::span<const double> values) {
    const auto position = static_cast<std::size_t>(property.position);
    if (property.position < 0 || position >= values.size() || std::isnan(values[position])) {
        out += "null";
        return;
    }
    const double value = values[position];
    switch (property.type) {
        case assets::PropertyType::number:
            json::append_number(out, value);
            return;
        case assets::PropertyType::boolean:
            out += value != 0.0 ? "true" : "false";
            return;
        case assets::PropertyType::code: {
            const auto number = static_cast<std::size_t>(value);
            if (value >= 0 && number < property.codes.size()) {
                json::append_text(out, property.codes[number]);
            } else {
                json::append_number(out, value);
            }
            return;
        }
        case assets::PropertyType::position:
            out += '[';
            json::append_number(out, value);
            out += ',';
            json::append_number(out, position + 1 < values.size() ? values[position + 1] : NAN);
            out += ']';
            return;
    }
}

}  // namespace vigie::live
