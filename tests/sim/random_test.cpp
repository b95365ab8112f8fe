#include "sim/random.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace vigie::sim {
namespace {

TEST(SimRandom, GivesThePublishedSequenceOfSplitMix64) {
    // The first outputs for seed 0 as published with the generator.
    EXPECT_EQ(mixed(0), 0xE220A8397B1DCDAFU);
    EXPECT_EQ(mixed(0x9E3779B97F4A7C15U), 0x6E789E6AA1B965F4U);
}

TEST(SimRandom, KeepsStreamsApart) {
    Random a(1, "lighting");
    Random same(1, "lighting");
    Random label(1, "signals");
    Random seed(2, "lighting");
    const auto first = a.next();
    EXPECT_EQ(first, same.next());
    EXPECT_NE(first, label.next());
    EXPECT_NE(first, seed.next());
}

TEST(SimRandom, StaysInItsBoundsAndOnItsMean) {
    Random random(3, "bounds");
    double sum = 0;
    double waits = 0;
    for (int i = 0; i < 20'000; ++i) {
        const double unit = random.unit();
        ASSERT_GE(unit, 0.0);
        ASSERT_LT(unit, 1.0);
        ASSERT_LT(random.below(7), 7U);
        sum += unit;
        waits += random.exponential(30);
    }
    EXPECT_NEAR(sum / 20'000, 0.5, 0.01);
    EXPECT_NEAR(waits / 20'000, 30, 1);
}

TEST(SimRandom, WandersWithoutJumps) {
    double before = wandering(1, 2, -3);
    for (double at = -3; at < 5; at += 0.01) {
        const double here = wandering(1, 2, at);
        ASSERT_LE(std::abs(here), 1.0);
        ASSERT_LT(std::abs(here - before), 0.04);
        before = here;
    }
    EXPECT_NE(wandering(1, 2, 0.5), wandering(1, 3, 0.5));
}

}  // namespace
}  // namespace vigie::sim
