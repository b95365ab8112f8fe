#include "vigie/streets/streets.hpp"

#include <algorithm>
#include <cmath>

namespace vigie::streets {

namespace {

constexpr double cell_degrees = 0.005;
constexpr double metres_per_degree_of_latitude = 111'194.9;
constexpr double within_m_max = 500.0;

std::int64_t cell_number(double degrees) {
    return static_cast<std::int64_t>(std::floor(degrees / cell_degrees));
}

std::int64_t cell_key(std::int64_t x, std::int64_t y) {
    return x * 1'000'000 + y;
}

// Calls `each` with the key of every cell that the box touches.
template <typename F>
void for_cells(const base::Box& box, F each) {
    for (auto x = cell_number(box.west); x <= cell_number(box.east); ++x) {
        for (auto y = cell_number(box.south); y <= cell_number(box.north); ++y)
            each(cell_key(x, y));
    }
}

base::Box box_of(base::LonLat a, base::LonLat b) {
    return {std::min(a.lon, b.lon), std::min(a.lat, b.lat), std::max(a.lon, b.lon),
            std::max(a.lat, b.lat)};
}

}  // namespace

Streets::Streets(std::vector<Street> streets) : streets_(std::move(streets)) {
    for (std::size_t i = 0; i < streets_.size(); ++i) {
        const auto& line = streets_[i].line;
        const auto number = static_cast<std::int32_t>(i);
        for (std::size_t k = 1; k < line.size(); ++k) {
            for_cells(box_of(line[k - 1], line[k]), [&](std::int64_t key) {
                auto& here = cells_[key];
                if (here.empty() || here.back() != number) here.push_back(number);
            });
        }
    }
}

const Street* Streets::nearest(base::LonLat place, double within_m) const {
    const double reach = std::min(within_m, within_m_max) / metres_per_degree_of_latitude;
    const double shrink = std::max(0.01, std::cos(place.lat * 3.14159265358979 / 180.0));
    const base::Box box{place.lon - reach / shrink, place.lat - reach, place.lon + reach / shrink,
                        place.lat + reach};
    const Street* best = nullptr;
    double best_m = std::min(within_m, within_m_max);
    for_cells(box, [&](std::int64_t key) {
        const auto found = cells_.find(key);
        if (found == cells_.end()) return;
        for (const std::int32_t number : found->second) {
            const Street& street = streets_[static_cast<std::size_t>(number)];
            const double metres = base::distance_to_line_m(street.line, place);
            // Of two as near, the one with the lesser code: the answer must not hang on the order.
            const bool nearer =
                metres < best_m || (best && metres == best_m && street.code < best->code);
            if (metres > best_m || (best && !nearer)) continue;
            best = &street;
            best_m = metres;
        }
    });
    return best;
}

double length_m_of(const std::vector<base::LonLat>& line) {
    double metres = 0;
    for (std::size_t i = 1; i < line.size(); ++i)
        metres += base::distance_m(line[i - 1], line[i]);
    return metres;
}

base::LonLat middle_of(const std::vector<base::LonLat>& line) {
    if (line.empty()) return {};
    double left = length_m_of(line) / 2;
    for (std::size_t i = 1; i < line.size(); ++i) {
        const double step = base::distance_m(line[i - 1], line[i]);
        if (step >= left && step > 0) {
            const double t = left / step;
            return {line[i - 1].lon + t * (line[i].lon - line[i - 1].lon),
                    line[i - 1].lat + t * (line[i].lat - line[i - 1].lat)};
        }
        left -= step;
    }
    return line.back();
}

}  // namespace vigie::streets
