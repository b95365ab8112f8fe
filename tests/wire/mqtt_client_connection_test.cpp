// The client's side of a connection; and both sides against each other, without a socket.
#include "vigie/wire/mqtt/client_connection.hpp"

#include <gtest/gtest.h>

#include "tests/wire/mqtt_bytes.hpp"
#include "vigie/wire/mqtt/server_connection.hpp"

namespace vigie::wire::mqtt {

namespace {

class ClientScript {
public:
    explicit ClientScript(Version version, const ClientLimits& limits = {})
        : connection{
              Connect{.version = version, .keep_alive_s = 30, .client_id = "c"}, {}, limits} {}

    ClientEvent in(std::string_view text) {
        unread_ = bytes(text);
        std::size_t consumed = 0;
        return connection.next(unread_, consumed);
    }
    template <typename T>
    T expect(std::string_view text) {
        const ClientEvent event = in(text);
        EXPECT_TRUE(std::holds_alternative<T>(event)) << event.index();
        const T* one = std::get_if<T>(&event);
        return one != nullptr ? *one : T{};
    }
    std::string out() {
        const std::string text = shown(connection.output());
        connection.output().clear();
        return text;
    }
    void begin() {
        in(version_byte() == 5 ? "20 03 00 00 00" : "20 02 00 00");
        ASSERT_TRUE(connection.is_connected());
        out();
    }

    ClientConnection connection;

private:
    // The level in the CONNECT that was written.
    [[nodiscard]] int version_byte() { return connection.output()[8]; }
    std::string unread_;
};

std::string wire_text(std::string_view text) {
    return shown(bytes(text));
}

constexpr Publish once_message{.topic = "t", .payload = "x", .qos = Qos::exactly_once};
constexpr Publish least_message{.topic = "t", .payload = "x", .qos = Qos::at_least_once};

}  // namespace

TEST(MqttClientConnection, Greets) {
    ClientScript old{Version::v3_1_1};
    EXPECT_EQ(old.out(), wire_text("10 0d 00 04 'MQTT' 04 02 001e 00 01 'c'"));
    EXPECT_TRUE(old.expect<ConnackEvent>("20 02 01 00").connack.session_present);
    ClientScript now{Version::v5, {.receive_max = 5, .packet_bytes_max = 1'024}};
    EXPECT_EQ(now.out(),
              wire_text("10 16 00 04 'MQTT' 05 02 001e 08 21 0005 27 00000400 00 01 'c'"));
    // Server keep-alive 10.
    now.expect<ConnackEvent>("20 06 00 00 03 13 000a");
    EXPECT_EQ(now.connection.keep_alive_s(), 10);
}

TEST(MqttClientConnection, IsRefused) {
    ClientScript script{Version::v3_1_1};
    EXPECT_EQ(script.expect<ConnackEvent>("20 02 00 04").connack.reason,
              Reason::bad_user_name_or_password);
    EXPECT_FALSE(script.connection.is_connected());
    EXPECT_EQ(script.connection.publish(least_message, 1), ClientConnection::Sent::refused);
}

TEST(MqttClientConnection, PublishesInAWindow) {
    ClientScript script{Version::v5, {.in_flight_max = 2}};
    script.begin();
    using Sent = ClientConnection::Sent;
    EXPECT_EQ(script.connection.publish(least_message, 11), Sent::sent);
    EXPECT_EQ(script.connection.publish(once_message, 12), Sent::sent);
    EXPECT_EQ(script.connection.publish(least_message, 13), Sent::window_full);
    EXPECT_EQ(script.out(), wire_text("32 07 00 01 't' 0001 00 'x' 34 07 00 01 't' 0002 00 'x'"));
    const auto answered = script.expect<AnsweredEvent>("40 09 0001 87 05 1f 00 02 'no'");
    EXPECT_EQ(answered.tag, 11U);
    EXPECT_EQ(answered.reason, Reason::not_authorized);
    EXPECT_EQ(answered.text, "no");
    script.expect<std::monostate>("50 02 0002");
    EXPECT_EQ(script.out(), wire_text("62 02 0002"));  // [MQTT-4.3.3-4]
    EXPECT_EQ(script.connection.in_flight(), 1U);
    EXPECT_EQ(script.expect<AnsweredEvent>("70 02 0002").tag, 12U);
    EXPECT_EQ(script.connection.in_flight(), 0U);
    script.expect<std::monostate>("40 02 0001");  // answered before
}

TEST(MqttClientConnection, ARefusingPubrecIsTheAnswer) {
    ClientScript script{Version::v5};
    script.begin();
    script.connection.publish(once_message, 5);
    script.out();
    EXPECT_EQ(script.expect<AnsweredEvent>("50 03 0001 97").reason, Reason::quota_exceeded);
    EXPECT_EQ(script.out(), "");
    script.expect<std::monostate>("50 02 0009");
    EXPECT_EQ(script.out(), wire_text("62 03 0009 92"));
}

TEST(MqttClientConnection, KeepsToWhatTheServerTakes) {
    ClientScript script{Version::v5};
    // Retain no, maximum QoS 1, maximum packet size 16, receive maximum 1.
    script.expect<ConnackEvent>("20 0f 00 00 0c 25 00 24 01 27 00000010 21 0001");
    script.out();
    using Sent = ClientConnection::Sent;
    EXPECT_EQ(script.connection.publish(once_message, 1), Sent::refused);
    EXPECT_EQ(script.connection.publish({.topic = "t", .retain = true}, 1), Sent::refused);
    EXPECT_EQ(script.connection.publish({.topic = "t", .payload = "12345678901"}, 1),
              Sent::refused);
    EXPECT_EQ(script.connection.publish({.topic = "t", .payload = "1234567890"}, 1), Sent::sent);
    EXPECT_EQ(script.connection.publish(least_message, 1), Sent::sent);
    EXPECT_EQ(script.connection.publish(least_message, 2), Sent::window_full);
}

TEST(MqttClientConnection, SubscribesAndReceives) {
    ClientScript script{Version::v5};
    script.begin();
    script.connection.subscribe({{.filter = "a/#", .qos = Qos::at_least_once}}, 3);
    EXPECT_EQ(script.out(), wire_text("82 09 0001 00 00 03 'a/#' 01"));
    EXPECT_EQ(script.expect<GrantedEvent>("90 04 0001 00 01").reasons,
              std::vector<Reason>{Reason::granted_qos_1});
    const auto message = script.expect<MessageEvent>("32 08 00 03 'a/b' 0007 00");
    EXPECT_EQ(message.publish.topic, "a/b");
    EXPECT_EQ(script.out(), "");
    script.connection.complete(message.handle);
    EXPECT_EQ(script.out(), wire_text("40 02 0007"));
    script.connection.unsubscribe({"a/#"}, 4);
    EXPECT_EQ(script.out(), wire_text("a2 08 0002 00 00 03 'a/#'"));
    EXPECT_EQ(script.expect<GrantedEvent>("b0 04 0002 00 00").tag, 4U);
    EXPECT_EQ(script.expect<ServerGoodbyeEvent>("e0 01 8b").reason, Reason::server_shutting_down);
    EXPECT_FALSE(script.connection.is_connected());
}

TEST(MqttClientConnection, ServersBreakRulesToo) {
    struct Case {
        const char* why;
        const char* in;
    };
    const Case cases[] = {{"CONNACK twice", "20 03 00 00 00"},
                          {"PUBLISH with an alias", "30 07 00 01 'a' 03 23 0001"},
                          {"PINGREQ", "c0 00"},
                          {"SUBSCRIBE", "82 07 0001 00 00 01 'a' 00"},
                          {"SUBACK of nothing", "90 04 0009 00 00"},
                          {"malformed", "36 04 00 01 'a' 00"}};
    for (const auto& one : cases) {
        SCOPED_TRACE(one.why);
        ClientScript script{Version::v5};
        script.begin();
        script.expect<ServerFaultEvent>(one.in);
        EXPECT_EQ(script.out().substr(0, 2), "e0");
    }
    ClientScript early{Version::v5};
    early.expect<ServerFaultEvent>("d0 00");
}

TEST(MqttClientConnection, IdentifiersGoRoundAndSkipNoneInUse) {
    ClientScript script{Version::v3_1_1, {.in_flight_max = 10}};
    script.begin();
    ASSERT_EQ(script.connection.publish(least_message, 0), ClientConnection::Sent::sent);
    // 1 stays open; 2 to 65535 come and go.
    for (std::uint32_t id = 2; id <= 65'535; ++id) {
        ASSERT_EQ(script.connection.publish(least_message, id), ClientConnection::Sent::sent);
        std::string ack;
        encode(Ack{PacketType::puback, static_cast<std::uint16_t>(id)}, Version::v3_1_1, ack);
        std::size_t consumed = 0;
        const ClientEvent event = script.connection.next(ack, consumed);
        ASSERT_EQ(std::get<AnsweredEvent>(event).tag, id);
    }
    EXPECT_EQ(script.connection.publish(least_message, 1), ClientConnection::Sent::window_full);
    script.expect<AnsweredEvent>("40 02 0001");
    script.out();
    EXPECT_EQ(script.connection.publish(least_message, 1), ClientConnection::Sent::sent);
    EXPECT_EQ(script.out(), wire_text("32 06 00 01 't' 0001 'x'"));  // never 0 [MQTT-2.2.1-3]
}

TEST(MqttClientConnection, ClientAndServerUnderstandEachOther) {
    for (const Version version : {Version::v3_1_1, Version::v5}) {
        ClientConnection client{Connect{.version = version, .client_id = "c"}, {}, {}};
        ServerConnection server{{}};
        const auto to_server = [&] {
            std::size_t consumed = 0;
            std::string input;
            input.swap(client.output());
            std::vector<PacketHandle> handles;
            for (;;) {
                const ServerEvent event = server.next(input, consumed);
                if (std::holds_alternative<std::monostate>(event)) break;
                if (std::holds_alternative<ConnectEvent>(event)) server.accept({});
                if (const auto* one = std::get_if<PublishEvent>(&event)) {
                    handles.push_back(one->handle);
                }
                if (const auto* release = std::get_if<ReleaseEvent>(&event)) {
                    server.pubcomp(release->packet_id, release->reason);
                }
                ASSERT_FALSE(std::holds_alternative<FaultEvent>(event));
            }
            EXPECT_EQ(consumed, input.size());
            for (const auto handle : handles)
                server.complete(handle, Reason::success, {});
        };
        std::vector<std::uint64_t> answered;
        const auto to_client = [&] {
            std::size_t consumed = 0;
            std::string input;
            input.swap(server.output());
            for (;;) {
                const ClientEvent event = client.next(input, consumed);
                if (std::holds_alternative<std::monostate>(event)) break;
                ASSERT_FALSE(std::holds_alternative<ServerFaultEvent>(event));
                if (const auto* one = std::get_if<AnsweredEvent>(&event)) {
                    answered.push_back(one->tag);
                }
            }
            EXPECT_EQ(consumed, input.size());
        };
        to_server();
        to_client();
        client.publish(least_message, 1);
        client.publish(once_message, 2);
        client.publish(least_message, 3);
        for (int i = 0; i < 3; ++i) {
            to_server();
            to_client();
        }
        EXPECT_EQ(answered, (std::vector<std::uint64_t>{1, 3, 2}));
    }
}

}  // namespace vigie::wire::mqtt
