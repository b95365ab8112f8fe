#include "net/mqtt_gate.hpp"

#include <gtest/gtest.h>

namespace vigie::net {
namespace {

using boost::asio::ip::make_address;

class MqttGateTest : public testing::Test {
protected:
    static std::shared_ptr<MqttGate> gate(MqttGate::Limits limits) {
        return std::make_shared<MqttGate>(limits);
    }
};

TEST_F(MqttGateTest, HoldsConnectionsAtNAndNPlusOne) {
    const auto door = gate({2, 10, 10, 10});
    auto first = door->enter(make_address("192.0.2.1"));
    auto second = door->enter(make_address("192.0.2.2"));
    second->known();
    EXPECT_FALSE(door->enter(make_address("192.0.2.3")));
    first.reset();
    EXPECT_TRUE(door->enter(make_address("192.0.2.3")));
    EXPECT_EQ(door->connections(), 1U);
}

TEST_F(MqttGateTest, HoldsStrangersInAllAtNAndNPlusOne) {
    const auto door = gate({10, 2, 10, 10});
    auto first = door->enter(make_address("192.0.2.1"));
    auto second = door->enter(make_address("192.0.2.2"));
    EXPECT_FALSE(door->enter(make_address("192.0.2.3")));
    second->known();
    second->known();
    EXPECT_TRUE(door->enter(make_address("192.0.2.3"))) << "who signed in is no stranger";
}

TEST_F(MqttGateTest, HoldsStrangersOfAnAddressAtNAndNPlusOne) {
    for (const auto& [same, same_network, other] :
         {std::tuple{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"},
          std::tuple{"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"}}) {
        const auto door = gate({10, 10, 2, 10});
        auto first = door->enter(make_address(same));
        auto second = door->enter(make_address(same_network));
        EXPECT_FALSE(door->enter(make_address(same))) << same;
        EXPECT_TRUE(door->enter(make_address(other))) << other;
        first->known();
        EXPECT_TRUE(door->enter(make_address(same))) << same;
        first.reset();
        second.reset();
        EXPECT_EQ(door->connections(), 0U);
    }
}

TEST_F(MqttGateTest, HoldsSoManyWhoWaitForTheirAnswer) {
    const auto door = gate({10, 10, 10, 1});
    auto first = door->enter(make_address("192.0.2.1"));
    auto second = door->enter(make_address("192.0.2.1"));
    auto elsewhere = door->enter(make_address("192.0.2.2"));
    EXPECT_TRUE(first->hold());
    EXPECT_FALSE(second->hold());
    EXPECT_TRUE(elsewhere->hold());
    first.reset();
    EXPECT_TRUE(second->hold());
}

}  // namespace
}  // namespace vigie::net
