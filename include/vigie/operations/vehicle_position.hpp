// Where a vehicle is, as far as it said so itself.
#pragma once

#include <optional>

#include "vigie/live/city_state.hpp"
#include "vigie/operations/crew_choice.hpp"

namespace vigie::operations {

// The last position that the asset reported, and when it was there: the event time of that
// property, whatever else it said since. Where it is registered (its depot) is no position.
// On the city's thread.
[[nodiscard]] std::optional<Located> reported_position(const live::CityState& city,
                                                       assets::AssetId asset);

}  // namespace vigie::operations
