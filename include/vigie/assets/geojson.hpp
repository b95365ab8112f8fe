// GeoJSON (RFC 7946) in and out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/assets/source_file.hpp"

namespace vigie::assets {

// read_source (source_file.hpp) tells the formats apart and calls this.
[[nodiscard]] base::Result<SourceFile> read_geojson(std::string_view text);

// One geometry, as it is kept in the database.
[[nodiscard]] std::optional<Geometry> parse_geometry(std::string_view text);
[[nodiscard]] std::string line_geometry(const std::vector<base::LonLat>& line);
// A Polygon, or a MultiPolygon when there are several.
[[nodiscard]] std::string area_geometry(const std::vector<base::Polygon>& polygons);

}  // namespace vigie::assets
