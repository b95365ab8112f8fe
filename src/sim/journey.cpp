#include "sim/journey.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/random.hpp"

namespace vigie::sim {

namespace {

constexpr double work_stop_chance = 0.015;  // at each point passed
constexpr double sunday_service = 0.15;     // share of vehicles out on a Sunday

struct Shift {
    double starts;
    double ends;
};

Shift shift_of(std::uint64_t seed, std::uint64_t device, const Moment& day,
               WinterEquipment equipment) {
    const double draw = unit_of(seed, device, 0x5311F7);
    const double late = unit_of(seed, device, static_cast<std::uint64_t>(day.day)) * 0.5;
    if (equipment != WinterEquipment::none && day.season < -0.4) return {3.5 + late, 11.5 + late};
    const bool rests =
        day.weekday == 0 &&
        unit_of(seed, device, static_cast<std::uint64_t>(day.day) + 7) > sunday_service;
    if (rests) return {0, 0};
    if (draw < 0.35) return {5.0 + late, 12.5 + late};
    if (draw < 0.8) return {8.0 + late, 16.5 + late};
    return {12.5 + late, 20.0 + late};
}

double heading(base::LonLat a, base::LonLat b) {
    const double east = (b.lon - a.lon) * std::cos(a.lat * std::numbers::pi / 180);
    const double degrees = std::atan2(east, b.lat - a.lat) * 180 / std::numbers::pi;
    return degrees < 0 ? degrees + 360 : degrees;
}

// The next step of a wandering vehicle: rather straight on than round a corner, and back only where
// the street ends.
const StreetMap::Step& next_step(const StreetMap& map, int before, int at, Random& random) {
    const auto& steps = map.steps(at);
    const double arriving = before >= 0 ? heading(map.place(before), map.place(at)) : 0;
    std::vector<double> weights;
    double total = 0;
    for (const auto& step : steps) {
        const double turn =
            (heading(map.place(at), map.place(step.to)) - arriving) * std::numbers::pi / 180;
        const double weight = step.to == before ? 1e-6 : 1.15 + std::cos(turn);
        weights.push_back(weight * step.speed_kmh);
        total += weights.back();
    }
    double left = random.unit() * total;
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
        left -= weights[i];
        if (left < 0) return steps[i];
    }
    return steps.back();
}

}  // namespace

int StreetMap::point_at(base::LonLat place) {
    const std::pair key(std::llround(place.lon * 1e6), std::llround(place.lat * 1e6));
    const auto [at, made] = by_place_.try_emplace(key, static_cast<int>(places_.size()));
    if (made) {
        places_.push_back(place);
        steps_.emplace_back();
    }
    return at->second;
}

void StreetMap::add(const std::vector<base::LonLat>& line, double speed_kmh) {
    for (std::size_t i = 0; i + 1 < line.size(); ++i) {
        const int from = point_at(line[i]);
        const int to = point_at(line[i + 1]);
        const double step_m = base::distance_m(line[i], line[i + 1]);
        if (from == to) continue;
        steps_[static_cast<std::size_t>(from)].push_back({to, step_m, speed_kmh});
        steps_[static_cast<std::size_t>(to)].push_back({from, step_m, speed_kmh});
    }
}

int StreetMap::nearest(base::LonLat place) const {
    const auto found = std::min_element(places_.begin(), places_.end(), [&](auto a, auto b) {
        return base::distance_m(a, place) < base::distance_m(b, place);
    });
    return found == places_.end() ? -1 : static_cast<int>(found - places_.begin());
}

Journey::Journey(const StreetMap& map, base::LonLat depot, std::uint64_t seed, std::uint64_t device,
                 const Moment& day, WinterEquipment equipment)
    : map_(map), depot_(depot) {
    const Shift shift = shift_of(seed, device, day, equipment);
    const int from = map.nearest(depot);
    if (from < 0 || map.steps(from).empty() || shift.starts >= shift.ends) return;
    starts_ = shift.starts;
    ends_ = shift.ends;
    wander(mixed(mixed(seed) ^ device) ^ static_cast<std::uint64_t>(day.day), from);
    return_home();
}

void Journey::wander(std::uint64_t seed, int depot) {
    Random random(seed, "journey");
    const double turning_s = (ends_ - starts_) * 3'600 / 2;
    int before = -1;
    int at = depot;
    double second = 0;
    passages_.push_back({0, at});
    while (second < turning_s) {
        const auto& step = next_step(map_, before, at, random);
        second += step.length_m / (step.speed_kmh / 3.6);
        before = at;
        at = step.to;
        passages_.push_back({second, at});
        if (!random.chance(work_stop_chance)) continue;
        second += random.between(40, 420);
        passages_.push_back({second, at});
    }
}

void Journey::return_home() {
    const double turned_s = passages_.back().second;
    for (std::size_t i = passages_.size() - 1; i-- > 0;)
        passages_.push_back({2 * turned_s - passages_[i].second, passages_[i].point});
    ends_ = starts_ + 2 * turned_s / 3'600;
}

VehicleState Journey::at(double hour) const {
    if (passages_.empty() || hour < starts_ || hour >= ends_) return {depot_, 0, 0, false};
    const double second = (hour - starts_) * 3'600;
    auto next = std::upper_bound(passages_.begin(), passages_.end(), second,
                                 [](double s, const Passage& p) { return s < p.second; });
    if (next == passages_.end()) --next;
    const Passage& to = *next;
    const Passage& from = *(next - 1);
    const base::LonLat a = map_.place(from.point);
    const base::LonLat b = map_.place(to.point);
    if (from.point == to.point) return {a, 0, 0, true};
    const double part = (second - from.second) / (to.second - from.second);
    const double speed_ms = base::distance_m(a, b) / (to.second - from.second);
    return {{a.lon + (b.lon - a.lon) * part, a.lat + (b.lat - a.lat) * part},
            speed_ms * 3.6,
            heading(a, b),
            true};
}

}  // namespace vigie::sim
