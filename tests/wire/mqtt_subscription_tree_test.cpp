#include "vigie/wire/mqtt/subscription_tree.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "vigie/wire/mqtt/topic.hpp"

namespace vigie::wire::mqtt {

using TreeMatch = SubscriptionTree::Match;

TEST(MqttSubscriptionTree, EachSubscriberOnceWithItsGreatestQos) {
    SubscriptionTree tree;
    tree.add("a/b", 1, Qos::at_most_once);
    tree.add("a/+", 1, Qos::at_least_once);
    tree.add("#", 2, Qos::at_most_once);
    tree.add("a/b/#", 3, Qos::at_least_once);
    tree.add("a/c", 4, Qos::at_least_once);
    const std::vector<TreeMatch> expected{
        {1, Qos::at_least_once}, {2, Qos::at_most_once}, {3, Qos::at_least_once}};
    EXPECT_EQ(tree.match("a/b"), expected);
    tree.add("#", 2, Qos::at_least_once);  // replaced
    EXPECT_EQ(tree.match("x"), (std::vector<TreeMatch>{{2, Qos::at_least_once}}));
    EXPECT_EQ(tree.size(), 5U);
}

TEST(MqttSubscriptionTree, Forgets) {
    SubscriptionTree tree;
    tree.add("a/b/c", 1, Qos::at_most_once);
    EXPECT_FALSE(tree.remove("a/b", 1));
    EXPECT_FALSE(tree.remove("a/b/c", 2));
    EXPECT_TRUE(tree.remove("a/b/c", 1));
    EXPECT_FALSE(tree.remove("a/b/c", 1));
    EXPECT_TRUE(tree.match("a/b/c").empty());
    EXPECT_EQ(tree.size(), 0U);
}

TEST(MqttSubscriptionTree, TakesNoBranchThatIsTooDeep) {
    SubscriptionTree tree;
    const std::string levels(65'000, '/');
    EXPECT_FALSE(tree.add("vigie/v1" + levels + "commands", 1, Qos::at_most_once));
    EXPECT_EQ(tree.size(), 0U);
    EXPECT_FALSE(tree.remove(levels, 1));
    EXPECT_TRUE(tree.add("#", 1, Qos::at_most_once));
    EXPECT_EQ(tree.match(levels).size(), 1U);
}

TEST(MqttSubscriptionTree, AgreesWithMatchingOneByOne) {
    std::mt19937 random{7};  // NOLINT: the same every time
    const std::array filter_levels{"a", "b", "+", "", "$s"};
    const std::array topic_levels{"a", "b", "c", "", "$s"};
    const auto joined = [&random](const auto& levels, bool filter) {
        std::string text = levels[random() % levels.size()];
        for (unsigned depth = random() % 4; depth > 0; --depth) {
            text.append("/").append(levels[random() % levels.size()]);
        }
        if (filter && random() % 4 == 0) text.append("/#");
        return text;
    };
    SubscriptionTree tree;
    std::vector<std::string> filters;
    for (SubscriptionTree::Subscriber i = 0; i < 400; ++i) {
        const std::string filter = joined(filter_levels, true);
        filters.push_back(is_topic_filter(filter) ? filter : "#");
        tree.add(filters.back(), i, Qos::at_most_once);
    }
    for (int i = 0; i < 2'000; ++i) {
        const std::string topic = joined(topic_levels, false);
        if (!is_topic_name(topic)) continue;
        std::vector<TreeMatch> expected;
        for (std::size_t k = 0; k < filters.size(); ++k) {
            if (matches(filters[k], topic)) expected.push_back({k, Qos::at_most_once});
        }
        ASSERT_EQ(tree.match(topic), expected) << topic;
    }
}

}  // namespace vigie::wire::mqtt
