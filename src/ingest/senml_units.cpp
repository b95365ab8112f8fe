#include "ingest/senml_units.hpp"

#include <algorithm>

namespace vigie::ingest {

namespace {

enum class Quantity {
    length,
    time,
    temperature,
    power,
    energy,
    voltage,
    current,
    pressure,
    speed,
    share,
    angle,
    rain,
    density,
    counted,
    flow,
    frequency,
    illuminance,
    luminous_flux,
    sound,
    mass,
};

// value in the quantity's own unit = value * factor + offset
struct Unit {
    std::string_view name;
    Quantity quantity;
    double factor{1};
    double offset{0};
};

constexpr Unit units[] = {
    {"m", Quantity::length},
    {"km", Quantity::length, 1'000},
    {"cm", Quantity::length, 0.01},
    {"mm", Quantity::length, 0.001},
    {"s", Quantity::time},
    {"ms", Quantity::time, 0.001},
    {"min", Quantity::time, 60},
    {"h", Quantity::time, 3'600},
    {"Cel", Quantity::temperature},
    {"°C", Quantity::temperature},
    {"K", Quantity::temperature, 1, -273.15},
    {"W", Quantity::power},
    {"kW", Quantity::power, 1'000},
    {"J", Quantity::energy},
    {"Wh", Quantity::energy, 3'600},
    {"kWh", Quantity::energy, 3'600'000},
    {"V", Quantity::voltage},
    {"mV", Quantity::voltage, 0.001},
    {"A", Quantity::current},
    {"mA", Quantity::current, 0.001},
    {"Pa", Quantity::pressure},
    {"hPa", Quantity::pressure, 100},
    {"m/s", Quantity::speed},
    {"km/h", Quantity::speed, 1 / 3.6},
    {"/", Quantity::share},
    {"%", Quantity::share, 0.01},
    {"%RH", Quantity::share, 0.01},
    {"%EL", Quantity::share, 0.01},
    {"deg", Quantity::angle},
    {"°", Quantity::angle},
    {"rad", Quantity::angle, 57.29577951308232},
    {"mm/h", Quantity::rain},
    {"kg/m3", Quantity::density},
    {"ug/m3", Quantity::density, 1e-9},
    {"µg/m³", Quantity::density, 1e-9},
    {"count", Quantity::counted},
    {"places", Quantity::counted},
    {"m3/s", Quantity::flow},
    {"l/s", Quantity::flow, 0.001},
    {"Hz", Quantity::frequency},
    {"1/s", Quantity::frequency},
    {"1/min", Quantity::frequency, 1.0 / 60},
    {"veh/h", Quantity::frequency, 1.0 / 3'600},
    {"lx", Quantity::illuminance},
    {"lm", Quantity::luminous_flux},
    {"dB", Quantity::sound},
    {"kg", Quantity::mass},
    {"g", Quantity::mass, 0.001},
};

const Unit* find_unit(std::string_view name) {
    const auto* found = std::ranges::find(units, name, &Unit::name);
    return found == std::end(units) ? nullptr : found;
}

}  // namespace

std::optional<double> in_unit(double value, std::string_view senml_unit,
                              std::string_view property_unit) {
    if (senml_unit == property_unit) return value;
    const Unit* from = find_unit(senml_unit);
    const Unit* to = find_unit(property_unit);
    if (from == nullptr || to == nullptr || from->quantity != to->quantity) return std::nullopt;
    // Two names of one unit: not a bit is lost.
    if (from->factor == to->factor && from->offset == to->offset) return value;
    return (value * from->factor + from->offset - to->offset) / to->factor;
}

}  // namespace vigie::ingest
