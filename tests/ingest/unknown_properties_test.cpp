#include "vigie/ingest/unknown_properties.hpp"

#include <gtest/gtest.h>

namespace vigie::ingest {
namespace {

base::Instant at(int second) {
    return base::Instant{} + std::chrono::seconds{second};
}

TEST(UnknownPropertiesTest, CountsByAssetAndPropertyAndPutsTheNewestFirst) {
    UnknownProperties unknown;
    unknown.add({{{"A", "colour"}, 2}, {{"B", "colour"}, 1}}, at(1));
    unknown.add({{{"A", "colour"}, 3}}, at(5));
    unknown.add({}, at(9));
    const auto rows = unknown.rows();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].what, (UnknownProperty{"A", "colour"}));
    EXPECT_EQ(rows[0].values, 5U);
    EXPECT_EQ(rows[0].first_at, at(1));
    EXPECT_EQ(rows[0].last_at, at(5));
    EXPECT_EQ(rows[1].what, (UnknownProperty{"B", "colour"}));
}

TEST(UnknownPropertiesTest, RemembersNAndMakesRoomForNPlusOne) {
    UnknownProperties unknown;
    constexpr int limit = unknown_properties_max;
    for (int i = 0; i < limit; ++i)
        unknown.add({{{"A", std::to_string(i)}, 1}}, at(i));
    EXPECT_EQ(unknown.rows().size(), unknown_properties_max);
    EXPECT_EQ(unknown.rows().back().what.property, "0");
    unknown.add({{{"A", "0"}, 1}}, at(limit));  // "1" was silent longest now
    unknown.add({{{"A", "one more"}, 1}}, at(limit));
    const auto rows = unknown.rows();
    EXPECT_EQ(rows.size(), unknown_properties_max);
    EXPECT_EQ(rows[0].what.property, "one more");
    EXPECT_EQ(rows[1].what.property, "0");
    EXPECT_EQ(rows[1].values, 2U);
    EXPECT_EQ(rows.back().what.property, "2");
}

}  // namespace
}  // namespace vigie::ingest
