// The facts a city is generated from: its communes. The generator knows no other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/geometry.hpp"
#include "vigie/base/result.hpp"

namespace vigie::sim {

struct CommuneFact {
    std::string insee_code;
    std::string name;
    base::LonLat centroid;
    double area_km2{};
    int population{};  // 0: not published
};

// The example: the 24 communes of Dijon Métropole (INSEE codes, municipal populations).
[[nodiscard]] const std::vector<CommuneFact>& example_communes();

// Any other metropolis, from CSV text: a header line naming insee_code, name, centroid_lon,
// centroid_lat, area_km2 and population (in any order, others ignored), then a commune a line;
// commas, no quotes. invalid: the answer names the line.
[[nodiscard]] base::Result<std::vector<CommuneFact>> parse_communes(std::string_view csv);

}  // namespace vigie::sim
