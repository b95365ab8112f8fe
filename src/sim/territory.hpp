// The outlines of communes, drawn from their centroids and areas: schematic, but a true partition.
#pragma once

#include <vector>

#include "sim/communes.hpp"
#include "sim/plane.hpp"
#include "vigie/base/geometry.hpp"

namespace vigie::sim {

struct Territory {
    Plane plane;
    // By commune, one ring each, counter-clockwise, first point repeated (RFC 7946). Neighbours
    // share their border point by point.
    std::vector<base::Polygon> outlines;
    std::vector<Point> centres;
    std::vector<double> built_up_m;  // radius of the built-up part, by population

    // Index of the commune that holds the position, -1 outside.
    [[nodiscard]] int commune_of(base::LonLat p) const;
    // The most populous commune.
    int main{};
};

// A power partition around the centroids, within a rounded hull. Each centroid lies in its own
// outline.
[[nodiscard]] Territory lay_out(const std::vector<CommuneFact>& communes);

}  // namespace vigie::sim
