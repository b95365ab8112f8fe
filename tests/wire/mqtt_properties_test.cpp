#include <gtest/gtest.h>

#include "tests/wire/mqtt_bytes.hpp"
#include "vigie/wire/mqtt/properties.hpp"

namespace vigie::wire::mqtt {

namespace {
using Place = PropertyPlace;
using Name = PropertyId;

struct PropertyCase {
    Name id;
    Place place;
    const char* encoded;
    std::uint32_t number{0};
    const char* text{""};
};
}  // namespace

TEST(MqttProperties, EachIsReadAndWritten) {
    const PropertyCase cases[] = {
        {Name::payload_format_indicator, Place::publish, "01 01", 1},
        {Name::message_expiry_interval, Place::will, "02 0000003c", 60},
        {Name::content_type, Place::publish, "03 00 01 'j'", 0, "j"},
        {Name::response_topic, Place::publish, "08 00 01 'r'", 0, "r"},
        {Name::correlation_data, Place::publish, "09 00 01 ff", 0, "\xff"},
        {Name::subscription_identifier, Place::subscribe, "0b ff ff ff 7f", 268'435'455},
        {Name::session_expiry_interval, Place::connect, "11 ffffffff", 0xFFFFFFFF},
        {Name::assigned_client_identifier, Place::connack, "12 00 01 'c'", 0, "c"},
        {Name::server_keep_alive, Place::connack, "13 012c", 300},
        {Name::authentication_method, Place::auth, "15 00 01 'm'", 0, "m"},
        {Name::request_problem_information, Place::connect, "17 00", 0},
        {Name::will_delay_interval, Place::will, "18 00000001", 1},
        {Name::request_response_information, Place::connect, "19 01", 1},
        {Name::response_information, Place::connack, "1a 00 01 'i'", 0, "i"},
        {Name::server_reference, Place::disconnect, "1c 00 01 's'", 0, "s"},
        {Name::reason_string, Place::suback, "1f 00 02 c3a9", 0, "é"},
        {Name::receive_maximum, Place::connack, "21 ffff", 65535},
        {Name::topic_alias_maximum, Place::connect, "22 0000", 0},
        {Name::topic_alias, Place::publish, "23 0001", 1},
        {Name::maximum_qos, Place::connack, "24 01", 1},
        {Name::retain_available, Place::connack, "25 00", 0},
        {Name::maximum_packet_size, Place::connect, "27 00040000", 262'144},
        {Name::wildcard_subscription_available, Place::connack, "28 01", 1},
        {Name::subscription_identifier_available, Place::connack, "29 00", 0},
        {Name::shared_subscription_available, Place::connack, "2a 00", 0},
    };
    for (const auto& [id, place, encoded, number, text] : cases) {
        SCOPED_TRACE(encoded);
        const std::string raw = bytes(encoded);
        const auto view = PropertyView::checked(raw, place);
        ASSERT_TRUE(view.has_value()) << view.error().why;
        const auto property = view->find(id);
        ASSERT_TRUE(property);
        EXPECT_EQ(property->number, number);
        EXPECT_EQ(property->text, text);
        Properties built;
        if (*text != '\0') {
            built.text(id, text);
        } else {
            built.number(id, number);
        }
        EXPECT_EQ(shown(built.view().bytes()), shown(raw));
        // Cut anywhere, none is accepted.
        for (std::size_t cut = 1; cut < raw.size(); ++cut) {
            const auto short_view = PropertyView::checked(raw.substr(0, cut), place);
            EXPECT_FALSE(short_view.has_value()) << cut;
        }
        // Twice, none of these is.
        EXPECT_FALSE(PropertyView::checked(raw + raw, place).has_value());
    }
}

TEST(MqttProperties, UserPropertiesRepeatAndKeepTheirOrder) {
    const Properties built = Properties{}.user("a", "1").user("b", "2").user("a", "3");
    const auto view = PropertyView::checked(built.view().bytes(), Place::publish);
    ASSERT_TRUE(view.has_value());
    std::string all;
    std::string_view rest = view->bytes();
    while (const auto property = PropertyView::take(rest)) {
        all.append(property->name).append("=").append(property->text).append(" ");
    }
    EXPECT_EQ(all, "a=1 b=2 a=3 ");
    EXPECT_FALSE(view->number(Name::topic_alias));
}

TEST(MqttProperties, SubscriptionIdentifiersRepeatInPublishOnly) {
    const std::string two = bytes("0b 01 0b 02");
    EXPECT_TRUE(PropertyView::checked(two, Place::publish).has_value());
    EXPECT_FALSE(PropertyView::checked(two, Place::subscribe).has_value());
}

TEST(MqttProperties, WhatIsRefused) {
    struct Case {
        const char* why;
        Place place;
        const char* encoded;
        Reason reason;
    };
    const Case cases[] = {
        {"unknown", Place::publish, "00 00", Reason::malformed_packet},
        {"unknown and long", Place::publish, "ff 01", Reason::malformed_packet},
        {"an identifier in two bytes", Place::publish, "81 00 01", Reason::malformed_packet},
        {"elsewhere at home", Place::puback, "23 0001", Reason::malformed_packet},
        {"a flag of 2", Place::connect, "17 02", Reason::protocol_error},
        {"a size of 0", Place::connect, "27 00000000", Reason::protocol_error},
        {"maximum QoS 2", Place::connack, "24 02", Reason::protocol_error},
        {"text with U+0000", Place::connack, "1f 00 01 00", Reason::malformed_packet},
        {"a user property that is not UTF-8", Place::publish, "26 00 01 ff 00 00",
         Reason::malformed_packet},
        {"authentication data alone", Place::auth, "16 00 00", Reason::protocol_error},
    };
    for (const auto& [why, place, encoded, reason] : cases) {
        SCOPED_TRACE(why);
        const auto view = PropertyView::checked(bytes(encoded), place);
        ASSERT_FALSE(view.has_value());
        EXPECT_EQ(view.error().reason, reason);
    }
}

}  // namespace vigie::wire::mqtt
