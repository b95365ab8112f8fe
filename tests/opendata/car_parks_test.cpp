#include "vigie/opendata/car_parks.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vigie::opendata {
namespace {

const base::Instant noon = *base::parse_rfc3339("2026-11-22T12:00:00Z");

CarPark car_park(std::optional<double> free, bool fresh) {
    CarPark c;
    c.code = "PK-1";
    c.place = {5.04, 47.32};
    c.capacity = 100;
    c.free = free;
    c.open = 1;
    c.fresh = fresh;
    if (free) c.observed_at = noon - std::chrono::seconds{90};
    return c;
}

nlohmann::json shown(const CarPark& c) {
    return nlohmann::json::parse(to_geojson({c}, noon))["features"][0]["properties"];
}

TEST(CarParks, UnknownIsNeverShownAsFree) {
    EXPECT_EQ(shown(car_park(42, true))["free"], 42);
    EXPECT_EQ(shown(car_park(42, true))["status"], "open");
    EXPECT_EQ(shown(car_park(42, true))["age_s"], 90);
    const auto stale = shown(car_park(42, false));
    EXPECT_TRUE(stale["free"].is_null());
    EXPECT_EQ(stale["status"], "unknown");
    EXPECT_EQ(stale["observed_at"], "2026-11-22T11:58:30Z");
    const auto never = shown(car_park(std::nullopt, false));
    EXPECT_EQ(never["status"], "unknown");
    EXPECT_TRUE(never["age_s"].is_null());
}

TEST(CarParks, KeepsWithinItsCapacityAndSaysSo) {
    const auto drifted = shown(car_park(130, true));
    EXPECT_EQ(drifted["free"], 100);
    EXPECT_EQ(drifted["suspect"], true);
    EXPECT_EQ(shown(car_park(0, true))["status"], "full");
    auto closed = car_park(50, true);
    closed.open = 0;
    EXPECT_EQ(status_of(closed), "closed");
}

}  // namespace
}  // namespace vigie::opendata
