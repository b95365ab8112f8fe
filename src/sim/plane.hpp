// A flat map of the city in metres, east and north of an origin: good to 0.1 % within 50 km.
#pragma once

#include <cmath>

#include "vigie/base/geometry.hpp"

namespace vigie::sim {

struct Point {
    double x{};
    double y{};
    friend bool operator==(const Point&, const Point&) = default;
    friend Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
    friend Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
    friend Point operator*(Point a, double factor) { return {a.x * factor, a.y * factor}; }
};

[[nodiscard]] inline double dot(Point a, Point b) {
    return a.x * b.x + a.y * b.y;
}
[[nodiscard]] inline double cross(Point a, Point b) {
    return a.x * b.y - a.y * b.x;
}
[[nodiscard]] inline double length(Point a) {
    return std::sqrt(dot(a, a));
}
[[nodiscard]] inline double distance(Point a, Point b) {
    return length(a - b);
}
// To the left of a walker from `a` to `b`, one metre long; zero for a step of no length.
[[nodiscard]] inline Point left_of(Point a, Point b) {
    const double step = distance(a, b);
    return step > 0 ? Point{(a.y - b.y) / step, (b.x - a.x) / step} : Point{};
}

class Plane {
public:
    explicit Plane(base::LonLat origin)
        : origin_(origin), east_m_(degree_m * std::cos(origin.lat * radians_per_degree)) {}

    [[nodiscard]] Point to_plane(base::LonLat p) const {
        return {(p.lon - origin_.lon) * east_m_, (p.lat - origin_.lat) * degree_m};
    }
    // Rounded to a millionth of a degree (a decimetre), as it is written to files: two ways that
    // meet in a point meet in the very same digits.
    [[nodiscard]] base::LonLat to_earth(Point p) const {
        return {std::round((origin_.lon + p.x / east_m_) * 1e6) / 1e6,
                std::round((origin_.lat + p.y / degree_m) * 1e6) / 1e6};
    }

private:
    static constexpr double radians_per_degree = 0.017453292519943295;
    static constexpr double degree_m = 6'371'008.8 * radians_per_degree;
    base::LonLat origin_;
    double east_m_;
};

}  // namespace vigie::sim
