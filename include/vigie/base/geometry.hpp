// Positions and polygons on WGS 84, longitude first, in degrees.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace vigie::base {

struct LonLat {
    double lon{};
    double lat{};
    friend bool operator==(const LonLat&, const LonLat&) = default;
};

struct Box {
    double west{};
    double south{};
    double east{};
    double north{};
    [[nodiscard]] bool contains(LonLat p) const {
        return p.lon >= west && p.lon <= east && p.lat >= south && p.lat <= north;
    }
};

// The first ring is the outer one, the others are holes (RFC 7946); rings may or may not repeat
// their first point.
using Ring = std::vector<LonLat>;
using Polygon = std::vector<Ring>;

[[nodiscard]] bool valid(LonLat p);

// Great-circle distance in metres on a sphere of 6,371,008.8 m (IUGG mean radius): off by at most
// 0.6 %.
[[nodiscard]] double distance_m(LonLat a, LonLat b);

// Even-odd rule; a point on an edge belongs to one of two polygons sharing that edge, never to both
// nor to none.
[[nodiscard]] bool contains(const Polygon& polygon, LonLat p);

[[nodiscard]] Box bounds(const Polygon& polygon);

// "west,south,east,north"
[[nodiscard]] std::optional<Box> parse_box(std::string_view text);

// Distance in metres from `p` to the nearest point of the polyline, on a local plane (good to 0.1 %
// within 50 km). Infinity for an empty line.
[[nodiscard]] double distance_to_line_m(const std::vector<LonLat>& line, LonLat p);

}  // namespace vigie::base
