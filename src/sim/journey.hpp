// Vehicles on streets: where each one is at an instant of its day.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/day.hpp"
#include "vigie/base/geometry.hpp"

namespace vigie::sim {

enum class WinterEquipment { none, plough, spreader, plough_spreader };

// The streets as vehicles see them: points, and ways to the next ones.
class StreetMap {
public:
    // Lines that share a position meet there.
    void add(const std::vector<base::LonLat>& line, double speed_kmh);

    struct Step {
        int to{};
        double length_m{};
        double speed_kmh{};
    };
    [[nodiscard]] const std::vector<Step>& steps(int point) const {
        return steps_[static_cast<std::size_t>(point)];
    }
    [[nodiscard]] base::LonLat place(int point) const {
        return places_[static_cast<std::size_t>(point)];
    }
    // -1 when there are no streets.
    [[nodiscard]] int nearest(base::LonLat place) const;

private:
    int point_at(base::LonLat place);
    std::vector<base::LonLat> places_;
    std::vector<std::vector<Step>> steps_;
    std::map<std::pair<std::int64_t, std::int64_t>, int> by_place_;
};

struct VehicleState {
    base::LonLat place;
    double speed_kmh{};
    double heading_deg{};
    bool ignition{};
};

// One vehicle's day: out from its depot over the streets, with stops for work, and back the same
// way.
class Journey {
public:
    Journey(const StreetMap& map, base::LonLat depot, std::uint64_t seed, std::uint64_t device,
            const Moment& day, WinterEquipment equipment);
    [[nodiscard]] VehicleState at(double hour) const;
    // Local hours between which the vehicle is out; equal: not on this day.
    [[nodiscard]] double starts() const { return starts_; }
    [[nodiscard]] double ends() const { return ends_; }

private:
    struct Passage {
        double second{};  // since the start
        int point{};
    };
    void wander(std::uint64_t seed, int depot);
    void return_home();

    const StreetMap& map_;
    base::LonLat depot_;
    double starts_{};
    double ends_{};
    std::vector<Passage> passages_;
};

}  // namespace vigie::sim
