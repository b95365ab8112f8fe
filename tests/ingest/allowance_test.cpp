#include "vigie/ingest/allowance.hpp"

#include <gtest/gtest.h>

namespace vigie::ingest {
namespace {

using namespace std::chrono_literals;
using Kind = Admission::Kind;

constexpr base::SteadyInstant start = base::SteadyInstant{std::chrono::hours{1}};

AllowanceLimits ten_a_second() {
    return {.messages = {10, 20}, .values = {100, 200}, .message_bytes_max = 0, .borne = 60s};
}

// How many of `count` messages at that instant go.
int admitted(Allowance& allowance, int count, base::SteadyInstant at) {
    int gone = 0;
    for (int i = 0; i < count; ++i)
        gone += allowance.admit(at).kind == Kind::go ? 1 : 0;
    return gone;
}

TEST(AllowanceBucket, HoldsTheBurstAndFillsAtTheRate) {
    struct Case {
        const char* why;
        Rate rate;
        double taken;
        base::Duration later;
        double wanted;
        base::Duration wait;
    };
    const Case cases[] = {
        {"the whole burst at once", {10, 20}, 0, 0s, 20, 0s},
        {"one more waits its share of a second", {10, 20}, 20, 0s, 1, 100ms},
        {"half of the wait is half of it", {10, 20}, 20, 50ms, 1, 50ms},
        {"then it is there", {10, 20}, 20, 100ms, 1, 0s},
        {"never more than the burst", {10, 20}, 20, 3600s, 20, 0s},
        {"more than the burst waits for a whole one", {10, 20}, 20, 1s, 500, 1s},
        {"what was taken beyond it is owed", {10, 20}, 40, 0s, 1, 2100ms},
        {"less than one a second", {0.5, 1}, 1, 0s, 1, 2s},
        {"no rate, no wait", {0, 0}, 1'000'000, 0s, 1'000'000, 0s},
        {"a clock set back stands still", {10, 20}, 20, -10s, 1, 100ms},
    };
    for (const auto& [why, rate, taken, later, wanted, wait] : cases) {
        SCOPED_TRACE(why);
        Bucket bucket(rate);
        ASSERT_EQ(bucket.wait_for(0, start).count(), 0);
        bucket.take(taken);
        EXPECT_EQ(bucket.wait_for(wanted, start + later).count(), wait.count());
    }
}

TEST(AllowanceLimit, LetsInSoManyConnectionsAndNotOneMore) {
    Allowance allowance(ten_a_second());
    for (int i = 0; i < 20; ++i)
        EXPECT_FALSE(allowance.connect_in(start)) << i;
    EXPECT_EQ(allowance.connect_in(start), 100ms);
    EXPECT_EQ(admitted(allowance, 30, start), 20) << "messages are counted apart";
    EXPECT_FALSE(allowance.connect_in(start + 100ms));
}

TEST(AllowanceBucket, KeepsWhatIsThereWhenItsRateChanges) {
    Bucket bucket({10, 20});
    bucket.take(15);
    bucket.set({10, 3});
    EXPECT_EQ(bucket.wait_for(3, start), 0s);
    bucket.set({10, 100});
    EXPECT_EQ(bucket.wait_for(4, start), 100ms) << "a new burst is not a gift";
}

TEST(AllowanceLimit, AdmitsTheBurstAndNotOneMore) {
    Allowance allowance(ten_a_second());
    EXPECT_EQ(admitted(allowance, 20, start), 20);
    const auto next = allowance.admit(start);
    EXPECT_EQ(next.kind, Kind::wait);
    EXPECT_EQ(next.wait, 100ms);
    EXPECT_EQ(next.exceeded, Exceeded::messages);
    EXPECT_EQ(admitted(allowance, 5, start + 200ms), 2);
}

TEST(AllowanceLimit, ValuesAreOwedAfterTheyCame) {
    Allowance allowance(ten_a_second());
    EXPECT_EQ(allowance.admit(start).kind, Kind::go);
    allowance.charge_values(200);
    const auto next = allowance.admit(start);
    EXPECT_EQ(next.kind, Kind::wait);
    EXPECT_EQ(next.exceeded, Exceeded::values);
    EXPECT_EQ(next.wait, 10ms);
    EXPECT_EQ(allowance.admit(start + 10ms).kind, Kind::go);
    allowance.charge_values(1'001);
    EXPECT_EQ(allowance.admit(start + 10s).kind, Kind::wait);
    EXPECT_EQ(allowance.admit(start + 10s + 30ms).kind, Kind::go);
}

TEST(AllowanceLimit, WhatCameToNothingIsNotCounted) {
    Allowance allowance(ten_a_second());
    EXPECT_EQ(admitted(allowance, 20, start), 20);
    allowance.charge_values(200);
    allowance.give_back(200);
    EXPECT_EQ(allowance.admit(start).kind, Kind::go);
    EXPECT_EQ(allowance.admit(start).kind, Kind::wait);
}

TEST(AllowanceLimit, RefusesWhoStaysAboveTheRateAndLetsItBackInAfterAPause) {
    Allowance allowance(ten_a_second());
    auto at = start;
    for (; at < start + 60s; at += 50ms)  // twice the rate
        ASSERT_NE(allowance.admit(at).kind, Kind::refuse) << (at - start).count();
    EXPECT_FALSE(allowance.refused_for(start + 60s));
    // The burst lasted for two seconds: it was first made to wait then.
    for (; allowance.admit(at).kind != Kind::refuse; at += 50ms)
        ASSERT_LT(at, start + 65s);
    EXPECT_GE(at, start + 61s);
    EXPECT_LE(at, start + 62s);
    const auto back = allowance.refused_for(at);
    ASSERT_TRUE(back);
    EXPECT_EQ(allowance.admit(at + *back - 1us).kind, Kind::refuse);
    EXPECT_EQ(allowance.admit(at + *back).kind, Kind::go);
    EXPECT_FALSE(allowance.refused_for(at + *back));
}

TEST(AllowanceLimit, ABacklogThatEndsIsNeverRefused) {
    Allowance allowance(ten_a_second());
    auto at = start;
    for (int hour = 0; hour < 3; ++hour, at += 3'600s) {
        for (const auto end = at + 50s; at < end; at += 50ms)
            ASSERT_NE(allowance.admit(at).kind, Kind::refuse);
    }
}

TEST(AllowanceLimit, DropsTenTimesTheRateBeforeItReadsNoFurther) {
    Allowance allowance(ten_a_second());
    for (int i = 0; i < 200; ++i)
        ASSERT_EQ(allowance.drop(start), 0s) << i;
    EXPECT_EQ(allowance.drop(start), 10ms);
}

TEST(AllowanceLimit, WithoutALimitNothingWaits) {
    Allowance allowance;
    EXPECT_EQ(admitted(allowance, 100'000, start), 100'000);
    allowance.charge_values(1'000'000'000);
    EXPECT_EQ(allowance.admit(start).kind, Kind::go);
    allowance.set(ten_a_second());
    EXPECT_EQ(admitted(allowance, 100, start), 20) << "a limit given later holds at once";
}

}  // namespace
}  // namespace vigie::ingest
