// Air-quality and weather stations.
#include <algorithm>

#include "sim/random.hpp"
#include "sim/readings.hpp"

namespace vigie::sim {

namespace {

// Two waves a day, after the rush hours.
double rush_wave(const Moment& moment) {
    const auto hill = [&](double hour, double width) {
        const double away = (moment.hour - hour) / width;
        return std::exp(-away * away);
    };
    const double week = moment.is_weekend() ? 0.45 : 1.0;
    return week * (hill(8.5, 1.8) + 0.9 * hill(18.5, 2.2));
}

}  // namespace

Readings air_readings(const Device& device, std::uint64_t seed, const Surroundings& around) {
    const Moment& moment = around.moment;
    const double hours = hours_since_1970(moment.at);
    // Wind carries it away, rain washes it out, winter heats with wood.
    const double stale = std::clamp(1.5 - around.weather.wind_ms / 6, 0.5, 1.5);
    const double washed = around.weather.rain_mm_h > 0.5 ? 0.75 : 1.0;
    const double town = 0.6 + 0.8 * trait(device, 1);
    const double wander = 1 + 0.25 * wandering(seed, device.number, hours / 4);
    const double winter = 1 - 0.35 * moment.season;
    const double sun = std::max(0.0, moment.sun_deg) / 60;
    const double no2 = (9 + 26 * rush_wave(moment)) * town * stale * wander * winter;
    const double pm10 = (13 + 7 * rush_wave(moment)) * stale * washed * wander * winter;
    const double pm25 = 0.62 * pm10 * (0.95 + 0.1 * trait(device, 2));
    const double o3 = std::max(2.0, 34 + 62 * sun * (1 + 0.3 * moment.season) - 0.5 * no2);
    return {{"no2_ugm3", to_tenths(no2)},
            {"o3_ugm3", to_tenths(o3 * (0.9 + 0.2 * trait(device, 3)))},
            {"pm10_ugm3", to_tenths(pm10)},
            {"pm25_ugm3", to_tenths(pm25)},
            {"so2_ugm3", to_tenths(1.8 * wander * winter)},
            {"co_ugm3", to_whole((190 + 160 * rush_wave(moment)) * town * stale * winter)}};
}

Readings weather_readings(const Device& device, std::uint64_t seed, const Surroundings& around) {
    const CityWeather& sky = around.weather;
    const double noise =
        unit_of(seed, device.number, tick_of(around.moment.at, std::chrono::minutes{5}));
    // Heights and valleys: a station keeps its own difference.
    const double air = sky.air_c + 2.4 * (trait(device, 1) - 0.5) + 0.2 * (noise - 0.5);
    const double humidity =
        std::clamp(sky.humidity_pct + 8 * (trait(device, 2) - 0.5) + noise, 5.0, 100.0);
    Readings readings{
        {"air_temperature_c", to_tenths(air)},
        {"humidity_pct", to_tenths(humidity)},
        {"dew_point_c", to_tenths(dew_point_of(air, humidity))},
        {"wind_speed_ms", to_tenths(sky.wind_ms * (0.7 + 0.6 * trait(device, 3)) + 0.6 * noise)},
        {"rain_mm_h", to_tenths(sky.rain_mm_h)},
        {"pressure_hpa", to_tenths(sky.pressure_hpa)},
        {"visibility_m", to_whole(sky.visibility_m / 10) * 10}};
    if (!device.on_road) return readings;
    const double road = sky.road_c + 3.0 * (trait(device, 4) - 0.5);
    readings.push_back({"road_temperature_c", to_tenths(road)});
    readings.push_back({"road_condition", road_condition(road, air, sky.rain_mm_h, humidity)});
    return readings;
}

}  // namespace vigie::sim
