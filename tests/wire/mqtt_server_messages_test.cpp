// The server's side of a connection, from tables: messages and their acknowledgements.
#include <gtest/gtest.h>

#include "tests/wire/mqtt_server_script.hpp"

namespace vigie::wire::mqtt {

TEST(MqttServerMessages, AnswersInTheOrderOfTheMessages) {
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

TEST(MqttServerMessages, AcknowledgesWithoutReasonsIn311) {
    ServerScript script;
    script.begin_v3();
    EXPECT_EQ(script.in("33 05 00 01 'a' 00 0a"),
              "publish a= q1r #1");  // retained: an ordinary one
    script.connection.complete(1, Reason::not_authorized, "no");
    EXPECT_EQ(script.out(), out_bytes("40 02 00 0a"));
}

TEST(MqttServerMessages, ExactlyOnce) {
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

TEST(MqttServerMessages, AQos2RefusalFreesTheIdentifier) {
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

TEST(MqttServerMessages, Qos2SurvivesTheConnectionWithTheSession) {
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

TEST(MqttServerMessages, IdentifierInUseByAnotherExchange) {
    ServerScript script;
    script.begin_v5();
    script.in("34 06 00 01 'a' 0001 00");
    EXPECT_EQ(script.in("32 06 00 01 'b' 0001 00"), "");
    script.connection.complete(1, Reason::success, {});
    EXPECT_EQ(script.out(), out_bytes("50 02 0001 40 03 0001 91"));
}

TEST(MqttServerMessages, ReceiveMaximumHoldsAtNAndNPlus1) {
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

TEST(MqttServerMessages, StopsReadingWhere311KnowsNoReceiveMaximum) {
    ServerScript script{{.receive_max = 2}};
    script.begin_v3();
    EXPECT_EQ(script.in("32 05 00 01 'a' 0001 32 05 00 01 'b' 0002 32 05 00 01 'c' 0003"),
              "publish a= q1 #1; publish b= q1 #2");
    EXPECT_TRUE(script.connection.is_full());
    script.connection.complete(1, Reason::success, {});
    EXPECT_EQ(script.drain(), "publish c= q1 #3");
}

TEST(MqttServerMessages, TopicAliases) {
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

TEST(MqttServerMessages, DeliversWithinTheClientsWindow) {
    ServerScript script;
    // Receive maximum 2, maximum packet size 80.
    script.begin("10 16 00 04 'MQTT' 05 02 000a 08 21 0002 27 00000050 00 01 'a'");
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
    // [MQTT-3.1.2-24] 80 bytes, and 81.
    const std::string fitting(74, 'x');
    EXPECT_EQ(script.connection.deliver({.topic = "c", .payload = fitting}, 0), Sent::sent);
    EXPECT_EQ(script.out().size(), 80U * 3);
    const std::string greater(75, 'x');
    EXPECT_EQ(script.connection.deliver({.topic = "c", .payload = greater}, 0), Sent::too_large);
    EXPECT_EQ(script.out(), "");
}

TEST(MqttServerMessages, ReasonStringsOnlyWhereWantedAndFitting) {
    // [MQTT-3.1.2-29] request problem information 0; then maximum packet size 80.
    for (const char* connect : {"10 10 00 04 'MQTT' 05 02 000a 02 17 00 00 01 'a'",
                                "10 13 00 04 'MQTT' 05 02 000a 05 27 00000050 00 01 'a'"}) {
        ServerScript script;
        script.begin(connect);
        script.in("32 06 00 01 'a' 0001 00");
        script.connection.complete(1, Reason::not_authorized, std::string(72, 'x'));
        EXPECT_EQ(script.out(), out_bytes("40 03 0001 87"));
    }
    ServerScript limited;
    limited.begin("10 13 00 04 'MQTT' 05 02 000a 05 27 00000050 00 01 'a'");
    limited.in("32 06 00 01 'a' 0001 00");
    limited.connection.complete(1, Reason::not_authorized, std::string(71, 'x'));
    EXPECT_EQ(limited.out().size(), 80U * 3);
    ServerScript script;
    script.begin_v5();
    script.in("32 06 00 01 'a' 0001 00");
    std::string text(1'023, 'x');
    text += "é and more";
    script.connection.complete(1, Reason::not_authorized, text);
    // Cut before the letter of two bytes.
    EXPECT_EQ(script.out().substr(0, 11 * 3), out_bytes("40 87 08 0001 87 82 08 1f 03 ff"));
}

TEST(MqttServerMessages, AGoodbyeLeavesOutATextThatDoesNotFit) {
    // [MQTT-3.14.2-3] 7 bytes around a text of 73 and of 74; maximum packet size 80.
    for (const std::size_t letters : {73U, 74U}) {
        ServerScript script;
        script.begin("10 13 00 04 'MQTT' 05 02 000a 05 27 00000050 00 01 'a'");
        script.connection.disconnect(Reason::quota_exceeded, std::string(letters, 'x'));
        EXPECT_EQ(script.out().size(), letters == 73 ? 80U * 3 : 3U * 3);
    }
}

TEST(MqttServerMessages, ManyMessagesWaitAndTheirOrderHolds) {
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
