// A simulated device, and what it would report at an instant: pure functions of device, seed and
// surroundings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/day.hpp"
#include "sim/journey.hpp"
#include "sim/weather.hpp"
#include "vigie/base/geometry.hpp"

namespace vigie::sim {

enum class DeviceKind {
    light_point,
    lighting_cabinet,
    signal_junction,
    traffic_detector,
    camera,
    air_station,
    weather_station,
    car_park,
    vehicle,
};

// What can go wrong with a device, one at a time.
enum class Trouble { none, lamp, cabinet, silent, stuck_detector, flashing_amber };

struct Device {
    DeviceKind kind{};
    std::string code;
    std::uint64_t number{};  // hash of its code: its own chance
    base::LonLat place;
    int cabinet{-1};              // of a light point: index of the device that feeds it
    std::vector<int> feeds;       // of a cabinet: its light points
    double load_w{};              // of a light point at full level; of a cabinet: of all it feeds
    int capacity{};               // of a car park
    bool on_road{};               // of a weather station: it has a sensor in the road
    WinterEquipment equipment{};  // of a vehicle
};

struct Reading {
    std::string_view property;
    std::variant<bool, double, std::string_view, base::LonLat> value;
    friend bool operator==(const Reading&, const Reading&) = default;
};
using Readings = std::vector<Reading>;

// The city around all devices at one instant.
struct Surroundings {
    Moment moment;
    BurningHours::Hours burnt;
    CityWeather weather;
};

// Whether the cabinet's feeders are on: by the sun, each cabinet's photocell a little differently.
[[nodiscard]] bool feeders_wanted(const Device& cabinet, std::uint64_t seed, const Moment& moment);

[[nodiscard]] Readings light_point_readings(const Device&, std::uint64_t seed, const Surroundings&,
                                            bool failed);
// The last gasp: what a light point says from its capacitor when its supply is lost.
[[nodiscard]] Readings last_gasp();
[[nodiscard]] Readings cabinet_readings(const Device&, std::uint64_t seed, const Surroundings&,
                                        bool tripped);
[[nodiscard]] Readings junction_readings(const Device&, std::uint64_t seed, const Surroundings&,
                                         bool flashing_amber);
// Stuck: call it with the surroundings of the instant since which it is.
[[nodiscard]] Readings detector_readings(const Device&, std::uint64_t seed, const Surroundings&,
                                         bool stuck);
[[nodiscard]] Readings camera_readings(const Device&, std::uint64_t seed, const Surroundings&);
[[nodiscard]] Readings air_readings(const Device&, std::uint64_t seed, const Surroundings&);
[[nodiscard]] Readings weather_readings(const Device&, std::uint64_t seed, const Surroundings&);
[[nodiscard]] Readings car_park_readings(const Device&, std::uint64_t seed, const Surroundings&);
[[nodiscard]] Readings vehicle_readings(const Device&, const VehicleState&, const Surroundings&);

// {"t": ..., "values": {...}}: the payload of a message.
[[nodiscard]] std::string payload_of(base::Instant at, const Readings& readings);

}  // namespace vigie::sim
