#include "vigie/base/sun.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace vigie::base {
namespace {

constexpr LonLat dijon_centre{5.0415, 47.3220};

// How far `instant` lies from the minute that an almanac prints, whether it rounds or cuts.
double off_printed_minute_s(Instant instant, const std::string& printed) {
    const auto minute = parse_rfc3339(printed);
    if (!minute) return 1e9;
    const double seconds = static_cast<double>((instant - *minute).count()) / 1e6;
    return std::max({0.0, -seconds, seconds - 59});
}

// Times for Dijon as a French newspaper's calendar prints them, to the minute, in legal time.
TEST(Sun, RisesAndSetsInDijonAsTheCalendarSays) {
    struct Case {
        std::string day;
        std::string rise;
        std::string set;
        std::string zone;
    };
    const Case cases[] = {
        {"2019-10-01", "07:38", "19:20", "+02:00"}, {"2019-10-02", "07:39", "19:18", "+02:00"},
        {"2019-10-04", "07:42", "19:14", "+02:00"}, {"2019-10-07", "07:46", "19:08", "+02:00"},
        {"2023-04-01", "07:19", "20:08", "+02:00"}, {"2023-04-03", "07:15", "20:11", "+02:00"},
        {"2023-04-06", "07:09", "20:15", "+02:00"}, {"2023-04-08", "07:05", "20:18", "+02:00"},
        {"2025-09-01", "06:59", "20:20", "+02:00"}, {"2025-09-03", "07:01", "20:16", "+02:00"},
        {"2025-09-05", "07:04", "20:12", "+02:00"}, {"2025-09-07", "07:07", "20:08", "+02:00"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.day);
        const auto day =
            std::chrono::floor<std::chrono::days>(*parse_rfc3339(c.day + "T12:00:00Z"));
        const auto sun = sun_times(day, dijon_centre);
        ASSERT_TRUE(sun);
        EXPECT_LE(off_printed_minute_s(sun->rise, c.day + "T" + c.rise + ":00" + c.zone), 60)
            << to_rfc3339(sun->rise);
        EXPECT_LE(off_printed_minute_s(sun->set, c.day + "T" + c.set + ":00" + c.zone), 60)
            << to_rfc3339(sun->set);
    }
}

// At its rise and set the sun stands where rise and set are defined: two formulas, one sky.
TEST(Sun, StandsAtTheHorizonWhenItRisesAndSets) {
    const auto first = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
    for (int day = 0; day < 365; day += 7) {
        for (const double elevation : {sunrise_elevation_deg, -6.0}) {
            const auto sun = sun_times(first + std::chrono::days{day}, dijon_centre, elevation);
            ASSERT_TRUE(sun);
            EXPECT_NEAR(solar_elevation_deg(sun->rise, dijon_centre), elevation, 0.002);
            EXPECT_NEAR(solar_elevation_deg(sun->set, dijon_centre), elevation, 0.002);
            EXPECT_LT(sun->rise, sun->set);
        }
    }
}

// At noon of a solstice the sun's height is 90 degrees less latitude, plus or less the obliquity.
TEST(Sun, StandsHighInSummerAndLowInWinter) {
    const auto noon = [](const char* text) {
        double highest = -90;
        for (int minute = 0; minute < 120; ++minute)
            highest = std::max(
                highest, solar_elevation_deg(*parse_rfc3339(text) + std::chrono::minutes{minute},
                                             dijon_centre));
        return highest;
    };
    EXPECT_NEAR(noon("2026-06-21T10:45:00Z"), 90 - 47.322 + 23.436, 0.02);
    EXPECT_NEAR(noon("2026-12-21T10:45:00Z"), 90 - 47.322 - 23.436, 0.02);
}

TEST(Sun, NeitherRisesNorSetsBeyondThePolarCircleAtTheSolstices) {
    const auto june = std::chrono::sys_days{std::chrono::year{2026} / 6 / 21};
    const auto december = std::chrono::sys_days{std::chrono::year{2026} / 12 / 21};
    EXPECT_FALSE(sun_times(june, {18.95, 69.65}));
    EXPECT_FALSE(sun_times(december, {18.95, 69.65}));
    EXPECT_TRUE(sun_times(june, {18.95, 60.0}));
}

}  // namespace
}  // namespace vigie::base
