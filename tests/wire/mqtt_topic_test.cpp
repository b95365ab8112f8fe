#include <gtest/gtest.h>

#include <string>

#include "vigie/base/limits.hpp"
#include "vigie/wire/mqtt/topic.hpp"
#include "vigie/wire/mqtt/types.hpp"

namespace vigie::wire::mqtt {

TEST(MqttTopic, Names) {
    for (const char* name :
         {"a", "/", "a/b/c", "//", "é/雪", "vigie/v1/LP-1/observations", "$SYS"}) {
        EXPECT_TRUE(is_topic_name(name)) << name;
        EXPECT_TRUE(is_topic_filter(name)) << name;
    }
    for (const char* name :
         {"", "+", "#", "a/+", "a#", "\xff", "long enough to be read by words \xc0"}) {
        EXPECT_FALSE(is_topic_name(name)) << name;
    }
    const std::string zero{"long enough\0 for it", 19};
    EXPECT_FALSE(is_topic_name(zero));
    EXPECT_TRUE(is_topic_name(std::string(field_bytes_max, 'a')));
    EXPECT_FALSE(is_topic_name(std::string(field_bytes_max + 1, 'a')));
}

TEST(MqttTopic, Filters) {
    for (const char* filter : {"#", "+", "a/#", "+/+", "/+", "+/a/#", "//#", "$share/g/a/+"}) {
        EXPECT_TRUE(is_topic_filter(filter)) << filter;
    }
    // [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1]
    for (const char* filter : {"", "a#", "#/a", "a/#/b", "a+", "+a/b", "a/b+/c", "##", "\xff"}) {
        EXPECT_FALSE(is_topic_filter(filter)) << filter;
    }
}

TEST(MqttTopic, FiltersAreBearableAtNAndNotAtNPlus1) {
    std::string deep = "a";
    for (std::size_t level = 1; level < base::limits::mqtt_filter_levels_max; ++level)
        deep += "/+";
    EXPECT_TRUE(is_bearable_filter(deep));
    EXPECT_FALSE(is_bearable_filter(deep + "/"));
    EXPECT_TRUE(is_bearable_filter(std::string(base::limits::mqtt_filter_bytes_max, 'a')));
    EXPECT_FALSE(is_bearable_filter(std::string(base::limits::mqtt_filter_bytes_max + 1, 'a')));
}

TEST(MqttTopic, Matching) {
    struct Case {
        const char* filter;
        const char* topic;
        bool expected;
    };
    const Case cases[] = {
        {"a/b", "a/b", true},
        {"a/b", "a/B", false},
        {"a/b", "a", false},
        {"a", "a/b", false},
        {"sport/tennis/player1/#", "sport/tennis/player1", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
        {"sport/tennis/player1/#", "sport/tennis/player10", false},
        {"sport/#", "sport", true},
        {"sport/#", "sports", false},
        {"#", "a", true},
        {"#", "/", true},
        {"sport/tennis/+", "sport/tennis/player1", true},
        {"sport/tennis/+", "sport/tennis/player1/ranking", false},
        {"sport/+", "sport", false},
        {"sport/+", "sport/", true},
        {"+", "/finance", false},
        {"+/+", "/finance", true},
        {"/+", "/finance", true},
        {"+/b/#", "a/b", true},
        {"+/b/#", "a/c", false},
        {"a//b", "a//b", true},
        {"a/+/b", "a//b", true},
        {"#", "$SYS/x", false},    // [MQTT-4.7.2-1]
        {"+/x", "$SYS/x", false},  // [MQTT-4.7.2-1]
        {"$SYS/#", "$SYS/x", true},
        {"$SYS/+", "$SYS/x", true},
    };
    for (const auto& [filter, topic, expected] : cases) {
        EXPECT_EQ(matches(filter, topic), expected) << filter << " and " << topic;
    }
}

TEST(MqttTopic, SharedFilters) {
    EXPECT_TRUE(is_shared_filter("$share/g/a"));
    EXPECT_TRUE(is_shared_filter("$share/g//"));
    for (const char* filter : {"$share", "$share/", "$share/g", "$share/g/", "$share//a",
                               "$share/+/a", "a/$share/g/a", "share/g/a"}) {
        EXPECT_FALSE(is_shared_filter(filter)) << filter;
    }
}

}  // namespace vigie::wire::mqtt
