#include "vigie/assets/zones.hpp"

#include <gtest/gtest.h>

#include "assets/zone_rows.hpp"

namespace vigie::assets {
namespace {

base::Polygon zone_square(double west, double south, double side) {
    return {
        {{west, south}, {west + side, south}, {west + side, south + side}, {west, south + side}}};
}

TEST(Zones, FindTheCommuneOfAPoint) {
    base::Polygon holed = zone_square(0, 0, 10);
    holed.push_back(zone_square(4, 4, 2).front());
    Zones zones({{ZoneType::commune, "A", "Outer", {}, {}, {holed}},
                 {ZoneType::commune, "B", "Hole", {}, {}, {zone_square(4, 4, 2)}},
                 {ZoneType::commune,
                  "C",
                  "Two parts",
                  {},
                  {},
                  {zone_square(10, 0, 5), zone_square(20, 0, 5)}},
                 {ZoneType::zone, "D", "No commune", {}, {}, {zone_square(30, 0, 5)}}});
    EXPECT_EQ(zones.commune_of({1, 1}), "A");
    EXPECT_EQ(zones.commune_of({5, 5}), "B");
    EXPECT_EQ(zones.commune_of({12, 1}), "C");
    EXPECT_EQ(zones.commune_of({22, 1}), "C");
    EXPECT_EQ(zones.commune_of({17, 1}), "");
    EXPECT_EQ(zones.commune_of({31, 1}), "");
    EXPECT_EQ(zones.find(ZoneType::zone, "D")->name, "No commune");
    EXPECT_EQ(zones.find(ZoneType::commune, "D"), nullptr);
}

TEST(Zones, PutTheirNameAtTheCentroidOfTheLargestPart) {
    const auto place = centroid({zone_square(5, 47, 0.1), zone_square(6, 48, 0.2)});
    EXPECT_NEAR(place.lon, 6.1, 1e-9);
    EXPECT_NEAR(place.lat, 48.1, 1e-9);
}

TEST(ZoneRows, ReadByUsualNamesOrByMap) {
    const std::string usual = R"({"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"insee_code":"21231","nom":"Dijon","population":159941},
 "geometry":{"type":"Polygon","coordinates":[[[5,47],[5.1,47],[5.1,47.1],[5,47]]]}},
{"type":"Feature","properties":{"insee_code":"21231","nom":"Twice"},
 "geometry":{"type":"Polygon","coordinates":[[[5,47],[5.1,47],[5.1,47.1],[5,47]]]}},
{"type":"Feature","properties":{"insee_code":"21003"},
 "geometry":{"type":"Polygon","coordinates":[[[5,47],[5.1,47],[5.1,47.1],[5,47]]]}},
{"type":"Feature","properties":{"insee_code":"21004","nom":"P"},
 "geometry":{"type":"Point","coordinates":[5,47]}}]})";
    const auto rows = zones_in(*read_source(usual), {});
    ASSERT_TRUE(rows.ok());
    ASSERT_EQ(rows->zones.size(), 1U);
    EXPECT_EQ(rows->zones[0].code, "21231");
    EXPECT_EQ(rows->zones[0].population, 159'941);
    ASSERT_EQ(rows->refused.size(), 3U);
    EXPECT_EQ(rows->refused[0].number, 2U);

    ZoneImport wish;
    wish.map = {{"insee_code", "name"}, {"nom", "code"}};
    const auto swapped = zones_in(*read_source(usual), wish);
    ASSERT_TRUE(swapped.ok());
    EXPECT_EQ(swapped->zones.at(0).name, "21231");
    wish.map = {{"nothing", "name"}};
    EXPECT_FALSE(zones_in(*read_source(usual), wish).ok());
    wish.map = {{"nom", "colour"}};
    EXPECT_FALSE(zones_in(*read_source(usual), wish).ok());
}

}  // namespace
}  // namespace vigie::assets
