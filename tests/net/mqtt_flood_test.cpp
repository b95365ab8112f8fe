// What comes in larger numbers than anybody sends on purpose.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <vector>

#include "tests/net/mqtt_raw_peer.hpp"

namespace vigie::net {

namespace {

constexpr std::size_t half_open_wanted = 10'000;
constexpr std::size_t descriptors_spare = 200;
// In a debug build, both ends of a connection; a sanitizer's own memory is no measure.
[[maybe_unused]] constexpr std::size_t half_open_bytes_max = 20'000;

std::size_t resident() {
    std::ifstream statm("/proc/self/statm");
    std::size_t size = 0;
    std::size_t pages = 0;
    statm >> size >> pages;
    return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// Both ends lie in this process: as many as its descriptors allow.
std::size_t half_open_possible() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return std::min<std::size_t>(half_open_wanted, (limit.rlim_cur - descriptors_spare) / 2);
}

}  // namespace

class MqttFloodTest : public MqttRawTest {};

TEST_F(MqttFloodTest, TenThousandHalfOpenConnectionsTakeLittleAndDisturbNobody) {
    start({.connect_within = std::chrono::seconds{10}});
    const auto count = half_open_possible();
    const auto before = resident();
    std::vector<std::unique_ptr<MqttRawPeer>> silent;
    for (std::size_t i = 0; i < count; ++i) {
        silent.push_back(std::make_unique<MqttRawPeer>(io, server->ports().front()));
        if (i % 2 == 0) silent.back()->send("10");
        if (i % 50 == 0) {
            run_until([&] { return server->counters().connections.load() + 25 >= silent.size(); });
        }
    }
    run_until([&] { return server->counters().connections.load() == count; });
    const auto each = (resident() - before) / count;
    std::cout << count << " half-open connections, " << each << " bytes each, both ends\n";
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
    EXPECT_LT(each, half_open_bytes_max);
#endif
    MqttClient honest{io.get_executor()};
    ASSERT_TRUE(connect(honest, as("honest")));
    EXPECT_TRUE(wait_for(honest.publish("t", "x", Qos::at_least_once)).ok());
    clock.advance(std::chrono::seconds{10});
    run_until([&] { return server->counters().connections.load() == 1; });
    EXPECT_TRUE(wait_for(honest.publish("t", "x", Qos::at_least_once)).ok());
}

}  // namespace vigie::net
