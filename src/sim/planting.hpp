// Where each kind of asset stands. Appends to the city's assets and credentials.
#pragma once

#include <string>
#include <string_view>

#include "sim/city.hpp"

namespace vigie::sim {

// Light points along streets on circuits of cabinets. Cabinet ARM-0001 feeds exactly
// `largest_cabinet_lights` light points; no other feeds fewer than `cabinet_lights_min`.
void plant_lighting(City& city, std::uint64_t seed, int light_points, int cabinets);
inline constexpr int largest_cabinet_lights = 120;
inline constexpr int cabinet_lights_min = 20;

void plant_signals(City& city, std::uint64_t seed, int junctions, int detectors);
void plant_cameras(City& city, std::uint64_t seed, int cameras);
void plant_stations(City& city, std::uint64_t seed, int air, int weather);
void plant_car_parks(City& city, std::uint64_t seed, int car_parks);
void plant_vehicles(City& city, std::uint64_t seed, int vehicles, int ploughs);

// "PL-", 12, 5 -> "PL-00012"
[[nodiscard]] std::string numbered(std::string_view prefix, int number, std::size_t digits);

// A JSON string.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace vigie::sim
