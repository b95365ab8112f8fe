#include "vigie/ingest/door_throttle.hpp"

#include <gtest/gtest.h>

namespace vigie::ingest {
namespace {

using namespace std::chrono_literals;

class DoorThrottleTest : public testing::Test {
protected:
    base::ManualClock clock_{base::from_epoch_ms(1'795'370'645'000)};
    access::ThrottleLimits limits_{.login_failures = 5,
                                   .peer_failures = 20,
                                   .wait_max = 300s,
                                   .forgotten_after = 15min,
                                   .entries_max = 100};
};

TEST_F(DoorThrottleTest, HoldsACredentialAtNAndNPlusOne) {
    DoorThrottle throttle(clock_, limits_);
    for (int i = 0; i < 5; ++i)
        EXPECT_FALSE(throttle.failed("gateway", "192.0.2.7:" + std::to_string(50'000 + i))) << i;
    EXPECT_EQ(throttle.failed("gateway", "192.0.2.7:1"), 1s);
    EXPECT_FALSE(throttle.failed("other", "192.0.2.7:1")) << "another credential there is free";
    EXPECT_FALSE(throttle.failed("gateway", "192.0.2.8:1")) << "and that one elsewhere";
    clock_.advance(1s);
    EXPECT_FALSE(throttle.failed("gateway", "192.0.2.7:1")) << "one more";
    EXPECT_EQ(throttle.failed("gateway", "192.0.2.7:1"), 2s) << "then twice as long";
    EXPECT_EQ(throttle.throttled(), 2U);
    clock_.advance(15min);
    EXPECT_FALSE(throttle.failed("gateway", "192.0.2.7:1"));
}

TEST_F(DoorThrottleTest, HoldsAnAddressAtNAndNPlusOne) {
    DoorThrottle throttle(clock_, limits_);
    for (int i = 0; i < 20; ++i)
        EXPECT_FALSE(throttle.failed("name" + std::to_string(i), "[2001:db8::1]:7")) << i;
    EXPECT_TRUE(throttle.failed("one more", "[2001:db8::1]:7"));
    EXPECT_TRUE(throttle.failed("one more", "2001:db8::2")) << "the same network";
    EXPECT_FALSE(throttle.failed("one more", "[2001:db8:0:1::1]:7"));
}

TEST_F(DoorThrottleTest, TellsHostsFromPortsAndShowsNames) {
    EXPECT_EQ(host_of("192.0.2.7:51034"), "192.0.2.7");
    EXPECT_EQ(host_of("192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(host_of("[2001:db8::1]:51034"), "2001:db8::1");
    EXPECT_EQ(host_of("2001:db8::1"), "2001:db8::1");
    EXPECT_EQ(host_of("["), "[");
    EXPECT_EQ(host_of(""), "");
    EXPECT_EQ(shown_name(""), "(no user name)");
    EXPECT_EQ(shown_name("a\nb\x1b[0m\xff"), "a?b?[0m?");
    EXPECT_EQ(shown_name(std::string(64, 'x')).size(), 64U);
    EXPECT_EQ(shown_name(std::string(65, 'x')).size(), 64U);
}

}  // namespace
}  // namespace vigie::ingest
