// The client, where the endpoint's own tests do not already try it.
#include "vigie/net/mqtt_client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "tests/net/mqtt_bench.hpp"
#include "tests/wire/mqtt_bytes.hpp"

namespace vigie::net {

namespace {

using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;

}  // namespace

class MqttClientTest : public MqttBench {
protected:
    using Socket = boost::asio::ip::tcp::socket;

    // A server of the test's own, which reads whatever comes.
    std::uint16_t listen() {
        acceptor_.open(boost::asio::ip::tcp::v4());
        acceptor_.bind({boost::asio::ip::address_v4::loopback(), 0});
        acceptor_.listen();
        acceptor_.async_accept(peer, [this](boost::system::error_code failed) {
            if (!failed) read_on();
        });
        return acceptor_.local_endpoint().port();
    }
    void answer(std::string_view text) {
        const std::string raw = wire::mqtt::bytes(text);
        boost::asio::write(peer, boost::asio::buffer(raw));
    }
    MqttClientSettings to(std::uint16_t port) {
        return {.port = port, .client_id = "c", .keep_alive_s = 0};
    }
    // Connects to listen() in 5.0.
    bool connect_to_peer(MqttClient& client, MqttClientSettings settings,
                         std::string_view connack = "20 03 00 00 00") {
        connack_ = connack;
        return connect(client, std::move(settings));
    }

    Socket peer{io};
    std::string received;

private:
    void read_on() {
        peer.async_read_some(boost::asio::buffer(buffer_),
                             [this](boost::system::error_code failed, std::size_t count) {
                                 if (failed) return;
                                 received.append(buffer_.data(), count);
                                 if (!connack_.empty()) answer(std::exchange(connack_, {}));
                                 read_on();
                             });
    }
    boost::asio::ip::tcp::acceptor acceptor_{io};
    std::array<char, 4'096> buffer_{};
    std::string connack_;
};

TEST_F(MqttClientTest, SaysWhenNobodyIsThere) {
    std::uint16_t port = 0;
    {
        boost::asio::ip::tcp::acceptor gone{io, {boost::asio::ip::address_v4::loopback(), 0}};
        port = gone.local_endpoint().port();
    }
    MqttClient client{io.get_executor()};
    EXPECT_FALSE(connect(client, to(port)));
    auto settings = to(port);
    settings.host = "nobody.invalid";
    EXPECT_FALSE(connect(client, settings));
    EXPECT_FALSE(client.publish_soon({.topic = "t"}));
    EXPECT_TRUE(wait_for(client.publish("t", "", Qos::at_least_once)).lost);
    EXPECT_TRUE(wait_for(client.subscribe({{"t", Qos::at_least_once}})).empty());
}

TEST_F(MqttClientTest, RefusesAPeerThatSpeaksSomethingElse) {
    MqttClient client{io.get_executor()};
    EXPECT_FALSE(connect_to_peer(client, to(listen()), "'HTTP/1.1 400 Bad Request'"));
    EXPECT_FALSE(client.is_connected());
}

TEST_F(MqttClientTest, WritesManyPublicationsAtOnceAndKeepsItsWindow) {
    MqttClient client{io.get_executor()};
    auto settings = to(listen());
    settings.in_flight_max = 2;
    settings.queued_max = 3;
    ASSERT_TRUE(connect_to_peer(client, settings));
    received.clear();
    std::vector<int> acknowledged;
    const auto publish = [&](int number) {
        return client.publish_soon({.topic = "t", .qos = Qos::at_least_once},
                                   [&acknowledged, number](const MqttAcknowledgement& one) {
                                       acknowledged.push_back(one.ok() ? number : -number);
                                   });
    };
    for (int i = 1; i <= 5; ++i)
        EXPECT_TRUE(publish(i));
    EXPECT_FALSE(publish(6));  // two in flight, three queued
    EXPECT_EQ(client.open(), 5U);
    run_until([this] { return received.size() == 16; });
    answer("40 02 0001");
    run_until([this] { return received.size() == 24; });
    EXPECT_EQ(wire::mqtt::shown(received.substr(16)),
              wire::mqtt::shown(wire::mqtt::bytes("32 06 00 01 't' 0003 00")));
    // The others are lost with the connection.
    bool closed = false;
    client.on_closed([&closed](std::optional<Reason> why) { closed = !why; });
    peer.close();
    run_until([&closed] { return closed; });
    EXPECT_EQ(acknowledged, (std::vector<int>{1, -2, -3, -4, -5}));
    EXPECT_EQ(client.open(), 0U);
}

TEST_F(MqttClientTest, PingsWhenItHasNothingToSay) {
    MqttClient client{io.get_executor()};
    auto settings = to(listen());
    settings.keep_alive_s = 1;
    ASSERT_TRUE(connect_to_peer(client, settings));
    received.clear();
    run_until([this] { return wire::mqtt::shown(received).ends_with("c0 00 "); });
    bool closed = false;
    client.on_closed([&closed](std::optional<Reason>) { closed = true; });
    run_until([&closed] { return closed; });  // no answer came
}

TEST_F(MqttClientTest, TellsTheReasonOfTheServer) {
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect_to_peer(client, to(listen())));
    std::optional<Reason> why;
    client.on_closed([&why](std::optional<Reason> reason) { why = reason; });
    answer("e0 01 8b");
    run_until([&why] { return why.has_value(); });
    EXPECT_EQ(why, Reason::server_shutting_down);
}

TEST_F(MqttClientTest, MayBeAbortedOrDestroyedAnywhere) {
    start();
    auto client = std::make_unique<MqttClient>(io.get_executor());
    int lost = 0;
    ASSERT_TRUE(connect(*client, as("one")));
    handler.at_once = false;
    for (int i = 0; i < 3; ++i) {
        client->publish_soon({.topic = "t", .qos = Qos::at_least_once},
                             [&lost](const MqttAcknowledgement& one) { lost += one.lost; });
    }
    client->on_closed([](std::optional<Reason>) { ADD_FAILURE() << "its owner knows"; });
    client.reset();
    EXPECT_EQ(lost, 3);
    // In its own callback.
    auto second = std::make_unique<MqttClient>(io.get_executor());
    ASSERT_TRUE(connect(*second, as("two")));
    handler.at_once = true;
    bool gone = false;
    second->publish_soon({.topic = "t", .qos = Qos::at_least_once},
                         [&](const MqttAcknowledgement&) {
                             second.reset();
                             gone = true;
                         });
    run_until([&gone] { return gone; });
    // While it connects.
    auto third = std::make_unique<MqttClient>(io.get_executor());
    bool ended = false;
    using Connecting = boost::asio::awaitable<base::Result<MqttConnected>>;
    const auto attempt = [](Connecting connecting) -> boost::asio::awaitable<void> {
        EXPECT_FALSE((co_await std::move(connecting)).ok());
    };
    boost::asio::co_spawn(io, attempt(third->connect(as("three"))),
                          [&ended](const std::exception_ptr&) { ended = true; });
    io.restart();
    io.run_one_for(std::chrono::milliseconds{10});
    third.reset();
    run_until([&ended] { return ended; });
    run_until([this] { return server->counters().connections.load() == 0; });
}

TEST_F(MqttClientTest, ConnectsAgainAfterTheEnd) {
    start();
    MqttClient client{io.get_executor()};
    int closed = 0;
    client.on_closed([&closed](std::optional<Reason>) { ++closed; });
    for (int i = 1; i <= 20; ++i) {
        ASSERT_TRUE(connect(client, as("one")));
        EXPECT_TRUE(wait_for(client.publish("t", "x", Qos::exactly_once)).ok());
        if (i % 2 == 0) {
            client.abort();
        } else {
            wait_for(client.disconnect());
        }
        EXPECT_EQ(closed, i);
    }
}

TEST_F(MqttClientTest, DisconnectsAfterEverythingIsWritten) {
    start();
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, as("one")));
    for (int i = 0; i < 3'000; ++i) {
        EXPECT_TRUE(client.publish_soon({.topic = "t", .payload = "x"}));
    }
    wait_for(client.disconnect());
    EXPECT_TRUE(handler.wait_for_messages(3'000));
    EXPECT_TRUE(handler.expect("disconnected one 0"));
}

}  // namespace vigie::net
