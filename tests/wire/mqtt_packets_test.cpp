// Every packet of both versions, byte for byte and both ways; then what must be refused.
#include <gtest/gtest.h>

#include "tests/wire/mqtt_bytes.hpp"
#include "vigie/base/limits.hpp"
#include "vigie/wire/mqtt/packets.hpp"

namespace vigie::wire::mqtt {

namespace {

constexpr Version v3 = Version::v3_1_1;
constexpr Version v5 = Version::v5;
using Id = PropertyId;

struct WellFormed {
    const char* why;
    Version version;
    Packet packet;
    const char* encoded;
};

Decoded<Packet> decode_stream(const std::string& stream, Version version) {
    const auto frame = next_frame(stream, base::limits::mqtt_packet_bytes_max);
    if (!frame) return std::unexpected(frame.error());
    if (!*frame || (*frame)->bytes != stream.size()) {
        return std::unexpected(Fault{Reason::unspecified_error, "not one whole frame"});
    }
    return decode(**frame, version);
}

void check_both_ways(const WellFormed& wanted) {
    SCOPED_TRACE(wanted.why);
    const std::string expected = bytes(wanted.encoded);
    std::string encoded;
    encode(wanted.packet, wanted.version, encoded);
    EXPECT_EQ(shown(encoded), shown(expected));
    const auto decoded = decode_stream(expected, wanted.version);
    ASSERT_TRUE(decoded.has_value()) << decoded.error().why;
    EXPECT_EQ(decoded->index(), wanted.packet.index());
    // encode() is held by the line above, so writing again what was read compares every field.
    std::string again;
    encode(*decoded, wanted.version, again);
    EXPECT_EQ(shown(again), shown(expected));
    if (const auto* publish = std::get_if<Publish>(&wanted.packet)) {
        EXPECT_EQ(encoded_bytes(*publish, wanted.version), expected.size());
    }
}

struct Refused {
    const char* why;
    Version version;
    const char* encoded;
    Reason reason{Reason::malformed_packet};
};

void check_refused(const Refused& refused) {
    SCOPED_TRACE(refused.why);
    const auto decoded = decode_stream(bytes(refused.encoded), refused.version);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().reason, refused.reason) << decoded.error().why;
    EXPECT_FALSE(decoded.error().why.empty());
}

}  // namespace

TEST(MqttPackets, Connect) {
    const Will will{.topic = "w/t", .payload = "off", .qos = Qos::at_least_once, .retain = true};
    const Properties delay = Properties{}.number(Id::will_delay_interval, 5);
    Will will_5 = will;
    will_5.properties = delay.view();
    const Properties properties =
        Properties{}.number(Id::session_expiry_interval, 3600).number(Id::receive_maximum, 20);
    const WellFormed cases[] = {
        {"the least of 3.1.1", v3, Connect{.version = v3, .keep_alive_s = 60, .client_id = "a"},
         "10 0d 00 04 'MQTT' 04 02 00 3c 00 01 'a'"},
        {"no client identifier", v3, Connect{.version = v3}, "10 0c 00 04 'MQTT' 04 02 0000 0000"},
        {"an old session", v3, Connect{.version = v3, .clean_start = false, .client_id = "a"},
         "10 0d 00 04 'MQTT' 04 00 0000 00 01 'a'"},
        {"everything of 3.1.1", v3,
         Connect{.version = v3,
                 .keep_alive_s = 10,
                 .client_id = "cl",
                 .will = will,
                 .user_name = "user",
                 .password = "pw"},
         "10 22 00 04 'MQTT' 04 ee 00 0a 00 02 'cl' 00 03 'w/t' 00 03 'off' 00 04 'user' 00 02 "
         "'pw'"},
        {"the least of 5.0", v5, Connect{.version = v5, .client_id = "a"},
         "10 0e 00 04 'MQTT' 05 02 0000 00 00 01 'a'"},
        {"everything of 5.0", v5,
         Connect{.version = v5,
                 .client_id = "cl",
                 .will = will_5,
                 .user_name = "user",
                 .password = "pw",
                 .properties = properties.view()},
         "10 31 00 04 'MQTT' 05 ee 0000 08 11 00000e10 21 0014 00 02 'cl' 05 18 00000005 00 03 "
         "'w/t' 00 03 'off' 00 04 'user' 00 02 'pw'"},
        {"a password without a user name is new in 5.0", v5,
         Connect{.version = v5, .client_id = "a", .password = "p"},
         "10 11 00 04 'MQTT' 05 42 0000 00 00 01 'a' 00 01 'p'"},
    };
    for (const auto& wanted : cases)
        check_both_ways(wanted);
}

TEST(MqttPackets, ConnectIsRefused) {
    const Refused cases[] = {
        // [MQTT-3.1.2-1]
        {"another protocol", v5, "10 0d 00 04 'HTTP' 04 02 00 3c 00 01 'a'"},
        // [MQTT-3.1.2-2]
        {"MQTT 3.1", v3, "10 0f 00 06 'MQIsdp' 03 02 00 3c 00 01 'a'",
         Reason::unsupported_protocol_version},
        {"MQTT 6", v5, "10 0d 00 04 'MQTT' 06 02 00 3c 00 01 'a'",
         Reason::unsupported_protocol_version},
        // [MQTT-3.1.2-3]
        {"the reserved flag", v3, "10 0d 00 04 'MQTT' 04 03 00 3c 00 01 'a'"},
        // [MQTT-3.1.2-11] [MQTT-3.1.2-14]
        {"a will of QoS 3", v3, "10 13 00 04 'MQTT' 04 1e 00 3c 00 01 'a' 00 01 'w' 00 01 'x'"},
        {"will QoS without a will", v3, "10 0d 00 04 'MQTT' 04 0a 00 3c 00 01 'a'"},
        {"will retain without a will", v5, "10 0e 00 04 'MQTT' 05 22 0000 00 00 01 'a'"},
        // [MQTT-3.1.2-22] of 3.1.1
        {"a password without a user name", v3,
         "10 10 00 04 'MQTT' 04 42 00 3c 00 01 'a' 00 01 'p'"},
        {"no client identifier at all", v3, "10 0a 00 04 'MQTT' 04 02 00 3c"},
        {"a client identifier with U+0000", v3, "10 0d 00 04 'MQTT' 04 02 00 3c 00 01 00"},
        {"a client identifier that is not UTF-8", v3, "10 0d 00 04 'MQTT' 04 02 00 3c 00 01 ff"},
        {"a user name with a surrogate", v3,
         "10 12 00 04 'MQTT' 04 82 00 3c 00 01 'a' 00 03 ed a0 80"},
        {"a will topic with a wildcard", v3,
         "10 13 00 04 'MQTT' 04 06 00 3c 00 01 'a' 00 01 '#' 00 01 'x'"},
        {"a user name promised and not there", v3, "10 0d 00 04 'MQTT' 04 82 00 3c 00 01 'a'"},
        {"bytes left over", v3, "10 0e 00 04 'MQTT' 04 02 00 3c 00 01 'a' 00"},
        {"properties cut short", v5, "10 0e 00 04 'MQTT' 05 02 0000 05 00 01 'a'"},
        {"receive maximum 0", v5, "10 11 00 04 'MQTT' 05 02 0000 03 21 0000 00 01 'a'",
         Reason::protocol_error},
        {"a will property among the others", v5,
         "10 13 00 04 'MQTT' 05 02 0000 05 18 00000005 00 01 'a'"},
        {"authentication data without a method", v5,
         "10 12 00 04 'MQTT' 05 02 0000 04 16 00 01 'x' 00 01 'a'", Reason::protocol_error},
        // [MQTT-2.1.3-1]
        {"fixed header flags", v3, "11 0d 00 04 'MQTT' 04 02 00 3c 00 01 'a'"},
    };
    for (const auto& refused : cases)
        check_refused(refused);
}

TEST(MqttPackets, Connack) {
    const Properties properties =
        Properties{}.number(Id::retain_available, 0).text(Id::assigned_client_identifier, "v-1");
    const WellFormed cases[] = {
        {"accepted", v3, Connack{}, "20 02 00 00"},
        {"accepted with the session", v3, Connack{.session_present = true}, "20 02 01 00"},
        {"version", v3, Connack{.reason = Reason::unsupported_protocol_version}, "20 02 00 01"},
        {"identifier", v3, Connack{.reason = Reason::client_identifier_not_valid}, "20 02 00 02"},
        {"unavailable", v3, Connack{.reason = Reason::server_unavailable}, "20 02 00 03"},
        {"password", v3, Connack{.reason = Reason::bad_user_name_or_password}, "20 02 00 04"},
        {"not authorised", v3, Connack{.reason = Reason::not_authorized}, "20 02 00 05"},
        {"5.0", v5, Connack{}, "20 03 00 00 00"},
        {"5.0 refused", v5, Connack{.reason = Reason::retain_not_supported}, "20 03 00 9a 00"},
        {"5.0 properties", v5, Connack{.session_present = true, .properties = properties.view()},
         "20 0b 01 00 08 25 00 12 00 03 'v-1'"},
    };
    for (const auto& wanted : cases)
        check_both_ways(wanted);
    const Refused refusals[] = {
        {"a reserved flag", v3, "20 02 02 00"},
        {"return code 6", v3, "20 02 00 06"},
        {"cut short", v3, "20 01 00"},
        {"too long", v3, "20 03 00 00 00"},
        {"an unknown reason", v5, "20 03 00 04 00"},
        {"no properties", v5, "20 02 00 00"},
    };
    for (const auto& refused : refusals)
        check_refused(refused);
}

TEST(MqttPackets, Publish) {
    const Properties expiry = Properties{}.number(Id::message_expiry_interval, 30);
    const Properties alias = Properties{}.number(Id::topic_alias, 3).user("k", "v");
    const WellFormed cases[] = {
        {"QoS 0", v3, Publish{.topic = "a/b", .payload = "hi"}, "30 07 00 03 'a/b' 'hi'"},
        {"an empty payload", v3, Publish{.topic = "a"}, "30 03 00 01 'a'"},
        {"retained", v3, Publish{.topic = "a", .retain = true}, "31 03 00 01 'a'"},
        {"QoS 1", v3,
         Publish{.topic = "a", .payload = "x", .packet_id = 258, .qos = Qos::at_least_once},
         "32 06 00 01 'a' 01 02 'x'"},
        {"QoS 2 again", v3,
         Publish{.topic = "a", .packet_id = 65535, .qos = Qos::exactly_once, .dup = true},
         "3c 05 00 01 'a' ff ff"},
        {"5.0", v5, Publish{.topic = "a", .payload = "x"}, "30 05 00 01 'a' 00 'x'"},
        {"5.0 QoS 1 with an expiry", v5,
         Publish{.topic = "a",
                 .payload = "x",
                 .packet_id = 1,
                 .qos = Qos::at_least_once,
                 .properties = expiry.view()},
         "32 0c 00 01 'a' 00 01 05 02 0000001e 'x'"},
        {"5.0 an alias instead of the topic", v5,
         Publish{.payload = "x", .properties = alias.view()},
         "30 0e 00 00 0a 23 0003 26 00 01 'k' 00 01 'v' 'x'"},
    };
    for (const auto& wanted : cases)
        check_both_ways(wanted);
}

TEST(MqttPackets, PublishIsRefused) {
    const Refused cases[] = {
        {"QoS 3", v3, "36 05 00 01 'a' 00 01"},                // [MQTT-3.3.1-4]
        {"QoS 0 repeated", v3, "38 03 00 01 'a'"},             // [MQTT-3.3.1-2]
        {"packet identifier 0", v3, "32 05 00 01 'a' 00 00"},  // [MQTT-2.2.1-3]
        {"no packet identifier", v3, "32 03 00 01 'a'"},
        {"no topic", v3, "30 02 00 00", Reason::topic_name_invalid},        // [MQTT-4.7.3-1]
        {"a wildcard", v3, "30 03 00 01 '#'", Reason::topic_name_invalid},  // [MQTT-3.3.2-2]
        {"a wildcard", v5, "30 06 00 03 'a/+' 00", Reason::topic_name_invalid},
        {"U+0000", v3, "30 03 00 01 00"},        // [MQTT-1.5.4-2]
        {"not UTF-8", v3, "30 04 00 02 c3 28"},  // [MQTT-1.5.4-1]
        {"a topic cut short", v3, "30 03 00 05 'a'"},
        {"properties cut short", v5, "30 06 00 01 'a' 05 02 00"},
        {"topic alias 0", v5, "30 07 00 01 'a' 03 23 0000", Reason::topic_alias_invalid},
        {"a property twice", v5, "30 0e 00 01 'a' 0a 02 00000001 02 00000001",
         Reason::protocol_error},
        {"payload format 2", v5, "30 06 00 01 'a' 02 01 02", Reason::protocol_error},
        {"a response topic with a wildcard", v5, "30 08 00 01 'a' 04 08 00 01 '#'",
         Reason::protocol_error},  // [MQTT-3.3.2-14]
        {"an unknown property", v5, "30 06 00 01 'a' 02 7f 00"},
        {"a property of CONNACK", v5, "30 06 00 01 'a' 02 25 00"},
        {"a property length in more bytes than needed", v5, "30 05 00 01 'a' 80 00"},
        {"a remaining length in more bytes than needed", v5, "30 84 00 00 01 'a' 00"},
    };
    for (const auto& refused : cases)
        check_refused(refused);
    // 3.1.1 has no such rule for the remaining length.
    EXPECT_TRUE(decode_stream(bytes("30 83 00 00 01 'a'"), v3).has_value());
}

TEST(MqttPackets, Acknowledgements) {
    const Properties why = Properties{}.text(Id::reason_string, "no");
    const WellFormed cases[] = {
        {"PUBACK", v3, Ack{PacketType::puback, 1}, "40 02 00 01"},
        {"PUBREC", v3, Ack{PacketType::pubrec, 2}, "50 02 00 02"},
        {"PUBREL", v3, Ack{PacketType::pubrel, 3}, "62 02 00 03"},
        {"PUBCOMP", v3, Ack{PacketType::pubcomp, 4}, "70 02 00 04"},
        {"PUBACK 5.0", v5, Ack{PacketType::puback, 1}, "40 02 00 01"},
        {"PUBACK refused", v5, Ack{PacketType::puback, 1, Reason::not_authorized},
         "40 03 00 01 87"},
        {"PUBREC explained", v5,
         Ack{PacketType::pubrec, 1, Reason::payload_format_invalid, why.view()},
         "50 09 00 01 99 05 1f 00 02 'no'"},
        {"PUBREL unknown", v5, Ack{PacketType::pubrel, 1, Reason::packet_identifier_not_found},
         "62 03 00 01 92"},
        {"PUBCOMP unknown", v5, Ack{PacketType::pubcomp, 1, Reason::packet_identifier_not_found},
         "70 03 00 01 92"},
    };
    for (const auto& wanted : cases)
        check_both_ways(wanted);
    // Longer than need be, and allowed.
    for (const char* same : {"40 03 00 01 00", "40 04 00 01 00 00"}) {
        const auto decoded = decode_stream(bytes(same), v5);
        ASSERT_TRUE(decoded.has_value()) << same;
        EXPECT_EQ(std::get<Ack>(*decoded).reason, Reason::success);
    }
    const Refused refusals[] = {
        {"packet identifier 0", v3, "40 02 00 00"},
        {"cut short", v3, "40 01 00"},
        {"3.1.1 has no reason", v3, "40 03 00 01 00"},
        {"PUBREL flags", v3, "60 02 00 03"},  // [MQTT-3.6.1-1]
        {"a reason of another packet", v5, "40 03 00 01 92"},
        {"a reason of another packet", v5, "62 03 00 01 87"},
        {"bytes left over", v5, "40 05 00 01 00 00 00"},
    };
    for (const auto& refused : refusals)
        check_refused(refused);
}

TEST(MqttPackets, Subscribe) {
    const Properties identifier = Properties{}.number(Id::subscription_identifier, 300);
    const WellFormed cases[] = {
        {"one", v3, Subscribe{10, {{.filter = "a/#", .qos = Qos::at_least_once}}},
         "82 08 00 0a 00 03 'a/#' 01"},
        {"two", v3, Subscribe{10, {{.filter = "a"}, {.filter = "+", .qos = Qos::exactly_once}}},
         "82 0a 00 0a 00 01 'a' 00 00 01 '+' 02"},
        {"5.0 with every option", v5,
         Subscribe{10,
                   {{.filter = "a",
                     .qos = Qos::at_least_once,
                     .no_local = true,
                     .retain_as_published = true,
                     .retain_handling = 2}},
                   identifier.view()},
         "82 0a 00 0a 03 0b ac 02 00 01 'a' 2d"},
        {"SUBACK", v3, Suback{10, {Reason::granted_qos_1, Reason::unspecified_error}},
         "90 04 00 0a 01 80"},
        {"SUBACK 5.0", v5, Suback{10, {Reason::success, Reason::not_authorized}},
         "90 05 00 0a 00 00 87"},
        {"UNSUBSCRIBE", v3, Unsubscribe{11, {"a", "b"}}, "a2 08 00 0b 00 01 'a' 00 01 'b'"},
        {"UNSUBSCRIBE 5.0", v5, Unsubscribe{11, {"a"}}, "a2 06 00 0b 00 00 01 'a'"},
        {"UNSUBACK", v3, Unsuback{11}, "b0 02 00 0b"},
        {"UNSUBACK 5.0", v5, Unsuback{11, {Reason::success, Reason::no_subscription_existed}},
         "b0 05 00 0b 00 00 11"},
    };
    for (const auto& wanted : cases)
        check_both_ways(wanted);
    // 3.1.1 knows one failure.
    std::string encoded;
    encode(Suback{10, {Reason::not_authorized}}, v3, encoded);
    EXPECT_EQ(shown(encoded), shown(bytes("90 03 00 0a 80")));
}

TEST(MqttPackets, SubscribeIsRefused) {
    const Refused cases[] = {
        {"flags", v3, "80 06 00 0a 00 01 'a' 01"},                 // [MQTT-3.8.1-1]
        {"no filter", v3, "82 02 00 0a", Reason::protocol_error},  // [MQTT-3.8.3-2]
        {"no filter", v5, "82 03 00 0a 00", Reason::protocol_error},
        {"no options", v3, "82 05 00 0a 00 01 'a'"},
        {"packet identifier 0", v3, "82 06 00 00 00 01 'a' 01"},
        {"QoS 3", v3, "82 06 00 0a 00 01 'a' 03"},  // [MQTT-3.8.3-4]
        {"an option of 5.0", v3, "82 06 00 0a 00 01 'a' 05"},
        {"a reserved option", v5, "82 07 00 0a 00 00 01 'a' 41"},  // [MQTT-3.8.3-5]
        {"retain handling 3", v5, "82 07 00 0a 00 00 01 'a' 31"},
        {"not a filter", v3, "82 08 00 0a 00 03 'a#b' 01"},  // [MQTT-4.7.1-2]
        {"an empty filter", v3, "82 05 00 0a 00 00 01"},     // [MQTT-4.7.3-1]
        {"No Local and shared", v5, "82 10 00 0a 00 00 0a '$share/g/a' 05",
         Reason::protocol_error},  // [MQTT-3.8.3-4]
        {"subscription identifier 0", v5, "82 09 00 0a 02 0b 00 00 01 'a' 01",
         Reason::protocol_error},
        {"UNSUBSCRIBE flags", v3, "a0 05 00 0b 00 01 'a'"},                  // [MQTT-3.10.1-1]
        {"UNSUBSCRIBE nothing", v3, "a2 02 00 0b", Reason::protocol_error},  // [MQTT-3.10.3-2]
        {"UNSUBSCRIBE not a filter", v3, "a2 06 00 0b 00 02 '#a'"},
        {"SUBACK code 3", v3, "90 03 00 0a 03"},  // [MQTT-3.9.3-2]
        {"SUBACK without a code", v3, "90 02 00 0a"},
        {"UNSUBACK with a code", v3, "b0 03 00 0b 00"},
        {"UNSUBACK without a code", v5, "b0 03 00 0b 00"},
    };
    for (const auto& refused : cases)
        check_refused(refused);
}

TEST(MqttPackets, PingDisconnectAuth) {
    const Properties expiry = Properties{}.number(Id::session_expiry_interval, 0);
    const Properties method = Properties{}.text(Id::authentication_method, "m");
    const WellFormed cases[] = {
        {"PINGREQ", v3, Pingreq{}, "c0 00"},
        {"PINGRESP", v5, Pingresp{}, "d0 00"},
        {"DISCONNECT", v3, Disconnect{}, "e0 00"},
        {"DISCONNECT 5.0", v5, Disconnect{}, "e0 00"},
        {"with the will", v5, Disconnect{Reason::disconnect_with_will}, "e0 01 04"},
        {"with properties", v5, Disconnect{Reason::success, expiry.view()},
         "e0 07 00 05 11 00000000"},
        {"AUTH", v5, Auth{}, "f0 00"},
        {"AUTH goes on", v5, Auth{Reason::continue_authentication, method.view()},
         "f0 06 18 04 15 00 01 'm'"},
    };
    for (const auto& wanted : cases)
        check_both_ways(wanted);
    // 3.1.1 cannot say why.
    std::string encoded;
    encode(Disconnect{Reason::server_shutting_down}, v3, encoded);
    EXPECT_EQ(shown(encoded), shown(bytes("e0 00")));
    const Refused refusals[] = {
        {"PINGREQ with a body", v3, "c0 01 00"},
        {"PINGREQ flags", v3, "c1 00"},
        {"DISCONNECT with a body", v3, "e0 01 00"},
        {"DISCONNECT flags", v3, "e2 00"},  // [MQTT-3.14.1-1]
        {"an unknown reason", v5, "e0 01 01"},
        {"AUTH in 3.1.1", v3, "f0 00"},
        {"AUTH flags", v5, "f1 00"},  // [MQTT-3.15.1-1]
        {"packet type 0", v3, "00 00"},
        {"packet type 0", v5, "0f 00"},
    };
    for (const auto& refused : refusals)
        check_refused(refused);
}

TEST(MqttPackets, FramesAreFoundInAStream) {
    const std::string stream = bytes("c0 00 30 03 00 01 'a' e0");
    auto frame = next_frame(stream, 100);
    ASSERT_TRUE(frame && *frame);
    EXPECT_EQ((*frame)->bytes, 2U);
    frame = next_frame(std::string_view{stream}.substr(2), 100);
    ASSERT_TRUE(frame && *frame);
    EXPECT_EQ((*frame)->bytes, 5U);
    frame = next_frame(std::string_view{stream}.substr(7), 100);
    ASSERT_TRUE(frame);
    EXPECT_FALSE(*frame);  // the rest has not come yet
    for (std::size_t cut = 0; cut < 5; ++cut) {
        frame = next_frame(std::string_view{stream}.substr(2, cut), 100);
        EXPECT_TRUE(frame && !*frame) << cut;
    }
    EXPECT_FALSE(next_frame(bytes("30 ff ff ff ff 01"), 1000).has_value());  // five bytes of length
}

TEST(MqttPackets, TheLimitHoldsAtNAndNPlus1) {
    const std::string stream = bytes("30 08 00 01 'a' 'hello'");
    EXPECT_TRUE(next_frame(stream, 10).has_value());
    const auto frame = next_frame(stream, 9);
    ASSERT_FALSE(frame.has_value());
    EXPECT_EQ(frame.error().reason, Reason::packet_too_large);
    // Known from the first bytes: nothing needs to be kept until the rest has come.
    EXPECT_FALSE(next_frame(bytes("30 80 80 80 01"), 1024).has_value());
}

TEST(MqttPackets, LengthsOfEverySize) {
    // Table 2-4 of 3.1.1: where one more byte begins.
    struct Case {
        std::size_t payload;
        const char* header;
    };
    const Case cases[] = {
        {124, "30 7f"},          {125, "30 80 01"},          {16'380, "30 ff 7f"},
        {16'381, "30 80 80 01"}, {2'097'148, "30 ff ff 7f"}, {2'097'149, "30 80 80 80 01"}};
    for (const auto& [size, header] : cases) {
        const std::string payload(size, 'x');
        std::string encoded;
        encode(Publish{.topic = "a", .payload = payload}, v3, encoded);
        EXPECT_TRUE(encoded.starts_with(bytes(header))) << size;
        const auto frame = next_frame(encoded, encoded.size());
        ASSERT_TRUE(frame && *frame) << size;
        const auto publish = decode_publish(**frame, v3);
        ASSERT_TRUE(publish.has_value());
        EXPECT_EQ(publish->payload.size(), size);
    }
}

}  // namespace vigie::wire::mqtt
