#include "vigie/base/geometry.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "vigie/base/text.hpp"

namespace vigie::base {

namespace {
constexpr double earth_radius_m = 6'371'008.8;
constexpr double radians(double degrees) {
    return degrees * std::numbers::pi / 180.0;
}
}  // namespace

bool valid(LonLat p) {
    return p.lon >= -180.0 && p.lon <= 180.0 && p.lat >= -90.0 && p.lat <= 90.0;
}

double distance_m(LonLat a, LonLat b) {
    const double dlat = radians(b.lat - a.lat);
    const double dlon = radians(b.lon - a.lon);
    const double h = std::pow(std::sin(dlat / 2), 2) + std::cos(radians(a.lat)) *
                                                           std::cos(radians(b.lat)) *
                                                           std::pow(std::sin(dlon / 2), 2);
    return 2 * earth_radius_m * std::asin(std::min(1.0, std::sqrt(h)));
}

bool contains(const Polygon& polygon, LonLat p) {
    bool inside = false;
    for (const Ring& ring : polygon) {
        for (std::size_t i = 0, j = ring.size() - 1; i < ring.size(); j = i++) {
            const LonLat& a = ring[i];
            const LonLat& b = ring[j];
            if ((a.lat > p.lat) == (b.lat > p.lat)) continue;
            // The edge is always walked from south to north, so that both polygons that share it
            // compute the very same crossing.
            const LonLat& s = a.lat < b.lat ? a : b;
            const LonLat& n = a.lat < b.lat ? b : a;
            if (p.lon < s.lon + (p.lat - s.lat) / (n.lat - s.lat) * (n.lon - s.lon))
                inside = !inside;
        }
    }
    return inside;
}

Box bounds(const Polygon& polygon) {
    constexpr double inf = std::numeric_limits<double>::infinity();
    Box box{inf, inf, -inf, -inf};
    for (const Ring& ring : polygon) {
        for (const LonLat& p : ring) {
            box.west = std::min(box.west, p.lon);
            box.east = std::max(box.east, p.lon);
            box.south = std::min(box.south, p.lat);
            box.north = std::max(box.north, p.lat);
        }
    }
    return box;
}

std::optional<Box> parse_box(std::string_view text) {
    const auto parts = split(text, ',');
    if (parts.size() != 4) return std::nullopt;
    const auto west = parse_double(parts[0]);
    const auto south = parse_double(parts[1]);
    const auto east = parse_double(parts[2]);
    const auto north = parse_double(parts[3]);
    if (!west || !south || !east || !north) return std::nullopt;
    if (!valid({*west, *south}) || !valid({*east, *north}) || *west > *east || *south > *north)
        return std::nullopt;
    return Box{*west, *south, *east, *north};
}

double distance_to_line_m(const std::vector<LonLat>& line, LonLat p) {
    double best = std::numeric_limits<double>::infinity();
    if (line.size() == 1) return distance_m(line.front(), p);
    const double metres_per_degree = radians(1.0) * earth_radius_m;
    const double shrink = std::cos(radians(p.lat));
    for (std::size_t i = 1; i < line.size(); ++i) {
        const double ax = (line[i - 1].lon - p.lon) * shrink;
        const double ay = line[i - 1].lat - p.lat;
        const double dx = (line[i].lon - line[i - 1].lon) * shrink;
        const double dy = line[i].lat - line[i - 1].lat;
        const double length2 = dx * dx + dy * dy;
        const double t = length2 > 0 ? std::clamp(-(ax * dx + ay * dy) / length2, 0.0, 1.0) : 0.0;
        best = std::min(best, std::hypot(ax + t * dx, ay + t * dy) * metres_per_degree);
    }
    return best;
}

}  // namespace vigie::base
