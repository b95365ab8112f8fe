#include "vigie/operations/crew_choice.hpp"

#include <gtest/gtest.h>

namespace vigie::operations {
namespace {

const base::LonLat place_of_choice{5.0415, 47.3220};

base::Instant choice_time(int seconds_ago = 0) {
    return *base::parse_rfc3339("2026-11-22T18:00:00Z") - std::chrono::seconds{seconds_ago};
}

// A crew `north_m` metres north of the place.
CrewStanding crew_at(const char* code, double north_m, int age_s, bool free = true) {
    const double degree_m = 111'195.0;
    const base::LonLat at{place_of_choice.lon, place_of_choice.lat + north_m / degree_m};
    return {code, free, Located{at, choice_time(age_s)}};
}

TEST(CrewChoice, ProposesTheThreeNearestFreeCrewsAndExplainsTheOthers) {
    const std::vector<CrewStanding> crews{
        crew_at("far", 4000, 5),      crew_at("old", 10, 601),
        crew_at("third", 2500, 600),  crew_at("busy", 50, 5, false),
        {"lost", true, std::nullopt}, {"busy-lost", false, std::nullopt},
        crew_at("second", 1200, 30),  crew_at("first", 300, -20),
        crew_at("farther", 9000, 5),
    };
    const Choice choice = choose(crews, place_of_choice, choice_time());

    ASSERT_EQ(choice.proposed.size(), 3u);
    EXPECT_EQ(choice.proposed[0].code, "first");
    EXPECT_EQ(choice.proposed[0].age, base::Duration{}) << "a clock ahead is no negative age";
    EXPECT_NEAR(choice.proposed[0].distance_m, 300, 1);
    EXPECT_EQ(choice.proposed[1].code, "second");
    EXPECT_EQ(choice.proposed[2].code, "third") << "exactly ten minutes old is still proposed";
    EXPECT_EQ(choice.proposed[2].age, std::chrono::minutes{10});

    struct Other {
        const char* code;
        WhyNot reason;
        bool has_distance;
    };
    const Other others[] = {
        {"far", WhyNot::farther, true},       {"farther", WhyNot::farther, true},
        {"busy", WhyNot::busy, true},         {"busy-lost", WhyNot::busy, false},
        {"lost", WhyNot::no_position, false}, {"old", WhyNot::position_too_old, true},
    };
    ASSERT_EQ(choice.others.size(), std::size(others));
    for (std::size_t i = 0; i < std::size(others); ++i) {
        EXPECT_EQ(choice.others[i].code, others[i].code);
        EXPECT_EQ(choice.others[i].reason, others[i].reason) << others[i].code;
        EXPECT_EQ(choice.others[i].distance_m.has_value(), others[i].has_distance);
    }
}

TEST(CrewChoice, OrdersEqualDistancesByCode) {
    const Choice choice =
        choose({crew_at("b", 100, 1), crew_at("a", 100, 1)}, place_of_choice, choice_time());
    ASSERT_EQ(choice.proposed.size(), 2u);
    EXPECT_EQ(choice.proposed[0].code, "a");
}

TEST(CrewChoice, ProposesNobodyWhenThereIsNobody) {
    const Choice choice = choose({}, place_of_choice, choice_time());
    EXPECT_TRUE(choice.proposed.empty());
    EXPECT_TRUE(choice.others.empty());
}

TEST(CrewChoice, BelievesTheLaterOfCrewAndVehicle) {
    const Located early{{5.0, 47.0}, choice_time(60)};
    const Located late{{5.1, 47.1}, choice_time(10)};
    const Located late_too{{5.2, 47.2}, choice_time(10)};
    EXPECT_EQ(latest(early, late)->position, late.position);
    EXPECT_EQ(latest(late, early)->position, late.position);
    EXPECT_EQ(latest(late, late_too)->position, late.position) << "the crew's word at a tie";
    EXPECT_EQ(latest(std::nullopt, early)->position, early.position);
    EXPECT_EQ(latest(early, std::nullopt)->position, early.position);
    EXPECT_FALSE(latest(std::nullopt, std::nullopt));
}

}  // namespace
}  // namespace vigie::operations
