// Where in a kind's layout the properties lie that the live city itself must understand.
#pragma once

#include <cstddef>
#include <optional>

#include "vigie/assets/kind.hpp"

namespace vigie::live {

[[nodiscard]] inline std::optional<std::size_t> feeder_position(const assets::Kind& kind) {
    if (kind.feeder_property.empty()) return std::nullopt;
    const auto* property = kind.property(kind.feeder_property);
    if (property == nullptr || property->position < 0) return std::nullopt;
    return static_cast<std::size_t>(property->position);
}

// Of a mobile kind: where its longitude is; the latitude follows.
[[nodiscard]] inline std::optional<std::size_t> place_position(const assets::Kind& kind) {
    if (!kind.mobile) return std::nullopt;
    for (const auto& property : kind.properties) {
        if (property.type == assets::PropertyType::position && property.position >= 0) {
            return static_cast<std::size_t>(property.position);
        }
    }
    return std::nullopt;
}

}  // namespace vigie::live
