#include "sim/weather.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/random.hpp"

namespace vigie::sim {

namespace {
// Streams of chance of the sky, apart from those of devices.
enum Sky : std::uint64_t { warmth = 1, cloud = 2, wind = 3, shower = 4, pressure = 5, damp = 6 };

double hours_of(base::Instant at) {
    return std::chrono::duration<double, std::ratio<3600>>(at.time_since_epoch()).count();
}
}  // namespace

double dew_point_of(double air_c, double humidity_pct) {
    const double part =
        std::log(std::max(1.0, humidity_pct) / 100) + 17.62 * air_c / (243.12 + air_c);
    return 243.12 * part / (17.62 - part);
}

std::string_view road_condition(double road_c, double air_c, double rain_mm_h,
                                double humidity_pct) {
    if (rain_mm_h > 0.05) {
        if (air_c < 0.5 && road_c < 1.5) return "snow";
        return road_c < 0 ? "ice" : "wet";
    }
    if (humidity_pct > 94) return road_c < 0 ? "ice" : "moist";
    return "dry";
}

CityWeather weather_at(std::uint64_t seed, const Moment& moment) {
    const double hours = hours_of(moment.at);
    const double clouds =
        0.5 + 0.5 * wandering(seed, Sky::cloud, hours / 9);  // 0 clear, 1 overcast
    const double sun = std::max(0.0, std::sin(moment.sun_deg * std::numbers::pi / 180));
    CityWeather sky;
    // Warmest two hours after noon.
    const double day_wave = std::cos(2 * std::numbers::pi * (moment.hour - 14.5) / 24);
    sky.air_c = 11.5 + 9.5 * moment.season + (4.2 - 2.6 * clouds) * day_wave +
                5.0 * wandering(seed, Sky::warmth, hours / 60);
    sky.road_c = sky.air_c + 16 * sun * (1 - 0.75 * clouds) -
                 (moment.sun_deg < 0 ? 2.2 * (1 - clouds) : 0.0);
    const double shower = wandering(seed, Sky::shower, hours / 2.5) + clouds - 1.15;
    sky.rain_mm_h = std::max(0.0, 6 * shower);
    sky.humidity_pct =
        std::clamp(72 - 9 * day_wave - 8 * moment.season +
                       14 * wandering(seed, Sky::damp, hours / 14) + (sky.rain_mm_h > 0 ? 14 : 0),
                   18.0, 100.0);
    sky.dew_point_c = dew_point_of(sky.air_c, sky.humidity_pct);
    sky.wind_ms = std::max(0.2, 3.2 + 3.0 * wandering(seed, Sky::wind, hours / 5));
    sky.pressure_hpa = 1'016 + 15 * wandering(seed, Sky::pressure, hours / 70);
    sky.visibility_m = std::clamp(
        18'000 - 2'400 * sky.rain_mm_h - (sky.humidity_pct > 97 ? 16'500.0 : 0.0), 150.0, 20'000.0);
    return sky;
}

}  // namespace vigie::sim
