#include "vigie/live/freshness.hpp"

#include <gtest/gtest.h>

#include "vigie/live/deadlines.hpp"

namespace vigie::live {
namespace {

using namespace std::chrono_literals;

constexpr base::Instant freshness_noon = base::from_epoch_ms(1'795'348'800'000);

TEST(Freshness, FollowsEventTimeAndCurrent) {
    assets::Kind kind;
    kind.stale_after = 180s;
    kind.unknown_after = 600s;
    const auto at = [](int second) { return freshness_noon + std::chrono::seconds(second); };
    using enum Freshness;
    const auto none = std::optional<base::Instant>{};
    struct Case {
        const char* why;
        Seen seen;
        int now;
        Freshness expected;
        std::optional<base::Instant> until;
    };
    const Case cases[] = {
        {"never seen", {none, true, none}, 0, unknown, none},
        {"just seen", {at(0), true, none}, 0, fresh, at(180)},
        {"a second before", {at(0), true, none}, 179, fresh, at(180)},
        {"stale at the limit", {at(0), true, none}, 180, stale, at(600)},
        {"unknown at the limit", {at(0), true, none}, 600, unknown, none},
        {"from the future", {at(60), true, none}, 0, fresh, at(240)},
        {"without current", {at(0), false, none}, 10, unpowered, none},
        {"never seen, without current", {none, false, none}, 10, unpowered, none},
        {"current back, old value", {at(0), true, at(9000)}, 9010, stale, at(9600)},
        {"current back, then silent", {at(0), true, at(9000)}, 9600, unknown, none},
        {"current back and seen", {at(9020), true, at(9000)}, 9030, fresh, at(9200)},
        {"current back, never seen", {none, true, at(9000)}, 9010, unknown, none},
    };
    for (const auto& [why, seen, now, expected, until] : cases) {
        SCOPED_TRACE(why);
        const auto judged = judge_freshness(kind, seen, at(now));
        EXPECT_EQ(judged.freshness, expected);
        EXPECT_EQ(judged.until, until);
    }
}

TEST(Freshness, DisplayStatesHaveTheContractsNumbers) {
    EXPECT_EQ(to_string(DisplayState::alarm_1), "alarm_1");
    EXPECT_EQ(static_cast<int>(DisplayState::normal), 8);
    EXPECT_EQ(to_string(DisplayState::silent_kind), "silent_kind");
}

TEST(Deadlines, FireOnceAndEarliestFirst) {
    Deadlines deadlines;
    deadlines.resize(3);
    EXPECT_EQ(deadlines.next(), std::nullopt);
    deadlines.arm(0, freshness_noon + 10s);
    deadlines.arm(1, freshness_noon + 5s);
    deadlines.arm(0, freshness_noon + 20s);  // later: the earlier stands
    deadlines.arm(1, freshness_noon + 2s);   // earlier: replaces
    EXPECT_EQ(deadlines.next(), freshness_noon + 2s);
    EXPECT_EQ(deadlines.pop_due(freshness_noon + 1s), std::nullopt);
    EXPECT_EQ(deadlines.pop_due(freshness_noon + 30s), 1);
    EXPECT_EQ(deadlines.pop_due(freshness_noon + 30s), 0);
    EXPECT_EQ(deadlines.pop_due(freshness_noon + 30s), std::nullopt);
    EXPECT_EQ(deadlines.next(), std::nullopt);
    deadlines.arm(1, freshness_noon + 40s);
    EXPECT_EQ(deadlines.next(), freshness_noon + 40s);
}

}  // namespace
}  // namespace vigie::live
