// Who has a session when several connections claim it at once.
#include "net/mqtt_registry.hpp"

#include <gtest/gtest.h>

namespace vigie::net {
namespace {

using wire::mqtt::Qos;

class MqttRegistryTest : public testing::Test {
protected:
    MqttRegistry::Claim claim(MqttConnectionName connection) {
        return registry_.claim("owner", "one", connection, nullptr);
    }
    // As the connection of a client that asked for a session of a minute.
    MqttRegistry::Left leave(MqttConnectionName connection,
                             std::optional<MqttPendingWill> will = {}) {
        return registry_.leave(session_, connection, 60, now_, {{7}, {}}, std::move(will), 100);
    }
    std::optional<MqttStoredSession> abandon(MqttConnectionName connection,
                                             std::uint64_t revision = 9) {
        return registry_.abandon(session_, connection, revision, wall_, now_);
    }
    MqttPendingWill delayed_will() const {
        MqttPendingWill will;
        will.will = std::make_shared<const MqttWill>(MqttWill{.topic = "w"});
        will.due_at = now_ + std::chrono::seconds{10};
        return will;
    }
    using Names = std::vector<MqttConnectionName>;

    MqttRegistry registry_;
    base::SteadyInstant now_{std::chrono::hours{1}};
    base::Instant wall_{base::from_epoch_ms(1'795'370'645'000)};
    MqttSessionId session_ = claim(1).session;
};

TEST_F(MqttRegistryTest, TheThirdWaitsForAllBeforeIt) {
    registry_.begin(session_, {{"c", Qos::at_least_once}});
    EXPECT_EQ(claim(2).previous, Names{1});
    EXPECT_EQ(claim(3).previous, (Names{1, 2})) << "the first has not let go yet";
    EXPECT_FALSE(abandon(2));
    EXPECT_FALSE(leave(1).current);
    ASSERT_TRUE(registry_.kept(session_, now_)) << "what the first knew goes to the third";
    EXPECT_EQ(registry_.kept(session_, now_)->subscriptions.size(), 1U);
    EXPECT_EQ(claim(4).previous, Names{3});
}

TEST_F(MqttRegistryTest, WhoLeavesLateOverwritesNothing) {
    claim(2);
    claim(3);
    registry_.begin(session_, {});
    const auto left = leave(1, delayed_will());
    EXPECT_FALSE(left.current);
    EXPECT_FALSE(left.will) << "its client came back in time";
    EXPECT_FALSE(registry_.take_will(session_));
    EXPECT_FALSE(registry_.kept(session_, now_));
    EXPECT_TRUE(registry_.expire(now_ + std::chrono::hours{1}, 100).sessions.empty());
    EXPECT_TRUE(registry_.is_current(session_, 3));
}

TEST_F(MqttRegistryTest, AClaimThatComesToNothingTakesNothingAway) {
    registry_.begin(session_, {{"c", Qos::at_least_once}});
    claim(2);
    EXPECT_FALSE(abandon(2));  // before the first has let go
    const auto left = leave(1, delayed_will());
    EXPECT_TRUE(left.current);
    EXPECT_TRUE(left.kept);
    ASSERT_TRUE(registry_.kept(session_, now_));
    EXPECT_EQ(registry_.expire(now_ + std::chrono::seconds{10}, 100).wills.size(), 1U);
    EXPECT_TRUE(registry_.expire(now_ + std::chrono::seconds{60}, 100).sessions.empty())
        << "its row goes when its will is durable";
    EXPECT_EQ(registry_.size(), 0U);
}

TEST_F(MqttRegistryTest, ASessionWithoutAWillIsForgottenWithItsTime) {
    registry_.begin(session_, {});
    EXPECT_TRUE(leave(1).kept);
    EXPECT_EQ(registry_.expire(now_ + std::chrono::seconds{60}, 100).sessions.size(), 1U);
    EXPECT_EQ(registry_.size(), 0U);
}

TEST_F(MqttRegistryTest, AWillLeftByAnEarlierRunWaitsForItsClientAndForRoom) {
    for (const char* name : {"two", "three"}) {
        auto will = delayed_will();
        will.origin = {"owner", name, {}, 1};
        registry_.await_client(std::move(will), now_ + std::chrono::seconds{10});
    }
    const auto back = registry_.claim("owner", "two", 2, nullptr);
    EXPECT_FALSE(registry_.kept(back.session, now_)) << "what else there is stays in the row";
    registry_.abandon(back.session, 2, 9, wall_, now_);
    const auto due = now_ + std::chrono::seconds{10};
    EXPECT_TRUE(registry_.expire(due - std::chrono::seconds{1}, 100).wills.empty());
    EXPECT_EQ(registry_.expire(due, 1).wills.size(), 1U) << "each is a byte";
    EXPECT_EQ(registry_.size(), 2U) << "one of them is the connected client's";
    EXPECT_EQ(registry_.expire(due, 1).wills.size(), 1U);
    EXPECT_EQ(registry_.size(), 1U);
}

}  // namespace
}  // namespace vigie::net
