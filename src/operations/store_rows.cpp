#include "operations/store_rows.hpp"

namespace vigie::operations {

std::string text_of(const store::Row& row, const char* column) {
    return std::string(row.text(column));
}

std::optional<base::LonLat> position_of(const store::Row& row) {
    if (row.is_null("lon") || row.is_null("lat")) return std::nullopt;
    return base::LonLat{row.get<double>("lon"), row.get<double>("lat")};
}

Place place_of(const store::Row& row) {
    return {position_of(row), text_of(row, "commune"), text_of(row, "address")};
}

std::optional<double> lon_of(const std::optional<base::LonLat>& position) {
    return position ? std::optional(position->lon) : std::nullopt;
}

std::optional<double> lat_of(const std::optional<base::LonLat>& position) {
    return position ? std::optional(position->lat) : std::nullopt;
}

}  // namespace vigie::operations
