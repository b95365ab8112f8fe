// What the endpoint does with peers that are silent, slow, wrong or in a hurry; and how it stops.
#include <gtest/gtest.h>

#include "tests/net/mqtt_raw_peer.hpp"

namespace vigie::net {

namespace {

using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;

std::string hex(std::string_view text) {
    return wire::mqtt::shown(wire::mqtt::bytes(text));
}

}  // namespace

class MqttEnduranceTest : public MqttRawTest {
protected:
    MqttRawPeer peer() { return MqttRawPeer{io, server->ports().front()}; }
};

TEST_F(MqttEnduranceTest, EndsASilentConnectionAfterOneAndAHalfKeepAlives) {
    start();
    auto silent = peer();
    silent.greet("one", "000a");
    welcome(silent);
    clock.advance(std::chrono::seconds{15});
    silent.send("c0 00");
    EXPECT_EQ(read(silent, 2), hex("d0 00"));  // at the limit, still there
    clock.advance(std::chrono::milliseconds{15'001});
    EXPECT_EQ(read_until_closed(silent), hex("e0 01 8d"));
    EXPECT_TRUE(handler.expect("disconnected one 141"));
    EXPECT_EQ(server->counters().keep_alive_timeouts, 1U);
}

TEST_F(MqttEnduranceTest, GivesLittleTimeToBegin) {
    start({.connect_within = std::chrono::seconds{10}});
    auto silent = peer();
    silent.send("10");
    run_until([this] { return server->counters().connections.load() == 1; });
    clock.advance(std::chrono::seconds{10});
    EXPECT_EQ(read_until_closed(silent), "");
}

TEST_F(MqttEnduranceTest, AnswersBrokenPacketsAndCloses) {
    start({.packet_bytes_max = 100});
    struct Case {
        const char* in;
        const char* code;
    };
    const Case cases[] = {
        {"36 04 00 01 'a' 00", "81"}, {"30 7f", "95"}, {"31 04 00 01 'a' 00", "9a"}};
    for (const auto& [in, code] : cases) {
        auto wrong = peer();
        wrong.greet("one");
        welcome(wrong);
        wrong.send(in);
        const std::string answer = read_until_closed(wrong);
        EXPECT_EQ(answer.substr(0, 2) + answer.substr(6, 2), std::string{"e0"} + code);
        wrong.socket.close();
    }
    EXPECT_EQ(server->counters().protocol_errors, 3U);
    auto stranger = peer();
    stranger.send("'GET / HTTP/1.1' 0d0a0d0a");
    EXPECT_EQ(read_until_closed(stranger), "");
}

TEST_F(MqttEnduranceTest, PacketsInAnyPieces) {
    start();
    auto slow = peer();
    boost::system::error_code ignored;
    slow.socket.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
    slow.greet("one");
    welcome(slow);
    for (const char* piece : {"32", "08", "00", "01 't'", "00", "07 00 'x'", "'y'"}) {
        slow.send(piece);
    }
    EXPECT_EQ(read(slow, 4), hex("40 02 00 07"));
    EXPECT_TRUE(handler.expect("publish t=xy"));
}

TEST_F(MqttEnduranceTest, ALargePacketFitsAndOneByteMoreDoesNot) {
    start({.packet_bytes_max = 200'000});
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, as("one")));
    // Fixed header 4, topic 3, identifier 2, properties 1.
    EXPECT_TRUE(
        wait_for(client.publish("t", std::string(200'000 - 10, 'x'), Qos::at_least_once)).ok());
    EXPECT_FALSE(client.publish_soon({.topic = "t", .payload = std::string(200'000 - 7, 'x')}));
    EXPECT_EQ(handler.messages, 1U);
}

TEST_F(MqttEnduranceTest, CutsOffWhoNeverReads) {
    start({.write_within = std::chrono::seconds{30}});
    auto deaf = peer();
    boost::system::error_code ignored;
    deaf.socket.set_option(boost::asio::socket_base::receive_buffer_size{4'096}, ignored);
    deaf.greet("deaf");
    welcome(deaf);
    deaf.send("82 07 0001 00 00 01 'c' 00");
    EXPECT_EQ(read(deaf, 6), hex("90 04 0001 00 00"));
    const std::string large(200'000, 'x');
    for (std::uint64_t tag = 1; tag <= 100; ++tag) {
        EXPECT_EQ(
            server->send({.topic = "c", .payload = large, .qos = Qos::at_most_once, .tag = tag}),
            1U);
    }
    // The sockets' buffers are full and the rest waits.
    EXPECT_TRUE(handler.expect("delivered 1 written"));
    clock.advance(std::chrono::seconds{31});
    EXPECT_TRUE(handler.expect("delivered 100 unsent"));
    EXPECT_TRUE(handler.expect("disconnected deaf 128"));
    EXPECT_EQ(server->counters().cut_off, 1U);
}

TEST_F(MqttEnduranceTest, TimeLimitsDoNotFollowAClockThatIsSet) {
    start({}, 1);
    auto silent = peer();
    silent.greet("one", "000a");
    welcome(silent);
    auto busy = peer();
    busy.greet("busy", "0000", "03 21 0001");  // one message at a time, and never an answer
    welcome(busy);
    busy.send("82 07 0001 00 00 01 'c' 01");
    read(busy, 6);
    server->send({.topic = "c", .tag = 1});
    read(busy, 7);
    server->send({.topic = "c", .expires_at = clock.now() + std::chrono::minutes{30}, .tag = 2});
    clock.set(clock.now() + std::chrono::hours{1});
    // What expires does so by that clock; each tick looks at the silent one before.
    EXPECT_TRUE(handler.expect("delivered 2 expired"));
    silent.send("c0 00");
    EXPECT_EQ(read(silent, 2), hex("d0 00"));
    clock.set(clock.now() - std::chrono::hours{2});
    clock.advance(std::chrono::milliseconds{15'001});
    EXPECT_EQ(read_until_closed(silent), hex("e0 01 8d"));
    EXPECT_EQ(server->counters().keep_alive_timeouts, 1U);
}

TEST_F(MqttEnduranceTest, CutsOffWhoNeverReadsItsAcknowledgements) {
    constexpr std::size_t output_bytes_max = 64 * 1024;
    handler.refusal_text = std::string(1'000, 'x');
    start({.output_bytes_max = output_bytes_max, .write_within = std::chrono::seconds{30}}, 1);
    auto deaf = peer();
    boost::system::error_code ignored;
    deaf.socket.set_option(boost::asio::socket_base::receive_buffer_size{4'096}, ignored);
    deaf.greet("deaf");
    welcome(deaf);
    // It writes for as long as it is read, and the server reads for as long as it can write.
    std::string packets;
    for (int i = 0; i < 1'000; ++i)
        packets += wire::mqtt::bytes("32 10 000b 'forbidden/x' 0007 00");
    bool stuck = false;
    std::function<void()> write_on = [&] {
        boost::asio::async_write(deaf.socket, boost::asio::buffer(packets),
                                 [&](boost::system::error_code failed, std::size_t) {
                                     if (failed) {
                                         stuck = true;
                                     } else {
                                         write_on();
                                     }
                                 });
    };
    write_on();
    MqttClient neighbour{io.get_executor()};
    auto settings = as("neighbour");
    settings.keep_alive_s = 0;
    ASSERT_TRUE(connect(neighbour, settings));
    EXPECT_TRUE(wait_for(neighbour.publish("t", "x", Qos::at_least_once)).ok());
    // As long as anything goes out, time does not run against it; then the sockets are full.
    run_until([&] {
        clock.advance(std::chrono::milliseconds{100});
        return stuck && server->counters().cut_off == 1;
    });
    EXPECT_LT(handler.refused * handler.refusal_text.size(),
              server->counters().bytes_out + output_bytes_max)
        << "what it does not take is not queued without end";
    EXPECT_TRUE(handler.expect("disconnected deaf 128"));
    EXPECT_TRUE(wait_for(neighbour.publish("t", "x", Qos::at_least_once)).ok());
}

TEST_F(MqttEnduranceTest, ACommandThatExpiresIsNeverFinished) {
    start();
    auto deaf = peer();
    deaf.greet("deaf");
    welcome(deaf);
    deaf.send("82 07 0001 00 00 01 'c' 01");
    EXPECT_EQ(read(deaf, 6), hex("90 04 0001 00 01"));
    const std::string large(200'000, 'x');
    for (std::uint64_t tag = 1; tag <= 150; ++tag) {
        server->send({.topic = "c", .payload = large, .qos = Qos::at_most_once, .tag = tag});
    }
    EXPECT_TRUE(handler.expect("delivered 1 written"));
    const auto expiry = clock.now() + std::chrono::seconds{5};
    server->send({.topic = "c", .payload = "switch", .expires_at = expiry, .tag = 99});
    clock.advance(std::chrono::seconds{5});
    EXPECT_TRUE(handler.expect("delivered 99 expired"));
    // Reading again gets what was under way, and never the command.
    const auto read_on = [this, &deaf] {
        std::string got;
        bool full = false;
        boost::asio::async_read(deaf.socket, boost::asio::dynamic_buffer(got),
                                boost::asio::transfer_exactly(150 * 200'008),
                                [&full](boost::system::error_code, std::size_t) { full = true; });
        run_until([&full] { return full; });
        return got;
    };
    EXPECT_EQ(read_on().find("switch"), std::string::npos);
    EXPECT_EQ(server->counters().expired_out, 1U);
}

TEST_F(MqttEnduranceTest, WhatIsTooLateIsNotSentAtAll) {
    start();
    MqttClient client{io.get_executor()};
    std::optional<std::uint32_t> expiry_s;
    client.on_message([&expiry_s](const wire::mqtt::Publish& message) {
        expiry_s = message.properties.number(wire::mqtt::PropertyId::message_expiry_interval);
    });
    ASSERT_TRUE(connect(client, as("one")));
    wait_for(client.subscribe({{"c", Qos::at_least_once}}));
    server->send({.topic = "c", .payload = "late", .expires_at = clock.now(), .tag = 1});
    EXPECT_TRUE(handler.expect("delivered 1 expired"));
    server->send({.topic = "c",
                  .payload = "ok",
                  .expires_at = clock.now() + std::chrono::seconds{30},
                  .tag = 2});
    run_until([this] { return handler.has("delivered 2 acknowledged"); });
    EXPECT_EQ(expiry_s, 30U);
}

TEST_F(MqttEnduranceTest, TheQueueOfDeliveriesIsBounded) {
    start({.deliveries_max = 3});
    auto busy = peer();
    // Receive maximum 1, and no PUBACK ever.
    busy.greet("busy", "0000", "03 21 0001");
    welcome(busy);
    busy.send("82 07 0001 00 00 01 'c' 01");
    read(busy, 6);
    for (std::uint64_t tag = 1; tag <= 5; ++tag)
        server->send({.topic = "c", .tag = tag});
    EXPECT_TRUE(handler.expect("delivered 5 no_room"));
    EXPECT_EQ(read(busy, 8), hex("32 06 00 01 'c' 0001 00"));
    busy.socket.close();
    for (const char* line : {"delivered 1 lost", "delivered 2 unsent", "delivered 4 unsent"}) {
        EXPECT_TRUE(handler.expect(line));
    }
}

TEST_F(MqttEnduranceTest, StopsWhenWhatItPromisedIsDone) {
    handler.at_once = false;
    start();
    MqttClient now{io.get_executor()};
    MqttClient old{io.get_executor()};
    std::vector<std::string> told;
    now.on_closed([&told](std::optional<Reason> why) {
        told.push_back("now " +
                       std::to_string(static_cast<unsigned>(why.value_or(Reason::success))));
    });
    old.on_closed([&told](std::optional<Reason> why) { told.push_back(why ? "old told" : "old"); });
    ASSERT_TRUE(connect(now, as("now")));
    auto settings = as("old");
    settings.version = Version::v3_1_1;
    ASSERT_TRUE(connect(old, settings));
    now.publish_soon({.topic = "t", .qos = Qos::at_least_once},
                     [&told](const MqttAcknowledgement& one) {
                         told.emplace_back(one.ok() ? "acknowledged" : "lost");
                     });
    run_until([this] { return handler.messages == 1; });
    std::thread stopping{[this] { server->stop(std::chrono::seconds{20}); }};
    run_until([&told] { return told.size() == 1; });
    EXPECT_EQ(told, std::vector<std::string>{"old"});  // it had nothing to wait for
    server->complete({{.ticket = handler.take_tickets().front()}});
    run_until([&told] { return told.size() == 3; });
    EXPECT_EQ(told, (std::vector<std::string>{"old", "acknowledged", "now 139"}));
    stopping.join();
    EXPECT_EQ(server->counters().connections, 0U);
    EXPECT_THROW(MqttRawPeer(io, server->ports().front()), boost::system::system_error);
}

TEST_F(MqttEnduranceTest, StopsWithinItsLimitAllTheSame) {
    handler.at_once = false;
    start();
    auto stubborn = peer();
    stubborn.greet("one");
    welcome(stubborn);
    stubborn.send("32 06 00 01 't' 0007 00");
    ASSERT_TRUE(handler.wait_for_messages(1));
    server->stop(std::chrono::milliseconds{50});
    EXPECT_EQ(server->counters().connections, 0U);
    EXPECT_EQ(read_until_closed(stubborn), "");  // it was promised nothing
}

TEST_F(MqttEnduranceTest, TooManyConnectionsAreClosed) {
    start({.connections_max = 2});
    MqttClient first{io.get_executor()};
    MqttClient second{io.get_executor()};
    MqttClient third{io.get_executor()};
    ASSERT_TRUE(connect(first, as("1")));
    ASSERT_TRUE(connect(second, as("2")));
    EXPECT_FALSE(connect(third, as("3")));
    EXPECT_EQ(third.refused_with(), std::nullopt);
    wait_for(first.disconnect());
    run_until([this] { return server->counters().connections.load() == 1; });
    EXPECT_TRUE(connect(third, as("3")));
}

}  // namespace vigie::net
