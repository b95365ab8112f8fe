#include "vigie/access/throttle.hpp"

#include <gtest/gtest.h>

namespace vigie::access {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class ThrottleTest : public testing::Test {
protected:
    std::optional<base::Duration> fail(const std::string& login,
                                       const std::string& peer = "192.0.2.1") {
        return throttle.begin(login, peer);
    }
    base::ManualClock clock{*base::parse_rfc3339("2026-11-22T18:00:00Z")};
    SignInThrottle throttle{clock, {.peer_failures = 8, .entries_max = 50}};
};

TEST_F(ThrottleTest, DoublesTheWaitOfALogin) {
    for (int i = 0; i < 5; ++i)
        EXPECT_FALSE(fail("lea")) << i;
    for (int expected = 1; expected < 300; expected *= 2) {
        ASSERT_EQ(fail("lea"), seconds(expected));
        clock.advance(seconds(expected) - base::Duration{1});
        ASSERT_EQ(fail("lea"), base::Duration{1}) << "not counted while it waits";
        clock.advance(base::Duration{1});
        throttle.succeeded("nobody", "192.0.2.1");  // keeps the address out of it
        ASSERT_FALSE(fail("lea"));
    }
    EXPECT_EQ(fail("lea"), seconds(300)) << "but not for ever";
    EXPECT_FALSE(fail("max", "192.0.2.2")) << "another login is not concerned";
}

TEST_F(ThrottleTest, ForgetsAfterSuccessAndAfterAWhile) {
    for (int i = 0; i < 5; ++i)
        EXPECT_FALSE(fail("lea"));
    EXPECT_TRUE(fail("lea"));
    throttle.succeeded("lea", "192.0.2.1");
    for (int i = 0; i < 3; ++i)
        EXPECT_FALSE(fail("lea"));
    clock.advance(minutes(15));
    for (int i = 0; i < 5; ++i)
        EXPECT_FALSE(fail("lea")) << i;
    EXPECT_TRUE(fail("lea"));
}

TEST_F(ThrottleTest, SlowsAnAddressThatTriesManyLogins) {
    for (int i = 0; i < 8; ++i)
        EXPECT_FALSE(fail("login" + std::to_string(i), "2001:db8::1"));
    EXPECT_TRUE(fail("another", "2001:db8::1"));
    EXPECT_TRUE(fail("another", "2001:db8::ffff:2")) << "the same network";
    EXPECT_FALSE(fail("another", "2001:db8:0:1::1"));
    EXPECT_FALSE(fail("another", "::ffff:192.0.2.9")) << "mapped addresses are single ones";
}

TEST_F(ThrottleTest, DoesNotCountTheSuccessesOfAnAddress) {
    for (int i = 0; i < 100; ++i) {
        ASSERT_FALSE(fail("login" + std::to_string(i)));
        throttle.succeeded("login" + std::to_string(i), "192.0.2.1");
    }
    for (int i = 0; i < 100; ++i) {
        ASSERT_FALSE(fail("lea"));
        throttle.withdraw("lea", "192.0.2.1");
    }
    EXPECT_EQ(throttle.entries(), 0U);
}

TEST_F(ThrottleTest, RemembersABoundedNumberTheOldestGoFirst) {
    for (int i = 0; i < 5; ++i)
        EXPECT_FALSE(fail("first", "192.0.2.100"));
    EXPECT_TRUE(fail("first", "192.0.2.100"));
    for (int i = 0; i < 50; ++i) {
        clock.advance(base::Duration{1});
        EXPECT_FALSE(fail("login" + std::to_string(i), "192.0.2." + std::to_string(i)));
        EXPECT_LE(throttle.entries(), 50U);
    }
    EXPECT_FALSE(fail("first", "192.0.2.101")) << "it made room";
}

}  // namespace
}  // namespace vigie::access
