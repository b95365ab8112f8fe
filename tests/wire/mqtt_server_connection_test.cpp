// The server's side of a connection, from tables: greetings, goodbyes and broken rules.
#include <gtest/gtest.h>

#include "tests/wire/mqtt_server_script.hpp"

namespace vigie::wire::mqtt {

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

TEST(MqttServerConnection, HoldsEachClientToTheSizeItWasTold) {
    for (const bool one_more : {false, true}) {
        SCOPED_TRACE(one_more);
        ServerScript script;
        EXPECT_EQ(script.in("10 0e 00 04 'MQTT' 05 02 003c 00 00 01 'a'"), "connect a");
        script.connection.accept({.packet_bytes_max = 20});
        EXPECT_NE(script.out().find(out_bytes("27 00000014")), std::string::npos);
        EXPECT_EQ(script.in(one_more ? "30 13 0001 'a' 00 '123456789012345'"
                                     : "30 12 0001 'a' 00 '12345678901234'"),
                  one_more ? "fault 95" : "publish a=12345678901234 q0 #0");
    }
    ServerScript script{{.packet_bytes_max = 30}};
    EXPECT_EQ(script.in("10 0e 00 04 'MQTT' 05 02 003c 00 00 01 'a'"), "connect a");
    script.connection.accept({.packet_bytes_max = 1'000});
    EXPECT_NE(script.out().find(out_bytes("27 0000001e")), std::string::npos) << "never more";
}

TEST(MqttServerConnection, ConnectHasASizeOfItsOwnAtNAndNPlus1) {
    // 15 bytes in 3.1.1, 16 in 5.0.
    for (const bool is_v5 : {false, true}) {
        const char* connect = is_v5 ? "10 0e 00 04 'MQTT' 05 02 003c 00 00 01 'a'"
                                    : "10 0d 00 04 'MQTT' 04 02 00 3c 00 01 'a'";
        const std::uint32_t bytes_max = is_v5 ? 16 : 15;
        ServerScript script{{.connect_bytes_max = bytes_max}};
        script.begin(connect);
        EXPECT_EQ(script.in(is_v5 ? "30 14 0001 'a' 00 '1234567890123456'"
                                  : "30 13 0001 'a' '1234567890123456'"),
                  "publish a=1234567890123456 q0 #0")
            << "afterwards a packet may be larger";
        ServerScript less{{.connect_bytes_max = bytes_max - 1}};
        EXPECT_EQ(less.in(connect), "fault 95");
        const std::string answer = less.out();
        EXPECT_EQ(answer.substr(0, 2) + answer.substr(is_v5 ? 9 : 0, is_v5 ? 2 : 0),
                  is_v5 ? "2095" : "");
        // Its length alone is enough to be refused, and nothing is kept of it.
        ServerScript early{{.connect_bytes_max = bytes_max - 1}};
        EXPECT_EQ(early.in("10 ff 7f"), "fault 95");
        EXPECT_EQ(early.out(), "");
    }
}

TEST(MqttServerConnection, TakesSoManyFiltersAtOnceAtNAndNPlus1) {
    for (const bool is_v5 : {false, true}) {
        const std::string none = is_v5 ? " 00" : "";
        const auto begun = [&] {
            auto script = std::make_unique<ServerScript>(ServerLimits{.filters_per_packet_max = 2});
            is_v5 ? script->begin_v5() : script->begin_v3();
            return script;
        };
        const std::string two = is_v5 ? "0b" : "0a";
        const std::string three = is_v5 ? "0f" : "0e";
        auto script = begun();
        EXPECT_EQ(script->in("82 " + two + " 0001" + none + " 0001 'a' 00 0001 'b' 00"),
                  "subscribe a:q0 b:q0");
        EXPECT_EQ(
            script->in("82 " + three + " 0001" + none + " 0001 'a' 00 0001 'b' 00 0001 'c' 00"),
            "fault 97");
        if (is_v5) EXPECT_TRUE(is_disconnect_with(script->out(), "97"));
        script = begun();
        EXPECT_EQ(script->in(std::string("a2 ") + (is_v5 ? "09" : "08") + " 0001" + none +
                             " 0001 'a' 0001 'b'"),
                  "unsubscribe a b");
        EXPECT_EQ(script->in(std::string("a2 ") + (is_v5 ? "0c" : "0b") + " 0001" + none +
                             " 0001 'a' 0001 'b' 0001 'c'"),
                  "fault 97");
    }
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

}  // namespace vigie::wire::mqtt
