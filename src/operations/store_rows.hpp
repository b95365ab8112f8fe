// Reading and writing what several tables have in common.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "operations/records.hpp"
#include "vigie/store/database.hpp"

namespace vigie::operations {

// Communes somebody may see; nothing: everywhere.
using Communes = std::optional<std::vector<std::string>>;

// The empty string when NULL.
[[nodiscard]] std::string text_of(const store::Row& row, const char* column);
// Columns lon and lat, NULL together.
[[nodiscard]] std::optional<base::LonLat> position_of(const store::Row& row);
// Columns lon, lat, commune and address.
[[nodiscard]] Place place_of(const store::Row& row);
[[nodiscard]] std::optional<double> lon_of(const std::optional<base::LonLat>& position);
[[nodiscard]] std::optional<double> lat_of(const std::optional<base::LonLat>& position);

}  // namespace vigie::operations
