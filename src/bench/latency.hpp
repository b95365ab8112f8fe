// Latencies, counted in steps of one per cent from a microsecond up to a minute and a half: exact
// enough for a percentile, and as cheap as an increment.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace vigie::bench {

class Latency {
public:
    void add(std::chrono::nanoseconds each) {
        const double us = std::max(1.0, static_cast<double>(each.count()) / 1e3);
        const auto step = static_cast<std::size_t>(std::log(us) * steps_per_e);
        ++counts_[std::min(step, counts_.size() - 1)];
        ++count_;
    }
    void clear() { *this = {}; }
    [[nodiscard]] std::uint64_t count() const { return count_; }

    // The upper edge of the step that holds it; `share` of 0.99 is p99.
    [[nodiscard]] double percentile_ms(double share) const {
        const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
        std::uint64_t seen = 0;
        for (std::size_t step = 0; step < counts_.size(); ++step) {
            seen += counts_[step];
            if (seen > wanted) return std::exp(static_cast<double>(step + 1) / steps_per_e) / 1e3;
        }
        return 0;
    }

private:
    static constexpr double steps_per_e = 100;
    std::array<std::uint64_t, 1840> counts_{};
    std::uint64_t count_{};
};

}  // namespace vigie::bench
