// Signal junctions, traffic detectors, cameras, car parks, vehicles.
#include <algorithm>
#include <array>

#include "sim/random.hpp"
#include "sim/readings.hpp"

namespace vigie::sim {

namespace {

// A value for each hour of the day, read in between on straight lines.
using Curve = std::array<double, 24>;

double read_curve(const Curve& curve, double hour) {
    const double whole = std::floor(hour);
    const auto from = static_cast<std::size_t>(whole) % 24;
    return std::lerp(curve[from], curve[(from + 1) % 24], hour - whole);
}

// Share of the busiest hour's traffic: two rush hours, and a softer Saturday and Sunday.
constexpr Curve traffic_weekday{0.10, 0.06, 0.04, 0.04, 0.07, 0.20, 0.48, 0.88,
                                0.98, 0.72, 0.60, 0.62, 0.72, 0.68, 0.62, 0.66,
                                0.82, 1.00, 0.97, 0.72, 0.48, 0.34, 0.26, 0.17};
constexpr Curve traffic_weekend{0.22, 0.16, 0.11, 0.08, 0.07, 0.09, 0.15, 0.24,
                                0.36, 0.52, 0.64, 0.68, 0.62, 0.56, 0.62, 0.66,
                                0.68, 0.66, 0.60, 0.48, 0.38, 0.32, 0.30, 0.26};

// Share of places taken, by what a car park lives from.
constexpr Curve parking_offices{0.12, 0.12, 0.12, 0.12, 0.12, 0.13, 0.18, 0.38,
                                0.72, 0.90, 0.94, 0.93, 0.84, 0.86, 0.92, 0.91,
                                0.84, 0.64, 0.40, 0.26, 0.20, 0.16, 0.14, 0.13};
constexpr Curve parking_shops{0.10, 0.09, 0.09, 0.09, 0.09, 0.09, 0.10, 0.14,
                              0.24, 0.42, 0.60, 0.70, 0.66, 0.64, 0.74, 0.84,
                              0.90, 0.92, 0.84, 0.70, 0.58, 0.44, 0.28, 0.16};
constexpr Curve parking_homes{0.86, 0.88, 0.88, 0.88, 0.88, 0.86, 0.80, 0.66,
                              0.50, 0.44, 0.42, 0.42, 0.46, 0.44, 0.42, 0.44,
                              0.50, 0.60, 0.72, 0.78, 0.82, 0.84, 0.85, 0.86};

double traffic_share(const Moment& moment) {
    return read_curve(moment.is_weekend() ? traffic_weekend : traffic_weekday, moment.hour);
}

int signal_plan(const Moment& moment) {
    if (moment.hour < 6 || moment.hour >= 22) return 1;
    if (moment.is_weekend()) return 5;
    if (moment.hour < 9.5) return 2;
    return moment.hour >= 16 && moment.hour < 19.5 ? 4 : 3;
}

}  // namespace

Readings junction_readings(const Device& /*device*/, std::uint64_t /*seed*/,
                           const Surroundings& around, bool flashing_amber) {
    return {{"mode", std::string_view(flashing_amber ? "flashing_amber" : "plan")},
            {"plan", static_cast<double>(signal_plan(around.moment))},
            {"lamp_faults", 0.0},
            {"fault", std::string_view("none")}};
}

Readings detector_readings(const Device& device, std::uint64_t seed, const Surroundings& around,
                           bool stuck) {
    const double busiest = 280 + 900 * trait(device, 1);  // vehicles an hour and lane
    const double wander = wandering(seed, device.number, hours_since_1970(around.moment.at) * 3);
    const double noise =
        unit_of(seed, device.number, tick_of(around.moment.at, std::chrono::minutes{1}));
    const double share =
        std::max(0.0, traffic_share(around.moment) * (1 + 0.16 * wander) * (0.8 + 0.4 * noise));
    const double flow = busiest * share;
    const double wet = around.weather.rain_mm_h > 0.05 ? 0.92 : 1.0;
    const double speed = (52 - 26 * std::min(1.2, share) * (0.6 + 0.4 * trait(device, 2))) * wet;
    // Vehicles of 6 m over a loop of 2 m.
    const double occupancy = std::min(100.0, flow * 0.008 / speed * 100);
    return {{"flow_veh_h", to_whole(flow)},
            {"occupancy_pct", to_tenths(occupancy)},
            {"speed_kmh", to_tenths(speed)},
            {"status", std::string_view(stuck ? "stuck_on" : "ok")}};
}

Readings camera_readings(const Device& device, std::uint64_t seed, const Surroundings& around) {
    const double wander = wandering(seed, device.number, hours_since_1970(around.moment.at) * 2);
    return {{"online", true},
            {"recording", true},
            {"signal_quality_pct", to_whole(95 + 3 * trait(device, 1) + 2 * wander)}};
}

Readings car_park_readings(const Device& device, std::uint64_t seed, const Surroundings& around) {
    const Moment& moment = around.moment;
    const double life = trait(device, 1);
    const Curve& curve = life < 0.4 ? parking_offices : life < 0.75 ? parking_shops : parking_homes;
    // Offices rest at the weekend, shops on Sunday.
    const bool rests = life < 0.4 ? moment.is_weekend() : life < 0.75 && moment.weekday == 0;
    const double wander = wandering(seed, device.number, hours_since_1970(moment.at) * 1.5);
    const double noise = unit_of(seed, device.number, tick_of(moment.at, std::chrono::minutes{1}));
    const double taken =
        read_curve(curve, moment.hour) * (rests ? 0.35 : 1.0) * (0.9 + 0.2 * trait(device, 2)) +
        0.05 * wander + 0.01 * (noise - 0.5);
    const double occupied =
        std::clamp(to_whole(device.capacity * taken), 0.0, static_cast<double>(device.capacity));
    const bool open = life >= 0.75 || (moment.hour >= 6 && moment.hour < 23.5);
    return {{"free", device.capacity - occupied}, {"occupied", occupied}, {"open", open}};
}

Readings vehicle_readings(const Device& device, const VehicleState& state,
                          const Surroundings& around) {
    const CityWeather& sky = around.weather;
    const auto road = road_condition(sky.road_c, sky.air_c, sky.rain_mm_h, sky.humidity_pct);
    const bool moving = state.speed_kmh > 1;
    Readings readings{{"position", state.place},
                      {"speed_kmh", to_tenths(state.speed_kmh)},
                      {"heading_deg", std::fmod(to_whole(state.heading_deg), 360.0)},
                      {"ignition", state.ignition}};
    if (device.equipment == WinterEquipment::none) return readings;
    const bool ploughs = device.equipment != WinterEquipment::spreader;
    const bool spreads = device.equipment != WinterEquipment::plough;
    const bool spreading = spreads && moving && (road == "ice" || road == "snow");
    readings.push_back({"blade_down", ploughs && moving && road == "snow"});
    readings.push_back({"spreading", spreading});
    readings.push_back({"spread_gm2", spreading ? (road == "snow" ? 25.0 : 15.0) : 0.0});
    return readings;
}

}  // namespace vigie::sim
