#include "vigie/live/gaps.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigie::live {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

base::Instant gap_at(int second) {
    return base::from_epoch_ms(1'795'348'800'000) + std::chrono::seconds(second);
}
Interval between(int from, int to) {
    return {gap_at(from), gap_at(to)};
}

TEST(Gaps, AreHolesLongerThanTheLimitCutToTheRange) {
    const auto range = between(0, 1000);
    const auto found = [&range](std::vector<int> seconds) {
        std::vector<Interval> seen;
        for (const int second : seconds)
            seen.push_back(between(second, second));
        return holes(seen, range, std::chrono::seconds(150));
    };
    EXPECT_THAT(found({0, 150, 300, 450, 600, 750, 900}), IsEmpty()) << "at the limit";
    EXPECT_THAT(found({0, 100, 251, 400, 550, 700, 850}), ElementsAre(between(100, 251)));
    EXPECT_THAT(found({}), ElementsAre(between(0, 1000)));
    EXPECT_THAT(found({-100, 100, 250, 400, 550, 700, 849}),
                ElementsAre(between(0, 100), between(849, 1000)));
    EXPECT_THAT(found({-20, 100, 250, 400, 550, 700, 850, 1100}), ElementsAre(between(850, 1000)));
}

TEST(Gaps, ArePutDownToWhatCoversHalf) {
    const auto gap = between(0, 100);
    const std::vector most{between(-10, 20), between(50, 90)};
    const std::vector less{between(0, 30), between(60, 79)};
    EXPECT_EQ(
        explain(gap, {.unpowered = most, .platform = most, .gateway = most, .has_gateway = true}),
        GapCause::unpowered);
    EXPECT_EQ(
        explain(gap, {.unpowered = less, .platform = most, .gateway = most, .has_gateway = true}),
        GapCause::platform);
    EXPECT_EQ(
        explain(gap, {.unpowered = less, .platform = less, .gateway = most, .has_gateway = true}),
        GapCause::gateway);
    EXPECT_EQ(
        explain(gap, {.unpowered = less, .platform = less, .gateway = less, .has_gateway = true}),
        GapCause::device);
    EXPECT_EQ(explain(gap, {}), GapCause::unknown);
}

}  // namespace
}  // namespace vigie::live
