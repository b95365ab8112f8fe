#include "vigie/alarms/states.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vigie::alarms {
namespace {

constexpr State state_a{false, true, Suppression::none};
constexpr State state_b{true, false, Suppression::none};
constexpr State state_c{true, true, Suppression::none};
constexpr State state_d{false, false, Suppression::none};
constexpr State state_e_true{true, false, Suppression::shelved};
constexpr State state_e_false{false, true, Suppression::shelved};
constexpr State state_f_true{true, false, Suppression::by_design};
constexpr State state_f_false{false, true, Suppression::by_design};
constexpr State state_g_true{true, false, Suppression::out_of_service};
constexpr State state_g_false{false, true, Suppression::out_of_service};

struct StateCase {
    const char* name;
    State from;
    // In the order of Event: the letter it leads to, '-' where it is not allowed, upper case where
    // it announces, and '!' after the letter of a hidden state whose condition stands.
    const char* expected[event_count];
};

// ISA-18.2 (2016), table 4.2 of the design: raise, come_back, acknowledge, suppress, release,
// shelve, unshelve, shelf_over, remove_service, restore_service, re_alarm.
const StateCase state_cases[] = {
    {"A", state_a, {"B", "-", "-", "f", "-", "e", "-", "-", "g", "-", "-"}},
    {"B", state_b, {"-", "d", "c", "f!", "-", "e!", "-", "-", "g!", "-", "-"}},
    {"C", state_c, {"-", "a", "-", "f!", "-", "e!", "-", "-", "g!", "-", "B"}},
    {"D", state_d, {"B", "-", "a", "f", "-", "e", "-", "-", "g", "-", "-"}},
    {"E, true", state_e_true, {"-", "e", "-", "f!", "-", "-", "c", "B", "g!", "-", "-"}},
    {"E, false", state_e_false, {"e!", "-", "-", "f", "-", "-", "a", "a", "g", "-", "-"}},
    {"F, true", state_f_true, {"-", "f", "-", "-", "B", "-", "-", "-", "g!", "-", "-"}},
    {"F, false", state_f_false, {"f!", "-", "-", "-", "a", "-", "-", "-", "g", "-", "-"}},
    {"G, true", state_g_true, {"-", "g", "-", "-", "-", "-", "-", "-", "-", "B", "-"}},
    {"G, false", state_g_false, {"g!", "-", "-", "-", "-", "-", "-", "-", "-", "a", "-"}},
};

std::string outcome_of(const State& from, Event event) {
    const auto taken = step(from, event);
    if (!taken.allowed) {
        EXPECT_EQ(taken.to, from);
        EXPECT_FALSE(taken.announces);
        return "-";
    }
    const char base = taken.announces ? 'A' : 'a';
    std::string text(1, static_cast<char>(base + static_cast<int>(letter(taken.to))));
    if (taken.to.suppression != Suppression::none && taken.to.active) text += '!';
    return text;
}

TEST(AlarmStates, EveryStateAndEventLeadsWhereTheStandardSays) {
    for (const auto& [name, from, expected] : state_cases) {
        for (int i = 0; i < event_count; ++i) {
            const auto event = static_cast<Event>(i);
            EXPECT_EQ(outcome_of(from, event), expected[i]) << name << " + " << to_string(event);
        }
    }
}

TEST(AlarmStates, WhatIsExplainedIsHiddenAndLeavesNothingOver) {
    const Circumstance plain;
    const Circumstance explained{true, true};
    const Circumstance notice{false, false};
    EXPECT_EQ(decide(state_a, Event::raise, plain).to, state_b);
    EXPECT_EQ(decide(state_a, Event::raise, explained).to, state_f_true);
    EXPECT_FALSE(decide(state_a, Event::raise, explained).announces);
    EXPECT_EQ(decide(state_d, Event::raise, explained).to, state_f_true);
    EXPECT_EQ(decide(state_f_true, Event::come_back, plain).to, state_a);
    EXPECT_EQ(decide(state_b, Event::come_back, plain).to, state_d);
    EXPECT_EQ(decide(state_b, Event::come_back, notice).to, state_a);
    EXPECT_EQ(decide(state_e_true, Event::raise, explained).allowed, false);
    EXPECT_EQ(decide(state_e_false, Event::raise, explained).to, state_e_true);
}

TEST(AlarmStates, AreNamedAsTheContractNamesThem) {
    EXPECT_EQ(to_string(letter(state_a)), "normal");
    EXPECT_EQ(to_string(letter(state_b)), "unacknowledged");
    EXPECT_EQ(to_string(letter(state_c)), "acknowledged");
    EXPECT_EQ(to_string(letter(state_d)), "returned");
    EXPECT_EQ(to_string(letter(state_f_true)), "suppressed");
}

TEST(AlarmStates, ReadsEventsBackFromTheirNames) {
    for (int i = 0; i < event_count; ++i) {
        const auto event = static_cast<Event>(i);
        EXPECT_EQ(event_from(to_string(event)), event);
    }
    EXPECT_EQ(event_from("explode"), std::nullopt);
}

}  // namespace
}  // namespace vigie::alarms
