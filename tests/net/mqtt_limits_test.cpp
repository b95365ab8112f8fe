// What one client, or one address, may take of the endpoint: each limit at n and at n + 1.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "tests/net/mqtt_raw_peer.hpp"

namespace vigie::net {

namespace {

using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;

int option(int descriptor, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(descriptor, level, name, &value, &size);
    return value;
}

// The server's end of a connection that came from `port`; it is of this process, too.
int other_end(std::uint16_t port) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    for (int descriptor = 0; descriptor < static_cast<int>(limit.rlim_cur); ++descriptor) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
            peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) {
            return descriptor;
        }
    }
    return -1;
}

}  // namespace

class MqttLimitsTest : public MqttRawTest {
protected:
    MqttRawPeer peer() { return MqttRawPeer{io, server->ports().front()}; }
    std::uint64_t turned_away() { return server->counters().turned_away.load(); }
    MqttRawPeer stranger() {
        const auto before = server->counters().connections.load();
        auto one = peer();
        run_until([&] { return server->counters().connections.load() == before + 1; });
        return one;
    }
};

TEST_F(MqttLimitsTest, StrangersOfAnAddressAreSoManyAndTheirNeighboursComeIn) {
    start({.strangers_per_address_max = 2});
    auto first = stranger();
    auto second = stranger();
    auto third = peer();
    EXPECT_EQ(read_until_closed(third), "");
    EXPECT_EQ(turned_away(), 1U);
    boost::asio::ip::tcp::socket elsewhere(io);
    elsewhere.open(boost::asio::ip::tcp::v4());
    elsewhere.bind({boost::asio::ip::make_address_v4("127.0.0.2"), 0});
    elsewhere.connect({boost::asio::ip::address_v4::loopback(), server->ports().front()});
    run_until([&] { return server->counters().connections.load() == 3; });
    first.greet("one");
    welcome(first);  // no stranger any more
    MqttClient client{io.get_executor()};
    EXPECT_TRUE(connect(client, as("two")));
    EXPECT_EQ(turned_away(), 1U);
}

TEST_F(MqttLimitsTest, AWrongSignInIsNotAnsweredBeforeItsTime) {
    start({.held_per_address_max = 2, .connect_within = std::chrono::seconds{1}});
    std::vector<std::unique_ptr<MqttClient>> guesses;
    std::size_t answered = 0;
    const auto guess = [&] {
        auto& client = *guesses.emplace_back(std::make_unique<MqttClient>(io.get_executor()));
        auto settings = as("guess" + std::to_string(guesses.size()));
        settings.password = "slowly";
        const auto attempt = [](MqttClient& one,
                                MqttClientSettings how) -> boost::asio::awaitable<void> {
            static_cast<void>(co_await one.connect(std::move(how)));
        };
        boost::asio::co_spawn(io, attempt(client, settings),
                              [&answered](const std::exception_ptr&) { ++answered; });
    };
    guess();
    guess();
    run_until([&] { return server->counters().refused.load() == 2; });
    clock.advance(std::chrono::milliseconds{2'999});
    guess();  // a third is closed at once, without a word
    run_until([&] { return answered == 1; });
    EXPECT_EQ(guesses.back()->refused_with(), std::nullopt);
    MqttClient right{io.get_executor()};
    EXPECT_TRUE(connect(right, as("right"))) << "of the same address, and at once";
    EXPECT_EQ(answered, 1U);
    clock.advance(std::chrono::milliseconds{1});
    run_until([&] { return answered == 3; });
    EXPECT_EQ(guesses.front()->refused_with(), Reason::quota_exceeded);
}

TEST_F(MqttLimitsTest, WhoHangsUpIsCountedUntilItsTime) {
    start({.held_per_address_max = 1});
    const auto guess = [&](MqttClient& client) {
        auto settings = as("guess");
        settings.password = "slowly";
        return connect(client, settings);
    };
    {
        auto first = peer();
        const std::string body = wire::mqtt::bytes(
            "10 1d 00 04 'MQTT' 05 c2 0000 00 0001 'a' 0005 'owner' 0006 'slowly'");
        boost::asio::write(first.socket, boost::asio::buffer(body));
        run_until([&] { return server->counters().refused.load() == 1; });
    }
    MqttClient second{io.get_executor()};
    EXPECT_FALSE(guess(second));
    EXPECT_EQ(second.refused_with(), std::nullopt) << "closed: the first still has its place";
    clock.advance(std::chrono::seconds{3});
    run_until([&] { return server->counters().connections.load() == 0; });
}

TEST_F(MqttLimitsTest, FiltersAreRefusedOneByOne) {
    start();
    std::string deep = "a";
    for (std::size_t level = 1; level < base::limits::mqtt_filter_levels_max; ++level)
        deep += "/";
    for (const Version version : {Version::v3_1_1, Version::v5}) {
        MqttClient client{io.get_executor()};
        auto settings = as("one");
        settings.version = version;
        ASSERT_TRUE(connect(client, settings));
        const auto answers = wait_for(client.subscribe({{deep, Qos::at_least_once},
                                                        {deep + "/", Qos::at_least_once},
                                                        {"b", Qos::at_most_once}}));
        const Reason refused =
            version == Version::v5 ? Reason::topic_filter_invalid : Reason::unspecified_error;
        EXPECT_EQ(answers, (std::vector<Reason>{Reason::granted_qos_1, refused, Reason::success}));
        wait_for(client.disconnect());
    }
}

TEST_F(MqttLimitsTest, ASubscribeAboveTheRateWaits) {
    start({}, 1);
    MqttClient client{io.get_executor()};
    MqttClient neighbour{io.get_executor()};
    ASSERT_TRUE(connect(client, as("one")));
    ASSERT_TRUE(connect(neighbour, as("two")));
    handler.above_rate = true;
    std::vector<Reason> answers;
    boost::asio::co_spawn(
        io,
        [](MqttClient& one, std::vector<Reason>& out) -> boost::asio::awaitable<void> {
            out = co_await one.subscribe({{"a", Qos::at_least_once}});
        }(client, answers),
        [](const std::exception_ptr&) {});
    run_until([&] { return handler.changes_asked >= 3; });
    EXPECT_TRUE(wait_for(neighbour.publish("t", "x", Qos::at_least_once)).ok());
    EXPECT_TRUE(answers.empty());
    EXPECT_EQ(server->counters().slowed, 1U);
    handler.above_rate = false;
    run_until([&] { return !answers.empty(); });
    EXPECT_EQ(answers, std::vector<Reason>{Reason::granted_qos_1});
}

TEST_F(MqttLimitsTest, APeerThatIsGoneIsFoundWithoutAKeepAlive) {
    start();
    auto silent = peer();
    silent.greet("one");
    welcome(silent);
    const int socket = other_end(silent.socket.local_endpoint().port());
    ASSERT_GE(socket, 0);
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPINTVL), 15);
    EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPCNT), 4);
    EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT), 120'000);
}

}  // namespace vigie::net
