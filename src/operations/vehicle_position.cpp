#include "vigie/operations/vehicle_position.hpp"

#include <algorithm>
#include <cmath>

namespace vigie::operations {

std::optional<Located> reported_position(const live::CityState& city, assets::AssetId id) {
    const assets::Asset* asset = city.catalogue()->find(id);
    if (asset == nullptr || asset->kind == nullptr) return std::nullopt;
    const auto& properties = asset->kind->properties;
    const auto property =
        std::ranges::find(properties, assets::PropertyType::position, &assets::Property::type);
    if (property == properties.end() || property->position < 0) return std::nullopt;
    const auto at = static_cast<std::size_t>(property->position);
    const auto values = city.values(id);
    const auto times = city.times(id);
    if (at + 1 >= values.size() || times[at] == live::LastValue::never) return std::nullopt;
    if (std::isnan(values[at]) || std::isnan(values[at + 1])) return std::nullopt;
    return Located{{values[at], values[at + 1]}, base::from_epoch_us(times[at])};
}

}  // namespace vigie::operations
