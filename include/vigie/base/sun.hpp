// Where the sun stands, and when it rises and sets.
//
// The low-precision solar position of Jean Meeus, Astronomical Algorithms (2nd edition, chapter
// 25), as NOAA's solar calculator uses it: good to 0.01 degree, and at this latitude to some
// seconds in rise and set, between 1900 and 2100. Which local date an instant belongs to is the
// caller's concern: everything here is UTC.
#pragma once

#include <chrono>
#include <optional>

#include "vigie/base/geometry.hpp"
#include "vigie/base/time.hpp"

namespace vigie::base {

// Elevation of the sun's centre at its rise and set: its radius, and the refraction of a standard
// atmosphere.
inline constexpr double sunrise_elevation_deg = -0.833;

// Of the sun's centre above the horizon, in degrees, without refraction.
[[nodiscard]] double solar_elevation_deg(Instant instant, LonLat place);

struct SunTimes {
    Instant rise;
    Instant set;
};

// The rise before and the set after the solar noon that falls, at this longitude, on the given
// day. Nothing in polar day and polar night. Another elevation gives other twilights (-6: civil).
[[nodiscard]] std::optional<SunTimes> sun_times(std::chrono::sys_days day, LonLat place,
                                                double elevation_deg = sunrise_elevation_deg);

}  // namespace vigie::base
