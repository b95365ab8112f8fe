// The server's side of a connection, from tables: what comes in, what is told, what goes out.
#include "vigie/wire/mqtt/server_connection.hpp"

#include <gtest/gtest.h>

#include "tests/wire/mqtt_bytes.hpp"

namespace vigie::wire::mqtt {

namespace {

std::string qos_shown(Qos qos) {
    return "q" + std::to_string(static_cast<int>(qos));
}

std::string code_shown(Reason reason) {
    return shown(std::string(1, static_cast<char>(reason))).substr(0, 2);
}

struct EventText {
    std::string operator()(const std::monostate& /*none*/) const { return {}; }
    std::string operator()(const ConnectEvent& event) const {
        return "connect " + std::string{event.connect.client_id};
    }
    std::string operator()(const PublishEvent& event) const {
        const Publish& one = event.publish;
        return "publish " + std::string{one.topic} + "=" + std::string{one.payload} + " " +
               qos_shown(one.qos) + (one.dup ? "d" : "") + (one.retain ? "r" : "") + " #" +
               std::to_string(event.handle);
    }
    std::string operator()(const SubscribeEvent& event) const {
        std::string text = "subscribe";
        for (const auto& one : event.subscribe.subscriptions) {
            text += " " + std::string{one.filter} + ":" + qos_shown(one.qos);
        }
        return text;
    }
    std::string operator()(const UnsubscribeEvent& event) const {
        std::string text = "unsubscribe";
        for (const auto filter : event.unsubscribe.filters)
            text += " " + std::string{filter};
        return text;
    }
    std::string operator()(const DeliveredEvent& event) const {
        return "delivered " + std::to_string(event.tag) + " " + code_shown(event.reason);
    }
    std::string operator()(const DisconnectEvent& event) const {
        return "disconnect " + code_shown(event.reason) + (event.with_will ? " will" : "");
    }
    std::string operator()(const FaultEvent& event) const {
        return "fault " + code_shown(event.fault.reason);
    }
};

// A connection with a script: one line of bytes in, the events and the bytes out.
class ServerScript {
public:
    explicit ServerScript(ServerLimits limits = {}) : connection{limits} {}

    // The events, joined by "; ".
    std::string in(std::string_view text) {
        pending_ += bytes(text);
        return drain();
    }
    std::string drain() {
        std::string told;
        std::size_t consumed = 0;
        for (;;) {
            const ServerEvent event = connection.next(pending_, consumed);
            if (std::holds_alternative<std::monostate>(event)) break;
            if (!told.empty()) told += "; ";
            told += std::visit(EventText{}, event);
        }
        pending_.erase(0, consumed);
        return told;
    }
    std::string out() {
        const std::string text = shown(connection.output());
        connection.output().clear();
        return text;
    }
    void begin(std::string_view connect, const Acceptance& acceptance = {}) {
        in(connect);
        connection.accept(acceptance);
        ASSERT_TRUE(connection.is_connected());
        connection.output().clear();
    }
    void begin_v3() { begin("10 0d 00 04 'MQTT' 04 02 00 3c 00 01 'a'"); }
    void begin_v5() { begin("10 0e 00 04 'MQTT' 05 02 003c 00 00 01 'a'"); }

    ServerConnection connection;

private:
    std::string pending_;
};

std::string out_bytes(std::string_view text) {
    return shown(bytes(text));
}

// Where a reason string follows: the packet's beginning, without its length.
bool is_disconnect_with(const std::string& out, std::string_view code) {
    return out.starts_with("e0 ") && out.substr(6, 2) == code;
}

}  // namespace

TEST(MqttServerConnection, AcceptsBothVersions) {
    ServerScript old;
    EXPECT_EQ(old.in("10 0d 00 04 'MQTT' 04 02 00 3c 00 01 'a'"), "connect a");
    EXPECT_FALSE(old.connection.is_connected());
    old.connection.accept({});
    EXPECT_EQ(old.out(), out_bytes("20 02 00 00"));
    EXPECT_EQ(old.connection.silence_max(), std::chrono::seconds{90});  // [MQTT-3.1.2-24]

    ServerScript now;
    EXPECT_EQ(now.in("10 0e 00 04 'MQTT' 05 02 003c 00 00 01 'a'"), "connect a");
    now.connection.accept({.session_present = true});
    // Receive maximum, retain, maximum packet size, aliases, identifiers, shared subscriptions.
    EXPECT_EQ(now.out(), out_bytes("20 14 01 00 11 21 03e8 25 00 27 00040000 22 0040 29 00 2a 00"));
}

TEST(MqttServerConnection, SaysWhatItChanged) {
    ServerScript script{{.keep_alive_s_max = 30, .session_expiry_s_max = 100}};
    // Keep-alive 60, session expiry 200, no client identifier.
    EXPECT_EQ(script.in("10 12 00 04 'MQTT' 05 02 003c 05 11 000000c8 00 00"), "connect ");
    script.connection.accept({.assigned_client_id = "v1"});
    EXPECT_EQ(script.out(), out_bytes("20 21 00 00 1e 11 00000064 21 03e8 25 00 27 00040000 "
                                      "12 00 02 'v1' 22 0040 29 00 2a 00 13 001e"));
    EXPECT_EQ(script.connection.silence_max(), std::chrono::seconds{45});
    EXPECT_EQ(script.connection.session_expiry_s(), 100U);
}

TEST(MqttServerConnection, KeepAliveAndExpiryAreEachVersionsOwn) {
    struct Case {
        const char* why;
        const char* connect;
        std::optional<std::chrono::milliseconds> silence;
        std::uint32_t expiry_s;
    };
    using std::chrono::seconds;
    const Case cases[] = {
        {"3.1.1 none, clean", "10 0d 00 04 'MQTT' 04 02 0000 00 01 'a'", std::nullopt, 0},
        {"3.1.1 is not overruled", "10 0d 00 04 'MQTT' 04 02 ffff 00 01 'a'",
         std::chrono::milliseconds{98'302'500}, 0},
        {"3.1.1 a session without end is bounded", "10 0d 00 04 'MQTT' 04 00 0001 00 01 'a'",
         std::chrono::milliseconds{1'500}, 1'000},
        {"5.0 none becomes ours", "10 0e 00 04 'MQTT' 05 02 0000 00 00 01 'a'", seconds{90}, 0},
        {"5.0 shorter is taken", "10 0e 00 04 'MQTT' 05 02 000a 00 00 01 'a'", seconds{15}, 0},
        {"5.0 clean start and an expiry", "10 13 00 04 'MQTT' 05 02 000a 05 11 00000005 00 01 'a'",
         seconds{15}, 5},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.why);
        ServerScript script{{.keep_alive_s_max = 60, .session_expiry_s_max = 1'000}};
        EXPECT_EQ(script.in(one.connect), "connect a");
        EXPECT_EQ(script.connection.silence_max(), one.silence);
        EXPECT_EQ(script.connection.session_expiry_s(), one.expiry_s);
    }
}

TEST(MqttServerConnection, RefusesConnect) {
    struct Case {
        const char* why;
        const char* connect;
        const char* events;
        const char* out;  // without the reason string
    };
    const Case cases[] = {
        {"not MQTT at all: silence", "'GET / HTTP/1.1'", "fault 81", ""},
        {"another packet first", "c0 00", "fault 82", ""},  // [MQTT-3.1.0-1]
        {"3.1", "10 0f 00 06 'MQIsdp' 03 02 00 3c 00 01 'a'", "fault 84", "20 02 00 01"},
        {"level 3 of MQTT", "10 0d 00 04 'MQTT' 03 02 00 3c 00 01 'a'", "fault 84", "20 02 00 01"},
        {"level 6", "10 0d 00 04 'MQTT' 06 02 00 3c 00 01 'a'", "fault 84", "20 .. 00 84"},
        {"3.1.1 malformed", "10 0d 00 04 'MQTT' 04 03 00 3c 00 01 'a'", "fault 81", ""},
        {"5.0 malformed", "10 0e 00 04 'MQTT' 05 03 0000 00 00 01 'a'", "fault 81", "20 .. 00 81"},
        // [MQTT-3.1.3-8]
        {"3.1.1 no identifier, no clean session", "10 0c 00 04 'MQTT' 04 00 003c 00 00", "fault 85",
         "20 02 00 02"},
        // [MQTT-3.2.2-13]
        {"5.0 a retained will", "10 15 00 04 'MQTT' 05 26 0000 00 00 01 'a' 00 00 01 'w' 00 01 'x'",
         "fault 9a", "20 .. 00 9a"},
        {"5.0 an authentication method", "10 12 00 04 'MQTT' 05 02 0000 04 15 00 01 'm' 00 01 'a'",
         "fault 8c", "20 .. 00 8c"},
        {"5.0 too long an identifier", "10 11 00 04 'MQTT' 05 02 0000 00 00 04 'abcd'", "fault 85",
         "20 .. 00 85"},
    };
    for (const auto& [why, connect, events, out] : cases) {
        SCOPED_TRACE(why);
        ServerScript script{{.client_id_bytes_max = 3}};
        EXPECT_EQ(script.in(connect), events);
        std::string got = script.out();
        std::string wanted{out};
        if (wanted.find("..") != std::string::npos) {
            ASSERT_GE(got.size(), 11U);
            got = got.substr(0, 2) + " .. " + got.substr(6, 5);
        } else {
            wanted = out_bytes(wanted);
        }
        EXPECT_EQ(got, wanted);
        EXPECT_EQ(script.in("c0 00"), "");  // nothing more is read
        EXPECT_EQ(script.out(), "");
    }
}

TEST(MqttServerConnection, RefusalByTheHandler) {
    ServerScript old;
    old.in("10 0d 00 04 'MQTT' 04 02 00 3c 00 01 'a'");
    old.connection.refuse(Reason::bad_user_name_or_password, "no");
    EXPECT_EQ(old.out(), out_bytes("20 02 00 04"));
    ServerScript now;
    now.in("10 0e 00 04 'MQTT' 05 02 0000 00 00 01 'a'");
    now.connection.refuse(Reason::not_authorized, "no");
    EXPECT_EQ(now.out(), out_bytes("20 08 00 87 05 1f 00 02 'no'"));
    now.connection.accept({});
    EXPECT_EQ(now.out(), "");  // too late
}

TEST(MqttServerConnection, AnswersInTheOrderOfTheMessages) {
    // [MQTT-4.6.0-2]
    ServerScript script;
    script.begin_v5();
    EXPECT_EQ(script.in("32 06 00 01 'a' 00 0a 00 32 06 00 01 'b' 00 0b 00 30 04 00 01 'c' 00 "
                        "34 06 00 01 'd' 00 0c 00"),
              "publish a= q1 #1; publish b= q1 #2; publish c= q0 #0; publish d= q2 #3");
    EXPECT_TRUE(script.connection.complete(3, Reason::success, {}));
    EXPECT_TRUE(script.connection.complete(2, Reason::not_authorized, "no"));
    EXPECT_EQ(script.out(), "");
    EXPECT_FALSE(script.connection.complete(2, Reason::success, {}));  // once only
    EXPECT_TRUE(script.connection.complete(1, Reason::success, {}));
    EXPECT_EQ(script.out(), out_bytes("40 02 000a 40 09 000b 87 05 1f 00 02 'no' 50 02 000c"));
    EXPECT_FALSE(script.connection.complete(1, Reason::success, {}));
    EXPECT_FALSE(script.connection.complete(4, Reason::success, {}));
    EXPECT_FALSE(script.connection.complete(0, Reason::success, {}));
}

TEST(MqttServerConnection, AcknowledgesWithoutReasonsIn311) {
    ServerScript script;
    script.begin_v3();
    EXPECT_EQ(script.in("33 05 00 01 'a' 00 0a"),
              "publish a= q1r #1");  // retained: an ordinary one
    script.connection.complete(1, Reason::not_authorized, "no");
    EXPECT_EQ(script.out(), out_bytes("40 02 00 0a"));
}

TEST(MqttServerConnection, ExactlyOnce) {
    ServerScript script;
    script.begin_v5();
    EXPECT_EQ(script.in("34 06 00 01 'a' 0001 00"), "publish a= q2 #1");
    EXPECT_EQ(script.in("3c 06 00 01 'a' 0001 00"), "");  // [MQTT-4.3.3-10] not told twice
    EXPECT_EQ(script.out(), "");                          // nor promised before it is durable
    script.connection.complete(1, Reason::success, {});
    EXPECT_EQ(script.out(), out_bytes("50 02 0001"));
    EXPECT_EQ(script.in("3c 06 00 01 'a' 0001 00"), "");
    EXPECT_EQ(script.out(), out_bytes("50 02 0001"));  // answered again
    EXPECT_EQ(script.in("62 02 0001"), "");
    EXPECT_EQ(script.out(), out_bytes("70 02 0001"));  // [MQTT-4.3.3-11]
    EXPECT_EQ(script.in("62 02 0001"), "");
    EXPECT_EQ(script.out(), out_bytes("70 03 0001 92"));
    // The identifier is free: a new message.
    EXPECT_EQ(script.in("34 06 00 01 'a' 0001 00"), "publish a= q2 #3");
}

TEST(MqttServerConnection, AQos2RefusalFreesTheIdentifier) {
    ServerScript now;
    now.begin_v5();
    now.in("34 06 00 01 'a' 0001 00");
    now.connection.complete(1, Reason::quota_exceeded, {});
    EXPECT_EQ(now.out(), out_bytes("50 03 0001 97"));
    EXPECT_EQ(now.in("34 06 00 01 'a' 0001 00"), "publish a= q2 #2");
    // 3.1.1 cannot refuse, so the exchange goes on to its end.
    ServerScript old;
    old.begin_v3();
    old.in("34 05 00 01 'a' 0001");
    old.connection.complete(1, Reason::quota_exceeded, {});
    EXPECT_EQ(old.out(), out_bytes("50 02 0001"));
    EXPECT_EQ(old.in("62 02 0001"), "");
    EXPECT_EQ(old.out(), out_bytes("70 02 0001"));
}

TEST(MqttServerConnection, Qos2SurvivesTheConnectionWithTheSession) {
    ServerScript first;
    first.begin_v5();
    first.in("34 06 00 01 'a' 0001 00 34 06 00 01 'b' 0002 00");
    first.connection.complete(1, Reason::success, {});
    EXPECT_EQ(first.connection.received_qos2(), std::vector<std::uint16_t>{1});
    ServerScript second;
    second.begin("10 0e 00 04 'MQTT' 05 00 003c 00 00 01 'a'",
                 {.session_present = true, .received_qos2 = {1}});
    EXPECT_EQ(second.in("3c 06 00 01 'a' 0001 00"), "");  // had been received
    EXPECT_EQ(second.out(), out_bytes("50 02 0001"));
    EXPECT_EQ(second.in("3c 06 00 01 'b' 0002 00"), "publish b= q2d #2");  // had not been promised
}

TEST(MqttServerConnection, IdentifierInUseByAnotherExchange) {
    ServerScript script;
    script.begin_v5();
    script.in("34 06 00 01 'a' 0001 00");
    EXPECT_EQ(script.in("32 06 00 01 'b' 0001 00"), "");
    script.connection.complete(1, Reason::success, {});
    EXPECT_EQ(script.out(), out_bytes("50 02 0001 40 03 0001 91"));
}

TEST(MqttServerConnection, ReceiveMaximumHoldsAtNAndNPlus1) {
    ServerScript script{{.receive_max = 2}};
    script.begin_v5();
    EXPECT_EQ(script.in("32 06 00 01 'a' 0001 00 34 06 00 01 'a' 0002 00"),
              "publish a= q1 #1; publish a= q2 #2");
    script.connection.complete(1, Reason::success, {});
    script.connection.complete(2, Reason::success, {});
    script.out();
    // QoS 2 counts until PUBCOMP.
    EXPECT_EQ(script.in("32 06 00 01 'a' 0003 00"), "publish a= q1 #3");
    EXPECT_EQ(script.in("32 06 00 01 'a' 0004 00"), "fault 93");
    EXPECT_TRUE(is_disconnect_with(script.out(), "93"));
}

TEST(MqttServerConnection, StopsReadingWhere311KnowsNoReceiveMaximum) {
    ServerScript script{{.receive_max = 2}};
    script.begin_v3();
    EXPECT_EQ(script.in("32 05 00 01 'a' 0001 32 05 00 01 'b' 0002 32 05 00 01 'c' 0003"),
              "publish a= q1 #1; publish b= q1 #2");
    EXPECT_TRUE(script.connection.is_full());
    script.connection.complete(1, Reason::success, {});
    EXPECT_EQ(script.drain(), "publish c= q1 #3");
}

TEST(MqttServerConnection, TopicAliases) {
    ServerScript script{{.topic_alias_max = 2}};
    script.begin_v5();
    EXPECT_EQ(script.in("30 07 00 01 'a' 03 23 0002 30 06 00 00 03 23 0002"),
              "publish a= q0 #0; publish a= q0 #0");
    EXPECT_EQ(script.in("30 07 00 01 'b' 03 23 0002 30 06 00 00 03 23 0002"),
              "publish b= q0 #0; publish b= q0 #0");
    struct Case {
        const char* why;
        const char* publish;
        const char* events;
    };
    const Case cases[] = {
        {"beyond the maximum", "30 07 00 01 'a' 03 23 0003", "fault 94"},  // [MQTT-3.3.2-9]
        {"unknown", "30 06 00 00 03 23 0001", "fault 82"},
        {"no alias and no topic", "30 03 00 00 00", "fault 82"},
        {"alias 0", "30 07 00 01 'a' 03 23 0000", "fault 94"},  // [MQTT-3.3.2-8]
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.why);
        ServerScript other{{.topic_alias_max = 2}};
        other.begin_v5();
        EXPECT_EQ(other.in(one.publish), one.events);
        EXPECT_TRUE(is_disconnect_with(other.out(), std::string_view{one.events}.substr(6)));
    }
}

TEST(MqttServerConnection, BrokenRulesAreAnsweredAsTheStandardSays) {
    struct Case {
        const char* why;
        const char* in;
        const char* code;
    };
    const Case cases[] = {
        {"a second CONNECT", "10 0e 00 04 'MQTT' 05 02 0000 00 00 01 'a'", "82"},
        {"retained", "31 04 00 01 'a' 00", "9a"},  // [MQTT-3.2.2-14]
        {"a wildcard", "30 04 00 01 '#' 00", "90"},
        {"malformed", "36 04 00 01 'a' 00", "81"},
        {"CONNACK from a client", "20 03 00 00 00", "82"},
        {"PINGRESP from a client", "d0 00", "82"},
        {"AUTH without a method", "f0 00", "82"},
        {"a shared subscription", "82 10 00 0a 00 00 0a '$share/g/a' 01", "9e"},
        {"a subscription identifier", "82 09 00 0a 02 0b 01 00 01 'a' 01", "a1"},
        {"a subscription identifier in PUBLISH", "30 06 00 01 'a' 02 0b 01", "82"},
        {"too large", "30 80 80 80 01", "95"},
        {"an expiry out of nothing", "e0 07 00 05 11 00000001", "82"},
    };
    for (const auto& [why, in, code] : cases) {
        SCOPED_TRACE(why);
        ServerScript script;
        script.begin_v5();
        EXPECT_EQ(script.in(in), std::string{"fault "} + code);
        EXPECT_TRUE(is_disconnect_with(script.out(), code));
        EXPECT_EQ(script.in("c0 00"), "");
        EXPECT_EQ(script.out(), "");
    }
    // 3.1.1 closes without a word.
    ServerScript old;
    old.begin_v3();
    EXPECT_EQ(old.in("20 02 00 00"), "fault 82");
    EXPECT_EQ(old.out(), "");
}

TEST(MqttServerConnection, SubscribeUnsubscribePing) {
    ServerScript script;
    script.begin_v5();
    EXPECT_EQ(script.in("82 0c 000a 00 00 01 'a' 01 00 02 'b/' 00 c0 00"), "subscribe a:q1 b/:q0");
    EXPECT_EQ(script.out(), out_bytes("d0 00"));
    script.connection.suback(10, {Reason::granted_qos_1, Reason::not_authorized});
    EXPECT_EQ(script.out(), out_bytes("90 05 000a 00 01 87"));
    EXPECT_EQ(script.in("a2 06 000b 00 00 01 'a'"), "unsubscribe a");
    script.connection.unsuback(11, {Reason::success});
    EXPECT_EQ(script.out(), out_bytes("b0 04 000b 00 00"));
    ServerScript old;
    old.begin_v3();
    EXPECT_EQ(old.in("82 0f 000a 00 0a '$share/g/a' 01"), "subscribe $share/g/a:q1");
    old.connection.suback(10, {Reason::not_authorized});
    EXPECT_EQ(old.out(), out_bytes("90 03 000a 80"));
}

TEST(MqttServerConnection, Goodbyes) {
    struct Case {
        const char* in;
        const char* events;
    };
    const Case cases[] = {{"e0 00", "disconnect 00"},
                          {"e0 01 04", "disconnect 04 will"},  // [MQTT-3.1.2-8]
                          {"e0 01 98", "disconnect 98 will"}};
    for (const auto& [in, events] : cases) {
        ServerScript script;
        script.begin_v5();
        EXPECT_EQ(script.in(in), events);
        EXPECT_EQ(script.in("c0 00"), "");
    }
    ServerScript script;
    script.begin("10 13 00 04 'MQTT' 05 02 000a 05 11 00000005 00 01 'a'");
    EXPECT_EQ(script.in("e0 07 00 05 11 00000000"), "disconnect 00");
    EXPECT_EQ(script.connection.session_expiry_s(), 0U);
    ServerScript now;
    now.begin_v5();
    now.connection.disconnect(Reason::server_shutting_down, {});
    EXPECT_EQ(now.out(), out_bytes("e0 01 8b"));
    ServerScript old;
    old.begin_v3();
    old.connection.disconnect(Reason::server_shutting_down, {});
    EXPECT_EQ(old.out(), "");
    EXPECT_FALSE(old.connection.is_connected());
}

TEST(MqttServerConnection, DeliversWithinTheClientsWindow) {
    ServerScript script;
    // Receive maximum 2, maximum packet size 20.
    script.begin("10 16 00 04 'MQTT' 05 02 000a 08 21 0002 27 00000014 00 01 'a'");
    using Sent = ServerConnection::Sent;
    const Publish message{.topic = "c", .payload = "x", .qos = Qos::at_least_once};
    EXPECT_EQ(script.connection.deliver(message, 7), Sent::sent);
    EXPECT_EQ(script.connection.deliver(message, 8), Sent::sent);
    EXPECT_EQ(script.connection.deliver(message, 9), Sent::window_full);  // [MQTT-3.3.4-9]
    EXPECT_EQ(script.out(), out_bytes("32 07 00 01 'c' 0001 00 'x' 32 07 00 01 'c' 0002 00 'x'"));
    EXPECT_EQ(script.connection.deliver({.topic = "c", .payload = "y"}, 0), Sent::sent);
    EXPECT_EQ(script.out(), out_bytes("30 05 00 01 'c' 00 'y'"));
    EXPECT_EQ(script.in("40 02 0002"), "delivered 8 00");
    EXPECT_EQ(script.in("40 03 0001 87"), "delivered 7 87");
    EXPECT_EQ(script.in("40 02 0001"), "");  // answered before
    EXPECT_EQ(script.connection.deliver(message, 10), Sent::sent);
    EXPECT_EQ(script.out(), out_bytes("32 07 00 01 'c' 0003 00 'x'"));
    EXPECT_EQ(script.connection.drop_undelivered(), std::vector<std::uint64_t>{10});
    // [MQTT-3.1.2-24] 20 bytes, and 21.
    EXPECT_EQ(script.connection.deliver({.topic = "c", .payload = "12345678901234"}, 0),
              Sent::sent);
    EXPECT_EQ(script.out().size(), 20U * 3);
    EXPECT_EQ(script.connection.deliver({.topic = "c", .payload = "123456789012345"}, 0),
              Sent::too_large);
    EXPECT_EQ(script.out(), "");
}

TEST(MqttServerConnection, ReasonStringsOnlyWhereWantedAndFitting) {
    // [MQTT-3.1.2-29] request problem information 0; then maximum packet size 8.
    for (const char* connect : {"10 10 00 04 'MQTT' 05 02 000a 02 17 00 00 01 'a'",
                                "10 13 00 04 'MQTT' 05 02 000a 05 27 00000008 00 01 'a'"}) {
        ServerScript script;
        script.begin(connect);
        script.in("32 06 00 01 'a' 0001 00");
        script.connection.complete(1, Reason::not_authorized, "not yours");
        EXPECT_EQ(script.out(), out_bytes("40 03 0001 87"));
    }
    ServerScript script;
    script.begin_v5();
    script.in("32 06 00 01 'a' 0001 00");
    std::string text(1'023, 'x');
    text += "é and more";
    script.connection.complete(1, Reason::not_authorized, text);
    // Cut before the letter of two bytes.
    EXPECT_EQ(script.out().substr(0, 11 * 3), out_bytes("40 87 08 0001 87 82 08 1f 03 ff"));
}

TEST(MqttServerConnection, TakesAnyCutOfTheStream) {
    const std::string stream = bytes(
        "10 0d 00 04 'MQTT' 04 02 00 3c 00 01 'a' 32 06 00 01 'a' 0001 'x' "
        "82 06 000a 00 01 'b' 00 c0 00 e0 00");
    for (std::size_t step = 1; step <= stream.size(); ++step) {
        ServerConnection connection{{}};
        std::string unread;
        std::string told;
        for (std::size_t at = 0; at < stream.size(); at += step) {
            unread += stream.substr(at, step);
            std::size_t consumed = 0;
            for (;;) {
                const ServerEvent event = connection.next(unread, consumed);
                if (std::holds_alternative<std::monostate>(event)) break;
                told += std::visit(EventText{}, event) + "; ";
                if (std::holds_alternative<ConnectEvent>(event)) connection.accept({});
            }
            unread.erase(0, consumed);
        }
        EXPECT_EQ(told, "connect a; publish a=x q1 #1; subscribe b:q0; disconnect 00; ") << step;
    }
}

TEST(MqttServerConnection, ManyMessagesWaitAndTheirOrderHolds) {
    ServerScript script{{.receive_max = 5'000}};
    script.begin_v3();
    for (int i = 1; i <= 5'000; ++i) {
        script.in("32 05 00 01 'a' 0001");
        if (i % 3 == 0) script.connection.complete(static_cast<PacketHandle>(i), {}, {});
    }
    EXPECT_EQ(script.connection.waiting(), 5'000U);
    for (int i = 5'000; i >= 1; --i) {
        script.connection.complete(static_cast<PacketHandle>(i), {}, {});
    }
    EXPECT_EQ(script.connection.output().size(), 5'000U * 4);
    EXPECT_EQ(script.connection.waiting(), 0U);
}

}  // namespace vigie::wire::mqtt
