#include "vigie/alarms/rules.hpp"

#include <algorithm>

namespace vigie::alarms {

namespace {

using assets::Condition;

Decision stand_up(Memory& memory) {
    memory.phase = Phase::standing;
    return {Outcome::raised, memory.since};
}

Decision lie_down(Memory& memory, base::Instant at) {
    memory.phase = Phase::normal;
    memory.since = at;
    return {Outcome::came_back, at};
}

}  // namespace

bool meets(const assets::Rule& rule, double value, bool stands) {
    const double dead_band = stands ? rule.dead_band : 0.0;
    switch (rule.condition) {
        case Condition::above:
            return value > rule.limit - dead_band;
        case Condition::below:
            return value < rule.limit + dead_band;
        case Condition::is:
            return std::ranges::find(rule.values, value) != rule.values.end();
        case Condition::silent:
            return false;
    }
    return false;
}

void recall(const assets::Rule& rule, Memory& memory, double value, base::Instant observed_at) {
    const bool stood = memory.phase == Phase::standing || memory.phase == Phase::falling;
    const bool met = meets(rule, value, memory.phase != Phase::normal);
    if (stood) {
        if (met) {
            memory.phase = Phase::standing;
        } else if (memory.phase == Phase::standing) {
            memory = {Phase::falling, observed_at};
        }
    } else if (!met) {
        memory = {Phase::normal, observed_at};
    } else if (memory.phase == Phase::normal) {
        memory = {Phase::rising, observed_at};
    }
}

Decision observe(const assets::Rule& rule, Memory& memory, double value, base::Instant observed_at,
                 bool may_raise) {
    recall(rule, memory, value, observed_at);
    const auto lasts = observed_at - memory.since;
    if (memory.phase == Phase::rising && may_raise && lasts >= rule.delay_on)
        return stand_up(memory);
    if (memory.phase == Phase::falling && lasts >= rule.delay_off)
        return lie_down(memory, memory.since);
    return {};
}

std::optional<base::Instant> due(const assets::Rule& rule, const Memory& memory) {
    if (memory.phase == Phase::rising) return memory.since + rule.delay_on;
    if (memory.phase == Phase::falling) return memory.since + rule.delay_off;
    return std::nullopt;
}

Decision elapse(const assets::Rule& rule, Memory& memory, base::Instant now) {
    const auto at = due(rule, memory);
    if (!at || now < *at) return {};
    if (memory.phase == Phase::rising) return stand_up(memory);
    return lie_down(memory, memory.since);
}

std::optional<base::Instant> silent_at(const assets::Rule& rule, const assets::Kind& kind,
                                       std::optional<base::Instant> quiet_from) {
    if (!quiet_from || rule.silent_periods <= 0) return std::nullopt;
    const std::chrono::duration<double> period = kind.reporting_period;
    return *quiet_from + std::chrono::duration_cast<base::Duration>(period * rule.silent_periods) +
           rule.delay_on;
}

Age age_of(const assets::Kind& kind, base::Instant observed_at, base::Instant received_at) {
    const auto age = received_at - observed_at;
    if (age > kind.late_limit) return Age::too_late;
    return age > kind.reporting_period ? Age::late : Age::timely;
}

}  // namespace vigie::alarms
