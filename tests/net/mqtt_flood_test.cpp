// What comes in larger numbers than anybody sends on purpose.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <vector>

#include "tests/net/mqtt_raw_peer.hpp"

namespace vigie::net {

namespace {

constexpr std::size_t half_open = 10'000;
constexpr std::size_t descriptors_spare = 200;
// The first half of a CONNECT of 16 KiB, the largest there may be.
constexpr std::size_t half_bytes = 8 * 1024;
// In a debug build; a sanitizer's own memory is no measure.
[[maybe_unused]] constexpr std::size_t half_open_bytes_max = 30'000;
// So that each address has fewer strangers than it may.
constexpr std::size_t addresses = 20;

std::size_t resident() {
    std::ifstream statm("/proc/self/statm");
    std::size_t size = 0;
    std::size_t pages = 0;
    statm >> size >> pages;
    return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// Of one process: the clients have a process of their own.
bool can_have_descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur >= half_open + descriptors_spare;
}

// Runs in the child: nothing but calls of the system, for the parent has threads.
void flood(std::uint16_t port, const std::string& half) {
    for (std::size_t i = 0; i < half_open; ++i) {
        const int peer = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in from{};
        from.sin_family = AF_INET;
        from.sin_addr.s_addr = htonl(static_cast<std::uint32_t>(0x7F000002 + i % addresses));
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const bool sent = peer >= 0 &&
                          ::bind(peer, reinterpret_cast<sockaddr*>(&from), sizeof from) == 0 &&
                          ::connect(peer, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 &&
                          ::send(peer, half.data(), half.size(), MSG_NOSIGNAL) ==
                              static_cast<ssize_t>(half.size());
        if (!sent) ::_exit(1);
    }
    ::pause();
    ::_exit(0);
}

// The other end of all those connections, ended with this.
class Flood {
public:
    explicit Flood(std::uint16_t port) {
        // Remaining length 16,381: with its header 16 KiB.
        std::string half = wire::mqtt::bytes("10 fd 7f 00 04 'MQTT' 05 c2 0000 00");
        half.resize(half_bytes, 'x');
        child_ = ::fork();
        if (child_ == 0) flood(port, half);
    }
    ~Flood() {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }
    Flood(const Flood&) = delete;
    Flood& operator=(const Flood&) = delete;
    [[nodiscard]] bool failed() const { return ::waitpid(child_, nullptr, WNOHANG) != 0; }

private:
    pid_t child_;
};

}  // namespace

class MqttFloodTest : public MqttRawTest {};

TEST_F(MqttFloodTest, TenThousandHalfOpenConnectionsTakeLittleAndDisturbNobody) {
    ASSERT_TRUE(can_have_descriptors()) << "raise the hard limit of open files";
    start({.strangers_max = half_open + 1});
    const auto before = resident();
    const Flood flood(server->ports().front());
    const auto arrived = [&] { return server->counters().bytes_in.load(); };
    run_until([&] { return flood.failed() || arrived() == half_open * half_bytes; });
    ASSERT_FALSE(flood.failed());
    EXPECT_EQ(server->counters().connections, half_open);
    const auto each = (resident() - before) / half_open;
    std::cout << half_open << " half-open connections, " << each << " bytes each\n";
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
    EXPECT_LT(each, half_open_bytes_max);
#endif
    MqttClient honest{io.get_executor()};
    ASSERT_TRUE(connect(honest, as("honest")));
    EXPECT_TRUE(wait_for(honest.publish("t", "x", wire::mqtt::Qos::at_least_once)).ok());
    clock.advance(std::chrono::seconds{10});
    run_until([&] { return server->counters().connections.load() == 1; });
    EXPECT_TRUE(wait_for(honest.publish("t", "x", wire::mqtt::Qos::at_least_once)).ok());
}

}  // namespace vigie::net
