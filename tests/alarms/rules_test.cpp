#include "vigie/alarms/rules.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vigie::alarms {
namespace {

using assets::Condition;
using namespace std::chrono_literals;

constexpr base::Instant rules_noon = base::from_epoch_ms(1'795'348'800'000);

assets::Rule rule_on(Condition condition, double limit, double dead_band) {
    assets::Rule rule;
    rule.condition = condition;
    rule.limit = limit;
    rule.dead_band = dead_band;
    return rule;
}

TEST(AlarmRules, MeetsByConditionAndDeadBand) {
    const auto above = rule_on(Condition::above, 50, 5);
    const auto below = rule_on(Condition::below, 10, 2);
    auto is = rule_on(Condition::is, 0, 0);
    is.values = {2, 4};
    struct Case {
        const assets::Rule& rule;
        double value;
        bool stands;
        bool expected;
    };
    const Case cases[] = {
        {above, 50, false, false}, {above, 50.1, false, true}, {above, 45.1, true, true},
        {above, 45, true, false},  {above, 47, false, false},  {below, 10, false, false},
        {below, 9.9, false, true}, {below, 11.9, true, true},  {below, 12, true, false},
        {is, 2, false, true},      {is, 4, true, true},        {is, 3, true, false},
    };
    for (const auto& [rule, value, stands, expected] : cases) {
        EXPECT_EQ(meets(rule, value, stands), expected) << value << " stands " << stands;
    }
}

// A story is a list of steps: an observation (value at an instant) or the clock coming to an
// instant.
struct RuleStep {
    int second;
    std::optional<double> value;  // nothing: the clock
    Outcome outcome;
    int at{};
};

void tell(const assets::Rule& rule, const std::vector<RuleStep>& steps) {
    Memory memory;
    for (const auto& [second, value, outcome, at] : steps) {
        SCOPED_TRACE(second);
        const auto now = rules_noon + std::chrono::seconds(second);
        const auto decision =
            value ? observe(rule, memory, *value, now) : elapse(rule, memory, now);
        EXPECT_EQ(decision.outcome, outcome);
        if (outcome != Outcome::nothing) {
            EXPECT_EQ(decision.at, rules_noon + std::chrono::seconds(at));
        }
    }
}

TEST(AlarmRules, WithoutDelayRaisesAndReturnsAtOnce) {
    tell(rule_on(Condition::above, 50, 0), {{0, 49, Outcome::nothing},
                                            {10, 51, Outcome::raised, 10},
                                            {20, 52, Outcome::nothing},
                                            {30, 50, Outcome::came_back, 30},
                                            {40, 51, Outcome::raised, 40}});
}

TEST(AlarmRules, DelaysCountInEventTimeAndByTheClock) {
    auto rule = rule_on(Condition::above, 50, 0);
    rule.delay_on = 60s;
    rule.delay_off = 30s;
    // Ended by an observation: as of when it began.
    tell(rule, {{0, 51, Outcome::nothing},
                {59, 51, Outcome::nothing},
                {60, 51, Outcome::raised, 0},
                {70, 10, Outcome::nothing},
                {80, 51, Outcome::nothing},
                {90, 10, Outcome::nothing},
                {120, 10, Outcome::came_back, 90}});
    // Ended by the clock, at the instant and not before.
    tell(rule, {{0, 51, Outcome::nothing},
                {59, std::nullopt, Outcome::nothing},
                {60, std::nullopt, Outcome::raised, 0},
                {61, std::nullopt, Outcome::nothing},
                {70, 10, Outcome::nothing},
                {99, std::nullopt, Outcome::nothing},
                {100, std::nullopt, Outcome::came_back, 70}});
    // A blip shorter than the delay leaves no trace.
    tell(rule, {{0, 51, Outcome::nothing},
                {30, 10, Outcome::nothing},
                {60, std::nullopt, Outcome::nothing},
                {65, 51, Outcome::nothing},
                {124, std::nullopt, Outcome::nothing},
                {125, std::nullopt, Outcome::raised, 65}});
}

TEST(AlarmRules, WhatIsOvertakenRaisesNothingUnlessItLasts) {
    const auto rule = rule_on(Condition::above, 50, 0);
    Memory memory;
    EXPECT_EQ(observe(rule, memory, 51, rules_noon, false).outcome, Outcome::nothing);
    EXPECT_EQ(observe(rule, memory, 10, rules_noon + 1s).outcome, Outcome::nothing);
    EXPECT_EQ(observe(rule, memory, 51, rules_noon + 2s, false).outcome, Outcome::nothing);
    const auto decision = observe(rule, memory, 52, rules_noon + 3s);
    EXPECT_EQ(decision.outcome, Outcome::raised);
    EXPECT_EQ(decision.at, rules_noon + 2s);
}

TEST(AlarmRules, DueSaysWhenTheClockMatters) {
    auto rule = rule_on(Condition::below, 10, 0);
    rule.delay_on = 5s;
    Memory memory;
    EXPECT_EQ(due(rule, memory), std::nullopt);
    EXPECT_EQ(observe(rule, memory, 1, rules_noon).outcome, Outcome::nothing);
    EXPECT_EQ(due(rule, memory), rules_noon + 5s);
    EXPECT_EQ(elapse(rule, memory, rules_noon + 5s).outcome, Outcome::raised);
    EXPECT_EQ(due(rule, memory), std::nullopt);
}

TEST(AlarmRules, SilenceRunsFromWhereItIsTold) {
    assets::Kind kind;
    kind.reporting_period = 60s;
    assets::Rule rule;
    rule.condition = Condition::silent;
    rule.silent_periods = 2.5;
    EXPECT_EQ(silent_at(rule, kind, rules_noon), rules_noon + 150s);
    EXPECT_EQ(silent_at(rule, kind, std::nullopt), std::nullopt);
}

TEST(AlarmRules, AgeFollowsPeriodAndLimit) {
    assets::Kind kind;
    kind.reporting_period = 60s;
    kind.late_limit = 3600s;
    EXPECT_EQ(age_of(kind, rules_noon, rules_noon + 60s), Age::timely);
    EXPECT_EQ(age_of(kind, rules_noon, rules_noon + 61s), Age::late);
    EXPECT_EQ(age_of(kind, rules_noon, rules_noon + 3600s), Age::late);
    EXPECT_EQ(age_of(kind, rules_noon, rules_noon + 3601s), Age::too_late);
}

}  // namespace
}  // namespace vigie::alarms
