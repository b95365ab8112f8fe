#include "store/turns.hpp"

#include <gtest/gtest.h>

#include "vigie/store/frames.hpp"

namespace vigie::store {
namespace {

TEST(Turns, LittleGoesTogetherByTheFirstWriter) {
    Turns turns(2, frames_together_max);
    EXPECT_EQ(turns.of(0), Turn::wait);
    turns.came(1, 3);
    EXPECT_EQ(turns.of(0), Turn::all) << "also what falls to the other";
    EXPECT_EQ(turns.of(1), Turn::wait);
}

TEST(Turns, WhatGoesTogetherIsAloneUnderWay) {
    Turns turns(2, frames_together_max);
    turns.came(1, 3);
    turns.begin(Turn::all);
    turns.taken(1, 3);
    turns.came(0, 2 * frames_together_max);
    turns.came(1, 2 * frames_together_max);
    EXPECT_EQ(turns.of(1), Turn::wait);
    turns.end(Turn::all);
    EXPECT_EQ(turns.of(0), Turn::own);
    EXPECT_EQ(turns.of(1), Turn::own);
}

TEST(Turns, TogetherAtTheLimitSideBySideBeyondIt) {
    Turns turns(2, frames_together_max);
    turns.came(0, frames_together_max - 1);
    turns.came(1, 1);
    EXPECT_EQ(turns.of(0), Turn::all);
    EXPECT_EQ(turns.of(1), Turn::wait);
    turns.came(0, 1);
    EXPECT_EQ(turns.of(0), Turn::own);
    EXPECT_EQ(turns.of(1), Turn::own);
}

TEST(Turns, WhoHasNothingPendingWaitsBesideTheOthers) {
    Turns turns(3, frames_together_max);
    turns.came(1, frames_together_max + 1);
    EXPECT_EQ(turns.of(0), Turn::wait);
    EXPECT_EQ(turns.of(1), Turn::own);
}

TEST(Turns, TogetherWaitsForAllThatGoSideBySide) {
    Turns turns(3, frames_together_max);
    turns.came(1, frames_together_max);
    turns.came(2, frames_together_max);
    turns.begin(Turn::own);
    turns.taken(1, frames_together_max);
    EXPECT_EQ(turns.of(2), Turn::wait) << "little is left, and somebody is under way";
    EXPECT_EQ(turns.of(0), Turn::wait);
    turns.came(2, 1);
    EXPECT_EQ(turns.of(2), Turn::own);
    turns.begin(Turn::own);
    turns.taken(2, frames_together_max + 1);
    turns.came(0, 1);
    turns.end(Turn::own);
    EXPECT_EQ(turns.of(0), Turn::wait);
    turns.end(Turn::own);
    EXPECT_EQ(turns.of(0), Turn::all);
}

TEST(Turns, OneWriterAlwaysHasTheTurn) {
    Turns turns(1, frames_together_max);
    turns.came(0, 1);
    EXPECT_EQ(turns.of(0), Turn::all);
    turns.came(0, frames_together_max);
    EXPECT_EQ(turns.of(0), Turn::own);
    turns.taken(0, frames_together_max + 1);
    EXPECT_TRUE(turns.nothing_pending());
}

}  // namespace
}  // namespace vigie::store
