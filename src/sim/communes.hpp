// The facts a city is generated from: its communes. The generator knows no other.
#pragma once

#include <string>
#include <vector>

#include "vigie/base/geometry.hpp"

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

}  // namespace vigie::sim
