// Real time and the city's time. At speed 1 they are the same, or a fixed step apart; faster, the
// city's day runs faster, but a report is always stamped with the real instant it stands for.
#pragma once

#include "vigie/base/time.hpp"

namespace vigie::sim {

class SimClock {
public:
    // From `real_start` on, the city lives from `city_start`, `speed` times as fast.
    SimClock(base::Instant real_start, base::Instant city_start, double speed)
        : real_start_(real_start), city_start_(city_start), speed_(speed) {}

    [[nodiscard]] base::Instant to_city(base::Instant real) const {
        return city_start_ + scaled(real - real_start_, speed_);
    }
    // Whole milliseconds: what devices write.
    [[nodiscard]] base::Instant to_real(base::Instant city) const {
        return std::chrono::floor<std::chrono::milliseconds>(
            real_start_ + scaled(city - city_start_, 1 / speed_));
    }

private:
    static base::Duration scaled(base::Duration duration, double factor) {
        return std::chrono::duration_cast<base::Duration>(
            std::chrono::duration<double, std::micro>(duration) * factor);
    }
    base::Instant real_start_;
    base::Instant city_start_;
    double speed_;
};

}  // namespace vigie::sim
