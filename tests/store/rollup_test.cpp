#include "vigie/store/rollup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace vigie::store {
namespace {

using namespace std::chrono_literals;
using RollupValues = std::vector<std::optional<double>>;

constexpr Day rollup_day{std::chrono::year{2026} / 11 / 22};

FrameColumns random_day(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    FrameColumns frames;
    std::int64_t at = base::epoch_us(base::Instant(rollup_day));
    while (at < base::epoch_us(base::Instant(rollup_day + std::chrono::days{1}))) {
        RollupValues values(random() % 4);
        for (auto& value : values) {
            if (random() % 4 != 0)
                value = std::ldexp(static_cast<double>(random() % 10'000), -7) - 20;
        }
        frames.append(at, at, 1, values);
        at += static_cast<std::int64_t>(random() % 300) * 1'000'000 + 1;
    }
    return frames;
}

TEST(Rollup, EqualsWhatIsAddedUpByHand) {
    const auto frames = random_day(1);
    const auto rollup = roll_up(frames, rollup_day, 90s);
    ASSERT_EQ(rollup.positions.size(), 3U);
    for (std::size_t position = 0; position < 3; ++position) {
        Figures day;
        for (std::size_t row = 0; row < frames.size(); ++row) {
            const double value = frames.value(row, position);
            if (std::isnan(value)) continue;
            day.min = day.count == 0 ? value : std::min(day.min, value);
            day.max = day.count == 0 ? value : std::max(day.max, value);
            ++day.count;
            day.sum += value;
            day.last = value;
        }
        EXPECT_EQ(rollup.whole_day(position), day) << "sums of these values are exact in any order";
    }
}

TEST(Rollup, ComesBackFromItsBytes) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto rollup = roll_up(random_day(seed), rollup_day, 90s);
        const auto body = encode_rollup(rollup);
        const auto again = decode_rollup(rollup_day, body);
        ASSERT_TRUE(again.ok());
        EXPECT_TRUE(*again == rollup);
    }
    const auto empty = roll_up({}, rollup_day, 0s);
    EXPECT_TRUE(*decode_rollup(rollup_day, encode_rollup(empty)) == empty);
}

TEST(Rollup, RefusesEveryByteThatWasChangedAndEveryCut) {
    const auto body = encode_rollup(roll_up(random_day(3), rollup_day, 90s));
    for (std::size_t i = 0; i < body.size(); i += 7) {
        std::string bent = body;
        bent[i] = static_cast<char>(bent[i] ^ 1);
        EXPECT_FALSE(decode_rollup(rollup_day, bent).ok());
        EXPECT_FALSE(decode_rollup(rollup_day, body.substr(0, i)).ok());
    }
}

TEST(Rollup, StretchesEndWhereAHoleBegins) {
    FrameColumns frames;
    const auto start = base::epoch_us(base::Instant(rollup_day));
    for (const int second : {0, 60, 120, 211, 400, 490})
        frames.append(start + second * 1'000'000LL, 0, 1,
                      RollupValues{second == 60 ? std::optional<double>{} : 1.0});
    const auto at = [](int second) {
        return base::Instant(rollup_day) + std::chrono::seconds{second};
    };
    EXPECT_THAT(stretches_of(frames, {}, 90s),
                testing::ElementsAre(Stretch{at(0), at(120)}, Stretch{at(211), at(211)},
                                     Stretch{at(400), at(490)}));
    const std::vector<std::int64_t> first{0};
    EXPECT_EQ(stretches_of(frames, first, 90s).size(), 4U);
    EXPECT_THAT(
        joined({{at(400), at(490)}, {at(0), at(10)}, {at(5), at(100)}, {at(190), at(200)}}, 90s),
        testing::ElementsAre(Stretch{at(0), at(200)}, Stretch{at(400), at(490)}));
}

TEST(Rollup, WhatSpeaksTooIrregularlyHasNoStretches) {
    FrameColumns frames;
    for (int i = 0; i < 2'001; ++i)
        frames.append(base::epoch_us(base::Instant(rollup_day)) + i * 30'000'000LL, 0, 1,
                      RollupValues{1.0});
    EXPECT_EQ(roll_up(frames, rollup_day, 1s).hole_min, 0s);
    FrameColumns fewer;
    for (std::size_t i = 0; i < 2'000; ++i)
        fewer.append(frames, i);
    EXPECT_EQ(roll_up(fewer, rollup_day, 1s).heard.size(), 2'000U);
}

TEST(MergedFrames, FollowTheRuleOfTheTable) {
    FrameColumns frames;
    frames.append(5, 9, 1, RollupValues{1.0, std::nullopt});
    frames.append(3, 3, 1, RollupValues{7.0});
    frames.append(5, 6, 1, RollupValues{std::nullopt, 2.0, 4.0});
    frames.append(5, 8, 1, RollupValues{0.5});
    std::size_t conflicts = 0;
    const auto out = merged(frames, &conflicts);
    EXPECT_EQ(conflicts, 1U) << "1.0 and 0.5";
    ASSERT_EQ(out.size(), 2U);
    EXPECT_EQ(out.observed_us[0], 3);
    EXPECT_EQ(out.received_us[1], 6);
    EXPECT_EQ(out.row_values(1), (RollupValues{1.0, 2.0, 4.0}));
}

}  // namespace
}  // namespace vigie::store
