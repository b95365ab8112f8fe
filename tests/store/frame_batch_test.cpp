#include "store/frame_batch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace vigie::store {
namespace {

constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

Frame frame_at(int asset, int second, std::vector<double> vals, int received = 100) {
    return {base::Instant{std::chrono::seconds{second}},
            base::Instant{std::chrono::seconds{received}},
            asset,
            1,
            false,
            std::move(vals)};
}

std::string show(const std::vector<Frame>& frames) {
    std::string text;
    for (const auto& f : frames) {
        text += std::to_string(f.asset_id) + "@" +
                std::to_string(base::epoch_ms(f.observed_at) / 1000) + "<" +
                std::to_string(base::epoch_ms(f.received_at) / 1000) + ":";
        for (const double v : f.vals)
            text += std::isnan(v) ? "-," : std::to_string(static_cast<int>(v)) + ",";
        text += " ";
    }
    return text;
}

TEST(FrameBatch, MergesElementByElement) {
    Frame a = frame_at(1, 10, {1, no_value, 3}, 50);
    EXPECT_EQ(merge_into(a, frame_at(1, 10, {no_value, 2, 3, 4}, 40)), 0U);
    EXPECT_EQ(show({a}), "1@10<40:1,2,3,4, ");
    EXPECT_EQ(merge_into(a, frame_at(1, 10, {9, 1}, 60)), 2U);
    EXPECT_EQ(show({a}), "1@10<40:9,2,3,4, ");
}

TEST(FrameBatch, LessGoesAtOnceAfterItWasTooSlowAndMoreByAndBy) {
    AtOnce at_once(1'000);
    at_once.went_well(1'000);
    EXPECT_EQ(at_once.now(), 1'000U);
    at_once.too_slow(1'000);
    EXPECT_EQ(at_once.now(), 500U);
    at_once.too_slow(200);
    EXPECT_EQ(at_once.now(), 100U) << "half of what was tried";
    at_once.went_well(99);
    EXPECT_EQ(at_once.now(), 100U) << "fewer prove nothing";
    at_once.went_well(100);
    EXPECT_EQ(at_once.now(), 113U);
    for (int i = 0; i < 20; ++i)
        at_once.too_slow(at_once.now());
    EXPECT_EQ(at_once.now(), 1U);
    int steps = 0;
    for (; at_once.now() < 1'000; ++steps)
        at_once.went_well(at_once.now());
    EXPECT_LT(steps, 60);
}

TEST(FrameBatch, AnyOrderGivesTheSame) {
    std::vector<Frame> frames = {
        frame_at(1, 10, {1, no_value}, 5), frame_at(1, 10, {no_value, 7}, 4),
        frame_at(1, 10, {2, no_value}, 6), frame_at(2, 10, {5}),
        frame_at(1, 11, {no_value, 8}),    frame_at(2, 9, {4})};
    auto expected = frames;
    EXPECT_EQ(sort_and_merge(expected), 1U);
    EXPECT_EQ(show(expected), "1@10<4:2,7, 1@11<100:-,8, 2@9<100:4, 2@10<100:5, ");
    std::mt19937 random(7);
    for (int i = 0; i < 200; ++i) {
        auto shuffled = frames;
        std::ranges::shuffle(shuffled, random);
        sort_and_merge(shuffled);
        EXPECT_EQ(show(shuffled), show(expected));
    }
    std::vector<Frame> none;
    EXPECT_EQ(sort_and_merge(none), 0U);
}

}  // namespace
}  // namespace vigie::store
