// What the device models share in writing down readings.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

#include "sim/device.hpp"

namespace vigie::sim {

// As a device of the trade would report: 0.1 W, not 0.1000000001 W.
[[nodiscard]] inline double to_tenths(double value) {
    return std::round(value * 10) / 10;
}
[[nodiscard]] inline double to_whole(double value) {
    return std::round(value);
}

// Counts whole steps of `step` since 1970: the tick of a device's chance.
[[nodiscard]] inline std::uint64_t tick_of(base::Instant at, std::chrono::seconds step) {
    return static_cast<std::uint64_t>(at.time_since_epoch() / step);
}
[[nodiscard]] inline double hours_since_1970(base::Instant at) {
    return std::chrono::duration<double, std::ratio<3600>>(at.time_since_epoch()).count();
}

// Chance of a device for one aspect of it, the same at every instant.
[[nodiscard]] double trait(const Device& device, std::uint64_t aspect);

}  // namespace vigie::sim
