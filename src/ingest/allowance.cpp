#include "vigie/ingest/allowance.hpp"

#include <algorithm>
#include <cmath>

namespace vigie::ingest {

namespace {

Rate of_drops(Rate messages) {
    return {messages.per_second * Allowance::dropped_per_taken,
            messages.burst * Allowance::dropped_per_taken};
}

}  // namespace

void Bucket::fill(base::SteadyInstant now) {
    const base::Duration passed = filled_at_ ? now - *filled_at_ : base::Duration{0};
    if (filled_at_ && passed <= base::Duration{0}) return;
    filled_at_ = now;
    const double seconds = std::chrono::duration<double>(passed).count();
    tokens_ = std::min(rate_.burst, tokens_ + seconds * rate_.per_second);
}

base::Duration Bucket::wait_for(double wanted, base::SteadyInstant now) {
    if (rate_.per_second <= 0) return base::Duration{0};
    fill(now);
    const double missing = std::min(wanted, rate_.burst) - tokens_;
    if (missing <= 0) return base::Duration{0};
    // Whole microseconds, rounded up: after the wait it is there.
    constexpr double us_max = 1e15;
    const double us = std::ceil(missing / rate_.per_second * 1e6);
    return base::Duration{static_cast<std::int64_t>(std::clamp(us, 1.0, us_max))};
}

void Bucket::give_back(double amount) {
    if (rate_.per_second > 0) tokens_ = std::min(rate_.burst, tokens_ + amount);
}

void Bucket::set(Rate rate) {
    const bool was_free = rate_.per_second <= 0;
    rate_ = rate;
    tokens_ = was_free ? rate.burst : std::min(tokens_, rate.burst);
}

Allowance::Allowance(AllowanceLimits limits)
    : limits_(limits),
      messages_(limits.messages),
      values_(limits.values),
      drops_(of_drops(limits.messages)),
      connects_(limits.messages) {}

bool Allowance::is_refused(base::SteadyInstant now) {
    if (above_since_ && now - made_wait_at_ >= forgotten_after) above_since_.reset();
    return above_since_ && now - *above_since_ >= limits_.borne;
}

Admission Allowance::admit(base::SteadyInstant now) {
    const std::lock_guard lock(mutex_);
    if (is_refused(now))
        return {Admission::Kind::refuse, made_wait_at_ + forgotten_after - now, exceeded_};
    const auto for_message = messages_.wait_for(1, now);
    const auto for_values = values_.wait_for(1, now);
    const auto wait = std::max(for_message, for_values);
    if (wait == base::Duration{0}) {
        messages_.take(1);
        return {};
    }
    if (!above_since_) above_since_ = now;
    made_wait_at_ = now;
    exceeded_ = for_values > for_message ? Exceeded::values : Exceeded::messages;
    return {Admission::Kind::wait, wait, exceeded_};
}

void Allowance::charge_values(std::size_t count) {
    const std::lock_guard lock(mutex_);
    values_.take(static_cast<double>(count));
}

void Allowance::give_back(std::size_t values) {
    const std::lock_guard lock(mutex_);
    messages_.give_back(1);
    values_.give_back(static_cast<double>(values));
}

base::Duration Allowance::drop(base::SteadyInstant now) {
    const std::lock_guard lock(mutex_);
    const auto wait = drops_.wait_for(1, now);
    if (wait == base::Duration{0}) drops_.take(1);
    return wait;
}

std::optional<base::Duration> Allowance::connect_in(base::SteadyInstant now) {
    const std::lock_guard lock(mutex_);
    const auto wait = connects_.wait_for(1, now);
    if (wait > base::Duration{0}) return wait;
    connects_.take(1);
    return std::nullopt;
}

std::optional<base::Duration> Allowance::refused_for(base::SteadyInstant now) {
    const std::lock_guard lock(mutex_);
    if (!is_refused(now)) return std::nullopt;
    return made_wait_at_ + forgotten_after - now;
}

std::size_t Allowance::message_bytes_max() const {
    const std::lock_guard lock(mutex_);
    return limits_.message_bytes_max;
}

void Allowance::set(const AllowanceLimits& limits) {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
    messages_.set(limits.messages);
    values_.set(limits.values);
    drops_.set(of_drops(limits.messages));
    connects_.set(limits.messages);
}

}  // namespace vigie::ingest
