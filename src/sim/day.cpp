#include "sim/day.hpp"

#include <date/tz.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "vigie/base/sun.hpp"

namespace vigie::sim {

namespace {
constexpr base::Instant meters_start =
    std::chrono::sys_days{std::chrono::year{2026} / std::chrono::January / 1};
constexpr std::chrono::minutes meter_step{10};
constexpr double meter_step_h = 1.0 / 6.0;
}  // namespace

LocalDay::LocalDay(const std::string& zone, base::LonLat centre)
    : zone_(date::locate_zone(zone)), centre_(centre) {}

Moment LocalDay::at(base::Instant instant) const {
    const auto offset = zone_->get_info(std::chrono::floor<std::chrono::seconds>(instant)).offset;
    const base::Instant local = instant + offset;
    const auto midnight = std::chrono::floor<std::chrono::days>(local);
    Moment moment;
    moment.at = instant;
    moment.hour = std::chrono::duration<double, std::ratio<3600>>(local - midnight).count();
    moment.day = static_cast<int>(midnight.time_since_epoch().count());
    moment.weekday =
        static_cast<int>(std::chrono::weekday{std::chrono::sys_days{midnight}}.c_encoding());
    moment.sun_deg = base::solar_elevation_deg(instant, centre_);
    const double year_part = std::fmod(moment.day - 15.0, 365.2425) / 365.2425;
    moment.season = -std::cos(2 * std::numbers::pi * year_part);
    return moment;
}

double lighting_level(double hour) {
    if (hour >= 22.5 || hour < 0.5) return 0.7;
    if (hour < 5.0) return 0.4;
    if (hour < 6.0) return 0.7;
    return 1.0;
}

BurningHours::Hours BurningHours::at(base::Instant instant) {
    if (instant <= meters_start) return {};
    const double steps =
        std::chrono::duration<double, std::ratio<600>>(instant - meters_start).count();
    const auto whole = static_cast<std::size_t>(steps);
    while (sums_.size() < whole + 2) {
        const Moment middle =
            local_day_.at(meters_start + meter_step * static_cast<std::int64_t>(sums_.size() - 1) +
                          meter_step / 2);
        Hours sum = sums_.back();
        if (middle.sun_deg < dusk_deg) {
            sum.lit += meter_step_h;
            sum.full += meter_step_h * lighting_level(middle.hour);
        }
        sums_.push_back(sum);
    }
    const double part = steps - static_cast<double>(whole);
    const Hours& from = sums_[whole];
    const Hours& to = sums_[whole + 1];
    return {std::lerp(from.lit, to.lit, part), std::lerp(from.full, to.full, part)};
}

}  // namespace vigie::sim
