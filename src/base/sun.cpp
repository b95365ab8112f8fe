#include "vigie/base/sun.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace vigie::base {

namespace {

constexpr double degree = std::numbers::pi / 180.0;
constexpr double minutes_a_day = 1'440.0;

double minutes_of_day(Instant instant) {
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    return std::chrono::duration<double, std::ratio<60>>(instant - day).count();
}

struct SunPosition {
    double declination{};           // radians
    double equation_of_time_min{};  // apparent less mean solar time
};

SunPosition sun_position(Instant instant) {
    constexpr double epoch_2000_s = 946'728'000.0;  // 2000-01-01T12:00Z
    const double seconds = static_cast<double>(epoch_us(instant)) / 1e6;
    const double t = (seconds - epoch_2000_s) / 86'400.0 / 36'525.0;  // Julian centuries
    const double mean_longitude =
        std::fmod(280.46646 + t * (36'000.76983 + 0.0003032 * t), 360.0) * degree;
    const double anomaly = (357.52911 + t * (35'999.05029 - 0.0001537 * t)) * degree;
    const double eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t);
    const double centre = (1.914602 - t * (0.004817 + 0.000014 * t)) * std::sin(anomaly) +
                          (0.019993 - 0.000101 * t) * std::sin(2 * anomaly) +
                          0.000289 * std::sin(3 * anomaly);
    const double node = (125.04 - 1'934.136 * t) * degree;
    const double longitude =
        mean_longitude + (centre - 0.00569 - 0.00478 * std::sin(node)) * degree;
    const double obliquity =
        (23.0 + 26.0 / 60.0 + 21.448 / 3'600.0 -
         t * (46.815 + t * (0.00059 - 0.001813 * t)) / 3'600.0 + 0.00256 * std::cos(node)) *
        degree;
    const double y = std::pow(std::tan(obliquity / 2), 2);
    const double equation =
        y * std::sin(2 * mean_longitude) - 2 * eccentricity * std::sin(anomaly) +
        4 * eccentricity * y * std::sin(anomaly) * std::cos(2 * mean_longitude) -
        0.5 * y * y * std::sin(4 * mean_longitude) -
        1.25 * eccentricity * eccentricity * std::sin(2 * anomaly);
    return {std::asin(std::sin(obliquity) * std::sin(longitude)), 4 * equation / degree};
}

// The instant, near `guess`, at which the sun passes the elevation: before noon (-1) or after (1).
std::optional<Instant> crossing(std::chrono::sys_days day, LonLat place, double elevation_deg,
                                double side, Instant guess) {
    const double latitude = place.lat * degree;
    for (int step = 0; step < 3; ++step) {  // the sun moves while one looks: twice is enough
        const SunPosition sun = sun_position(guess);
        const double cosine =
            (std::sin(elevation_deg * degree) - std::sin(latitude) * std::sin(sun.declination)) /
            (std::cos(latitude) * std::cos(sun.declination));
        if (!(cosine >= -1.0 && cosine <= 1.0)) return std::nullopt;
        const double hour_angle_min = 4 * std::acos(cosine) / degree;
        const double minutes =
            minutes_a_day / 2 - 4 * place.lon - sun.equation_of_time_min + side * hour_angle_min;
        guess = day + std::chrono::microseconds{std::llround(minutes * 60e6)};
    }
    return guess;
}

}  // namespace

double solar_elevation_deg(Instant instant, LonLat place) {
    const SunPosition sun = sun_position(instant);
    const double solar_min = minutes_of_day(instant) + sun.equation_of_time_min + 4 * place.lon;
    const double hour_angle = (solar_min / 4 - 180) * degree;
    const double latitude = place.lat * degree;
    const double sine = std::sin(latitude) * std::sin(sun.declination) +
                        std::cos(latitude) * std::cos(sun.declination) * std::cos(hour_angle);
    return std::asin(std::clamp(sine, -1.0, 1.0)) / degree;
}

std::optional<SunTimes> sun_times(std::chrono::sys_days day, LonLat place, double elevation_deg) {
    const Instant noon =
        day + std::chrono::microseconds{std::llround((minutes_a_day / 2 - 4 * place.lon) * 60e6)};
    const auto rise = crossing(day, place, elevation_deg, -1, noon);
    const auto set = crossing(day, place, elevation_deg, 1, noon);
    if (!rise || !set) return std::nullopt;
    return SunTimes{*rise, *set};
}

}  // namespace vigie::base
