// Instants, clocks and their text.
//
// An Instant is a point of UTC with microseconds, the resolution of PostgreSQL's timestamptz. Text
// is RFC 3339; what is written ends in Z. Nothing reads the machine's clock but through a Clock, so
// that a test owns time.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace vigie::base {

using Instant = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;
// A point of a clock that only runs forward, whatever is done to the machine's clock: for time
// limits and intervals inside one run. It counts from nowhere in particular.
using SteadyInstant = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// "2026-11-22T18:04:05.120Z"; milliseconds unless the instant has a finer part (then microseconds),
// none if whole.
[[nodiscard]] std::string to_rfc3339(Instant instant);

// RFC 3339 with a mandatory zone ("Z" or "+01:00"); a fraction of any length is cut to
// microseconds. A leap second
// ":60" is taken as the next second. Nothing else is accepted. Range: years 1970 to 2199.
[[nodiscard]] std::optional<Instant> parse_rfc3339(std::string_view text);

// Since 1970-01-01T00:00:00Z.
[[nodiscard]] constexpr std::int64_t epoch_us(Instant instant) {
    return instant.time_since_epoch().count();
}
[[nodiscard]] constexpr std::int64_t epoch_ms(Instant instant) {
    return std::chrono::floor<std::chrono::milliseconds>(instant).time_since_epoch().count();
}
[[nodiscard]] constexpr Instant from_epoch_ms(std::int64_t ms) {
    return Instant{std::chrono::milliseconds{ms}};
}
[[nodiscard]] constexpr Instant from_epoch_us(std::int64_t us) {
    return Instant{std::chrono::microseconds{us}};
}

// Thread-safe.
class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual SteadyInstant steady() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] SteadyInstant steady() const override;
};

// A clock that stands still until it is moved: time passes with advance(), and somebody sets the
// machine's clock with set().
class ManualClock final : public Clock {
public:
    explicit ManualClock(Instant start) : now_(start) {}
    [[nodiscard]] Instant now() const override {
        const std::lock_guard lock(mutex_);
        return now_;
    }
    [[nodiscard]] SteadyInstant steady() const override {
        const std::lock_guard lock(mutex_);
        return steady_;
    }
    void set(Instant instant) {
        const std::lock_guard lock(mutex_);
        now_ = instant;
    }
    void advance(Duration duration) {
        const std::lock_guard lock(mutex_);
        now_ += duration;
        steady_ += duration;
    }

private:
    mutable std::mutex mutex_;
    Instant now_;
    SteadyInstant steady_{std::chrono::hours{1}};
};

}  // namespace vigie::base
