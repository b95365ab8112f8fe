#include "sim/territory.hpp"

#include <algorithm>
#include <map>
#include <numbers>
#include <utility>

#include "sim/random.hpp"

namespace vigie::sim {

namespace {

constexpr double hull_margin_m = 1'600;
constexpr double snap_m = 1.0;
constexpr double border_step_m = 260;  // borders are bent down to pieces of this length
constexpr double border_bend = 0.07;   // by up to this share of their length
constexpr double centre_share = 0.55;  // how near a border may come to a centroid
constexpr int unknown_population = 500;
using Cell = std::vector<Point>;

// Monotone chain, counter-clockwise.
Cell hull_of(Cell points) {
    std::sort(points.begin(), points.end(),
              [](Point a, Point b) { return std::pair(a.x, a.y) < std::pair(b.x, b.y); });
    Cell hull;
    for (int pass = 0; pass < 2; ++pass) {
        const std::size_t floor = hull.size();
        for (const Point p : points) {
            while (hull.size() >= floor + 2 &&
                   cross(hull.back() - hull[hull.size() - 2], p - hull.back()) <= 0) {
                hull.pop_back();
            }
            hull.push_back(p);
        }
        hull.pop_back();
        std::reverse(points.begin(), points.end());
    }
    return hull;
}

// The hull of circles around the points.
Cell rounded(const Cell& centres) {
    Cell rim;
    for (const Point c : centres) {
        for (int step = 0; step < 36; ++step) {
            const double angle = step * std::numbers::pi / 18;
            rim.push_back(c + Point{std::cos(angle), std::sin(angle)} * hull_margin_m);
        }
    }
    return hull_of(rim);
}

// The part of a convex cell where dot(p, normal) <= limit.
Cell clipped(const Cell& cell, Point normal, double limit) {
    Cell kept;
    for (std::size_t i = 0; i < cell.size(); ++i) {
        const Point a = cell[i];
        const Point b = cell[(i + 1) % cell.size()];
        const double over_a = dot(a, normal) - limit;
        const double over_b = dot(b, normal) - limit;
        if (over_a <= 0) kept.push_back(a);
        if ((over_a < 0 && over_b > 0) || (over_a > 0 && over_b < 0))
            kept.push_back(a + (b - a) * (over_a / (over_a - over_b)));
    }
    return kept;
}

// Squared radii by area, lowered until every centroid is well inside its own cell.
std::vector<double> weights_of(const std::vector<CommuneFact>& communes, const Cell& centres) {
    std::vector<double> weights;
    for (const CommuneFact& fact : communes)
        weights.push_back(fact.area_km2 * 1e6 / std::numbers::pi);
    for (bool changed = true; changed;) {
        changed = false;
        for (std::size_t i = 0; i < centres.size(); ++i) {
            for (std::size_t j = 0; j < centres.size(); ++j) {
                const Point apart = centres[j] - centres[i];
                const double most = weights[i] + centre_share * dot(apart, apart);
                if (i == j || weights[j] <= most + 1e-6) continue;
                weights[j] = most;
                changed = true;
            }
        }
    }
    return weights;
}

Cell cell_of(std::size_t i, const Cell& centres, const std::vector<double>& weights,
             const Cell& hull) {
    Cell cell = hull;
    for (std::size_t j = 0; j < centres.size(); ++j) {
        if (j == i) continue;
        const double limit =
            (dot(centres[j], centres[j]) - weights[j] - dot(centres[i], centres[i]) + weights[i]) /
            2;
        cell = clipped(cell, centres[j] - centres[i], limit);
    }
    return cell;
}

// Corners known to several cells, each under one number: computed three times, they would differ in
// the last bits.
class Corners {
public:
    std::size_t number(Point p) {
        for (std::size_t i = 0; i < points_.size(); ++i) {
            if (distance(points_[i], p) < snap_m) return i;
        }
        points_.push_back(p);
        return points_.size() - 1;
    }
    // The border between two corners, first one included and last one not. Bent the same way
    // whoever asks.
    Cell border(std::size_t from, std::size_t to) {
        const auto key = std::minmax(from, to);
        auto [at, made] = borders_.try_emplace(key);
        if (made) {
            at->second.push_back(points_[key.first]);
            bend(at->second, points_[key.first], points_[key.second]);
        }
        Cell line = at->second;
        if (from == key.first) {
            line.pop_back();
        } else {
            std::reverse(line.begin(), line.end());
            line.pop_back();
        }
        return line;
    }

private:
    // Appends the way from `a` (already there) to `b`.
    void bend(Cell& line, Point a, Point b) {
        const double step = distance(a, b);
        if (step < border_step_m) {
            line.push_back(b);
            return;
        }
        const double shift = random_.between(-border_bend, border_bend) * step;
        const Point middle = (a + b) * 0.5 + left_of(a, b) * shift;
        bend(line, a, middle);
        bend(line, middle, b);
    }
    Cell points_;
    std::map<std::pair<std::size_t, std::size_t>, Cell> borders_;
    Random random_{0, "borders"};  // no seed: every generated city has the same communes
};

base::Ring ring_of(const Cell& cell, Corners& corners, const Plane& plane) {
    std::vector<std::size_t> numbers;
    for (const Point p : cell) {
        const std::size_t number = corners.number(p);
        if (numbers.empty() || numbers.back() != number) numbers.push_back(number);
    }
    if (numbers.size() > 1 && numbers.front() == numbers.back()) numbers.pop_back();
    base::Ring ring;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        for (const Point p : corners.border(numbers[i], numbers[(i + 1) % numbers.size()]))
            ring.push_back(plane.to_earth(p));
    }
    ring.push_back(ring.front());
    return ring;
}

double built_up_radius_m(int population) {
    const int people = population > 0 ? population : unknown_population;
    const double per_km2 = people > 50'000 ? 6'500 : 3'000;
    return 150 + 1'000 * std::sqrt(people / per_km2 / std::numbers::pi);
}

}  // namespace

int Territory::commune_of(base::LonLat p) const {
    for (std::size_t i = 0; i < outlines.size(); ++i) {
        if (base::contains(outlines[i], p)) return static_cast<int>(i);
    }
    return -1;
}

Territory lay_out(const std::vector<CommuneFact>& communes) {
    base::LonLat origin;
    int main = 0;
    for (std::size_t i = 0; i < communes.size(); ++i) {
        origin.lon += communes[i].centroid.lon / static_cast<double>(communes.size());
        origin.lat += communes[i].centroid.lat / static_cast<double>(communes.size());
        if (communes[i].population > communes[static_cast<std::size_t>(main)].population)
            main = static_cast<int>(i);
    }
    Territory territory{Plane{origin}, {}, {}, {}, main};
    for (const CommuneFact& fact : communes) {
        territory.centres.push_back(territory.plane.to_plane(fact.centroid));
        territory.built_up_m.push_back(built_up_radius_m(fact.population));
    }
    const Cell hull = rounded(territory.centres);
    const std::vector<double> weights = weights_of(communes, territory.centres);
    Corners corners;
    for (std::size_t i = 0; i < communes.size(); ++i) {
        const Cell cell = cell_of(i, territory.centres, weights, hull);
        territory.outlines.push_back({ring_of(cell, corners, territory.plane)});
    }
    return territory;
}

}  // namespace vigie::sim
