// The weather over the whole city: one sky, a pure function of seed and instant.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/day.hpp"

namespace vigie::sim {

struct CityWeather {
    double air_c{};
    double road_c{};
    double humidity_pct{};
    double dew_point_c{};
    double wind_ms{};
    double rain_mm_h{};
    double pressure_hpa{};
    double visibility_m{};
};

[[nodiscard]] CityWeather weather_at(std::uint64_t seed, const Moment& moment);

// dry, moist, wet, ice or snow, by the road's temperature and what falls.
[[nodiscard]] std::string_view road_condition(double road_c, double air_c, double rain_mm_h,
                                              double humidity_pct);

// Magnus' formula with the constants of the WMO guide (CIMO, annex 4.B).
[[nodiscard]] double dew_point_of(double air_c, double humidity_pct);

}  // namespace vigie::sim
