#include "bench/device_packets.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <variant>

#include "bench/latency.hpp"
#include "vigie/base/time.hpp"
#include "vigie/wire/mqtt/server_connection.hpp"

namespace vigie::bench {
namespace {

namespace mqtt = wire::mqtt;

TEST(DevicePackets, AreTakenByAServer) {
    mqtt::ServerConnection server({});
    std::string bytes = connect_packet({"c1", "user", "secret", ""});
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
