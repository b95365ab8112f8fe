// How far a device's clock is off ours, as far as its messages tell. Pure.
//
// What a message took from its time to its arrival is its way, less what the device's clock is
// ahead. The promptest message of the last minutes had the shortest way: what is left of it is the
// estimate. A device whose every message waits that long looks the same as one that is behind.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "vigie/base/time.hpp"

namespace vigie::live {

class ClockSkew {
public:
    // The estimate follows from the messages of this window of arrival and the one before.
    static constexpr std::chrono::minutes window{10};
    static constexpr std::chrono::seconds told_beyond{30};

    // A message that had a time of its own and is no history.
    void hear(base::Instant observed_at, base::Instant received_at) {
        const auto now = static_cast<std::int32_t>(base::epoch_us(received_at) / window_us);
        const auto took = std::clamp<std::int64_t>(
            base::epoch_us(received_at) - base::epoch_us(observed_at), -took_us_max, took_us_max);
        const auto ms = static_cast<std::int32_t>(took / 1000);
        if (now + 1 == window_) {  // overtaken by a later one
            before_ms_ = std::min(before_ms_, ms);
            return;
        }
        if (now != window_) {
            before_ms_ = now == window_ + 1 ? least_ms_ : never;
            least_ms_ = never;
            window_ = now;
        }
        least_ms_ = std::min(least_ms_, ms);
    }

    // Positive: ahead of ours. Nothing: nothing was heard.
    [[nodiscard]] std::optional<std::chrono::milliseconds> estimate() const {
        const auto least = std::min(least_ms_, before_ms_);
        if (least == never) return std::nullopt;
        return std::chrono::milliseconds{-std::int64_t{least}};
    }
    [[nodiscard]] bool is_beyond() const {
        const auto skew = estimate();
        return skew && std::chrono::abs(*skew) > told_beyond;
    }

private:
    static constexpr std::int64_t window_us = std::chrono::microseconds{window}.count();
    static constexpr std::int64_t took_us_max = 2'000'000'000'000;  // 23 days: more says no more
    static constexpr std::int32_t never = std::numeric_limits<std::int32_t>::max();
    std::int32_t window_{};
    std::int32_t least_ms_{never};
    std::int32_t before_ms_{never};
};

}  // namespace vigie::live
