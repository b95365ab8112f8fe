// Light points and their cabinets.
#include "sim/random.hpp"
#include "sim/readings.hpp"

namespace vigie::sim {

namespace {
constexpr double photocell_spread_deg = 0.7;
constexpr double cabinet_own_w = 14;  // controller, modem, meter

double mains_v(const Device& device, std::uint64_t seed, const Surroundings& around) {
    const double wander = wandering(seed, device.number, hours_since_1970(around.moment.at));
    return to_tenths(229.5 + 3.5 * wander + 2.5 * (trait(device, 3) - 0.5));
}
}  // namespace

bool feeders_wanted(const Device& cabinet, std::uint64_t seed, const Moment& moment) {
    const double cell =
        dusk_deg + photocell_spread_deg * (2 * unit_of(seed, cabinet.number, 11) - 1);
    return moment.sun_deg < cell;
}

Readings light_point_readings(const Device& device, std::uint64_t seed, const Surroundings& around,
                              bool failed) {
    const double level = lighting_level(around.moment.hour);
    const double noise =
        unit_of(seed, device.number, tick_of(around.moment.at, std::chrono::minutes{1}));
    const double power = failed ? 0 : device.load_w * level * (0.985 + 0.03 * noise);
    // Lamps differ in age: up to twelve years of nights before the count began.
    const double hours = 48'000 * trait(device, 5) + around.burnt.lit;
    return {{"power_w", to_tenths(power)},
            {"level_pct", to_whole(100 * level)},
            {"lamp_on", !failed},
            {"voltage_v", mains_v(device, seed, around)},
            {"burning_hours_h", to_tenths(hours)},
            {"fault", std::string_view(failed ? "lamp_failure" : "none")}};
}

Readings last_gasp() {
    return {{"power_w", 0.0},
            {"lamp_on", false},
            {"voltage_v", 0.0},
            {"fault", std::string_view("supply_loss")}};
}

Readings cabinet_readings(const Device& device, std::uint64_t seed, const Surroundings& around,
                          bool tripped) {
    const bool on = !tripped && feeders_wanted(device, seed, around.moment);
    const double noise =
        unit_of(seed, device.number, tick_of(around.moment.at, std::chrono::minutes{1}));
    const double lights =
        on ? device.load_w * lighting_level(around.moment.hour) * (0.99 + 0.02 * noise) : 0;
    const double energy = 250'000 * trait(device, 7) + device.load_w / 1'000 * around.burnt.full;
    return {{"feeder_on", on},
            {"breaker_tripped", tripped},
            {"door_open", false},
            {"power_w", to_tenths(lights + cabinet_own_w)},
            {"voltage_v", mains_v(device, seed, around)},
            {"energy_kwh", to_tenths(energy)}};
}

}  // namespace vigie::sim
