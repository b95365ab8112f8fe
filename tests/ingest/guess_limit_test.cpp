#include "vigie/ingest/guess_limit.hpp"

#include <gtest/gtest.h>

namespace vigie::ingest {
namespace {

using namespace std::chrono_literals;

class GuessLimitTest : public testing::Test {
protected:
    bool wrong(std::string_view name, std::string_view peer) {
        return static_cast<bool>(limit_.take(name, peer));
    }
    bool right(std::string_view name, std::string_view peer) {
        const auto place = limit_.take(name, peer);
        if (place) limit_.right(place);
        return static_cast<bool>(place);
    }

    base::ManualClock clock_{base::from_epoch_ms(1'795'370'645'000)};
    GuessLimit limit_{clock_,
                      {.wrong_per_minute_max = 20,
                       .known_wrong_per_minute_max = 3,
                       .addresses_max = 5,
                       .known_max = 6}};
};

TEST_F(GuessLimitTest, LooksAtSoManyOfAnAddressInAMinuteAndNotAtOneMore) {
    clock_.advance(12s);
    for (int i = 0; i < 20; ++i)
        EXPECT_TRUE(wrong("name" + std::to_string(i), "192.0.2.7:" + std::to_string(i))) << i;
    const auto one_more = limit_.take("another", "192.0.2.7:99");
    EXPECT_FALSE(one_more);
    EXPECT_EQ(one_more.wait(), 48s) << "until the next minute";
    EXPECT_EQ(limit_.unread(), 1U);
    EXPECT_TRUE(wrong("another", "192.0.2.8:99")) << "another address";
    clock_.advance(48s - 1us);
    EXPECT_FALSE(wrong("another", "192.0.2.7:99"));
    clock_.advance(1us);
    EXPECT_TRUE(wrong("another", "192.0.2.7:99"));
}

TEST_F(GuessLimitTest, CountsANetworkOfIpv6AsOneAddress) {
    for (int i = 0; i < 20; ++i)
        EXPECT_TRUE(wrong("name", "[2001:db8::" + std::to_string(i) + "]:7"));
    EXPECT_FALSE(wrong("name", "[2001:db8::ffff]:7"));
    EXPECT_TRUE(wrong("name", "[2001:db8:0:1::1]:7"));
}

TEST_F(GuessLimitTest, CountsNoRightOne) {
    for (int i = 0; i < 100; ++i)
        EXPECT_TRUE(right("name" + std::to_string(i), "192.0.2.7:1"));
    for (int i = 0; i < 20; ++i)
        EXPECT_TRUE(wrong("nobody", "192.0.2.7:1")) << i;
    EXPECT_FALSE(wrong("nobody", "192.0.2.7:1"));
}

TEST_F(GuessLimitTest, ADeviceThatCameInFromThereHasPlacesOfItsOwn) {
    ASSERT_TRUE(right("lamp", "192.0.2.7:1"));
    while (wrong("nobody", "192.0.2.7:1")) {
    }
    for (int i = 0; i < 100; ++i)
        EXPECT_TRUE(right("lamp", "192.0.2.7:1")) << "a neighbour keeps nobody out";
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(wrong("lamp", "192.0.2.7:1")) << i;
    EXPECT_FALSE(right("lamp", "192.0.2.7:1")) << "guessed at by its own name";
    clock_.advance(1min);
    EXPECT_TRUE(right("lamp", "192.0.2.7:1"));
}

TEST_F(GuessLimitTest, ForgetsAfterADayAndByHalves) {
    const auto is_known = [this](const std::string& name) {
        clock_.advance(1min);
        while (wrong("nobody", "192.0.2.7:1")) {
        }
        return wrong(name, "192.0.2.7:1");
    };
    for (const char* name : {"1", "2", "3"})
        right(name, "192.0.2.7:1");
    for (const char* name : {"4", "5", "6"})
        right(name, "192.0.2.7:1");
    EXPECT_TRUE(is_known("1")) << "six are remembered";
    right("7", "192.0.2.7:1");
    clock_.advance(1min);
    right("7", "192.0.2.7:1");
    EXPECT_FALSE(is_known("1")) << "of seven the earlier half is not";
    EXPECT_TRUE(is_known("4"));
    for (int half = 0; half < 2; ++half) {
        clock_.advance(12h);
        right("8", "192.0.2.7:1");
    }
    EXPECT_FALSE(is_known("4"));
    EXPECT_TRUE(is_known("8"));
}

TEST_F(GuessLimitTest, CountsSoManyAddressesAndTheRestTogether) {
    ASSERT_TRUE(right("lamp", "203.0.113.1"));
    for (int i = 0; i < 5; ++i)
        EXPECT_TRUE(wrong("name", "192.0.2." + std::to_string(i)));
    for (int i = 0; i < 20; ++i)
        EXPECT_TRUE(wrong("name", "198.51.100." + std::to_string(i))) << i;
    EXPECT_FALSE(wrong("name", "198.51.100.20"));
    EXPECT_TRUE(wrong("name", "192.0.2.4")) << "it has a count of its own";
    EXPECT_TRUE(right("lamp", "203.0.113.1")) << "nor do all of them keep out a known device";
}

TEST_F(GuessLimitTest, WithoutALimitLooksAtAll) {
    GuessLimit none{clock_, {.wrong_per_minute_max = 0}};
    for (int i = 0; i < 10'000; ++i)
        ASSERT_TRUE(none.take("name", "192.0.2.7:1"));
}

}  // namespace
}  // namespace vigie::ingest
