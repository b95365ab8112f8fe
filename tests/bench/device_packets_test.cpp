#include "bench/device_packets.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <variant>

#include "bench/latency.hpp"
#include "bench/spoken.hpp"
#include "bench/web_socket.hpp"
#include "vigie/base/time.hpp"
#include "vigie/wire/mqtt/server_connection.hpp"

namespace vigie::bench {
namespace {

namespace mqtt = wire::mqtt;

TEST(DevicePackets, AreTakenByAServer) {
    mqtt::ServerConnection server({});
    std::string bytes = connect_packet({"c1", "user", "secret", {}});
    std::size_t consumed = 0;
    const auto first = server.next(bytes, consumed);
    const auto* connect = std::get_if<mqtt::ConnectEvent>(&first);
    ASSERT_NE(connect, nullptr);
    EXPECT_EQ(consumed, bytes.size());
}

TEST(DevicePackets, CarryTimeAndValuesOfTheirOwn) {
    PublishPacket packet("vigie/v1/A-1/observations");
    std::string bytes;
    packet.append_to(bytes, 0x1234, 1'763'834'645'120, 7);
    const std::size_t length = bytes.size();
    packet.append_to(bytes, 0x1235, 1'763'834'645'121, 8);
    ASSERT_EQ(bytes.size(), 2 * length);
    const auto payload = [&](std::size_t begin) {
        const auto at = bytes.find('{', begin);
        return nlohmann::json::parse(bytes.substr(at, length - (at - begin)));
    };
    EXPECT_EQ(payload(0)["t"], base::to_rfc3339(base::from_epoch_ms(1'763'834'645'120)));
    EXPECT_EQ(payload(length)["t"], base::to_rfc3339(base::from_epoch_ms(1'763'834'645'121)));
    EXPECT_EQ(payload(0)["values"].size(), 4U);
    EXPECT_NE(payload(0)["values"], payload(length)["values"]);
}

TEST(DevicePackets, ASubscriberTakesWholePublicationsAndAcknowledgesThem) {
    PublishPacket packet("vigie/v1/A-1/observations");
    std::string bytes;
    packet.append_to(bytes, 0x1234, 1'763'834'645'120, 7);
    const std::size_t length = bytes.size();
    packet.append_to(bytes, 0x1235, 1'763'834'645'121, 8);
    const auto both = take_publications(bytes);
    EXPECT_EQ(both.count, 2U);
    EXPECT_EQ(both.bytes, bytes.size());
    EXPECT_EQ(both.acknowledgements, "\x40\x02\x12\x34\x40\x02\x12\x35");
    const auto one = take_publications(std::string_view(bytes).substr(0, bytes.size() - 1));
    EXPECT_EQ(one.count, 1U);
    EXPECT_EQ(one.bytes, length);
    EXPECT_EQ(take_publications("").bytes, 0U);
    EXPECT_EQ(take_publications(std::string_view(bytes).substr(0, 2)).bytes, 0U);
    const auto pingresp = take_publications(std::string_view("\xd0\0", 2));
    EXPECT_EQ(pingresp.count, 0U);
    EXPECT_EQ(pingresp.bytes, 2U);
}

TEST(DevicePackets, ASubscriptionIsTakenByAServer) {
    mqtt::ServerConnection server({});
    const std::string connect = connect_packet({"c1", "user", "secret", {}});
    std::size_t consumed = 0;
    (void)server.next(connect, consumed);
    server.accept({});
    const std::string subscribe = subscribe_packet("vigie/v1/+/observations");
    consumed = 0;
    const auto subscription = server.next(subscribe, consumed);
    ASSERT_NE(std::get_if<mqtt::SubscribeEvent>(&subscription), nullptr);
}

TEST(WebSocketMessages, AreTakenWholeAndTheRestIsLeft) {
    std::string bytes(
        "\x81\x02"
        "ab"
        "\x8a\x00"
        "\x81\x7e\x01\x00",
        10);
    bytes += std::string(256, 'x') + "\x81";
    std::vector<std::string> taken;
    take_messages(bytes, [&](std::string_view text) { taken.emplace_back(text); });
    EXPECT_EQ(taken, (std::vector<std::string>{"ab", std::string(256, 'x')}));
    EXPECT_EQ(bytes, "\x81");
}

TEST(WebSocketMessages, InSeveralFramesAreJoined) {
    std::string bytes(
        "\x01\x02"
        "ab"
        "\x89\x00"
        "\x00\x01"
        "c"
        "\x80\x01"
        "d"
        "\x01\x01"
        "e",
        15);
    std::vector<std::string> taken;
    take_messages(bytes, [&](std::string_view text) { taken.emplace_back(text); });
    EXPECT_EQ(taken, (std::vector<std::string>{"abcd"}));
    EXPECT_EQ(bytes, std::string("\x01\x01"
                                 "e"))
        << "its end is not there yet";
}

// Who does not answer is cut after some minutes.
TEST(WebSocketMessages, PingsAreAnswered) {
    std::string bytes(
        "\x89\x02"
        "hi"
        "\x81\x01"
        "a");
    std::vector<std::string> taken;
    std::vector<std::string> pings;
    take_messages(
        bytes, [&](std::string_view text) { taken.emplace_back(text); },
        [&](std::string_view ping) { pings.emplace_back(ping); });
    EXPECT_EQ(taken, std::vector<std::string>{"a"});
    EXPECT_EQ(pings, std::vector<std::string>{"hi"});
    EXPECT_EQ(client_pong("hi"), std::string("\x8A\x82\0\0\0\0hi", 8)) << "masked";
}

TEST(SpokenWords, AreTimedFromWhenTheyShouldHaveLeft) {
    Spoken spoken({"A", "B"});
    const Spoken::Steady::time_point at{std::chrono::seconds{100}};
    spoken.said(1, 5'000, at);
    const auto later = at + std::chrono::milliseconds{7};
    EXPECT_EQ(spoken.heard("B", 5'000, later), std::chrono::milliseconds{7});
    EXPECT_FALSE(spoken.heard("B", 4'999, later)) << "an older word";
    EXPECT_FALSE(spoken.heard("A", 5'000, later)) << "never spoke";
    EXPECT_FALSE(spoken.heard("C", 5'000, later)) << "unknown";
}

TEST(LatencyCount, FindsItsPercentilesToOnePerCent) {
    Latency latency;
    for (int us = 1; us <= 10'000; ++us)
        latency.add(std::chrono::microseconds{us});
    EXPECT_NEAR(latency.percentile_ms(0.5), 5.0, 0.1);
    EXPECT_NEAR(latency.percentile_ms(0.99), 9.9, 0.2);
    EXPECT_EQ(latency.count(), 10'000U);
}

}  // namespace
}  // namespace vigie::bench
