#include "control/lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigie::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

base::Instant at(int seconds) {
    return base::Instant{std::chrono::seconds{1'000'000 + seconds}};
}

Lines::Open open(std::int64_t id, assets::AssetId asset, State state, int expires = 60,
                 std::int64_t version = 1) {
    return {id, asset, state, at(expires), version};
}

TEST(CommandLines, LetOneOutPerAsset) {
    Lines lines;
    lines.put(open(2, 7, State::queued));
    lines.put(open(1, 7, State::queued));
    lines.put(open(3, 8, State::queued));
    EXPECT_EQ(lines.next(7, at(0)), 1) << "the oldest first";
    lines.put(open(1, 7, State::sent, 60, 2));
    EXPECT_EQ(lines.next(7, at(0)), std::nullopt);
    EXPECT_EQ(lines.next(8, at(0)), 3) << "another asset has a line of its own";
    for (const State state : {State::delivered, State::accepted}) {
        lines.put(open(1, 7, state, 60, 3));
        EXPECT_EQ(lines.next(7, at(0)), std::nullopt);
    }
    lines.put(open(1, 7, State::done, 60, 4));
    EXPECT_EQ(lines.next(7, at(0)), 2);
}

TEST(CommandLines, LetNothingOutWhoseTimeIsOver) {
    Lines lines;
    lines.put(open(1, 7, State::queued, 10));
    lines.put(open(2, 7, State::queued, 20));
    EXPECT_EQ(lines.next(7, at(9)), 1);
    EXPECT_EQ(lines.next(7, at(10)), 2);
    EXPECT_EQ(lines.next(7, at(20)), std::nullopt);
}

TEST(CommandLines, KnowWhatIsDueInItsOrder) {
    Lines lines;
    lines.put(open(1, 7, State::queued, 30));
    lines.put(open(2, 7, State::accepted, 10));
    lines.put(open(3, 8, State::sent, 20));
    EXPECT_THAT(lines.due(at(9)), IsEmpty());
    EXPECT_THAT(lines.due(at(20)), ElementsAre(2, 3));
    lines.drop(2);
    EXPECT_THAT(lines.due(at(30)), ElementsAre(3, 1));
}

TEST(CommandLines, PassOverWhatIsOlderThanWhatTheyKnow) {
    Lines lines;
    lines.put(open(1, 7, State::sent, 60, 2));
    lines.put(open(1, 7, State::queued, 60, 1));
    EXPECT_EQ(lines.next(7, at(0)), std::nullopt);
    lines.put(open(1, 7, State::queued, 60, 3));
    EXPECT_EQ(lines.next(7, at(0)), 1) << "nothing of it was given to a socket";
}

TEST(CommandLines, SayWhereSomethingWaits) {
    Lines lines;
    EXPECT_TRUE(lines.empty());
    lines.put(open(1, 7, State::queued));
    lines.put(open(2, 8, State::sent));
    EXPECT_THAT(lines.waiting(), ElementsAre(7));
    EXPECT_TRUE(lines.waits(7));
    EXPECT_FALSE(lines.waits(8));
    lines.put(open(1, 7, State::cancelled, 60, 2));
    lines.drop(2);
    EXPECT_TRUE(lines.empty());
    lines.drop(2);
}

}  // namespace
}  // namespace vigie::control
