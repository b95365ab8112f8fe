#include "sim/communes.hpp"

#include <gtest/gtest.h>

#include "sim/city.hpp"

namespace vigie::sim {
namespace {

TEST(Communes, AreReadFromAnyTable) {
    const auto facts = parse_communes(
        "name,insee_code,area_km2,population,centroid_lon,centroid_lat,mayor\r\n"
        "Besançon,25056,65.05,118258,6.0187,47.2602,x\r\n"
        "Thise,25560,9.0,,6.0822,47.2846,y\r\n\r\n");
    ASSERT_TRUE(facts);
    ASSERT_EQ(facts->size(), 2U);
    EXPECT_EQ((*facts)[0].name, "Besançon");
    EXPECT_EQ((*facts)[0].population, 118'258);
    EXPECT_EQ((*facts)[1].population, 0);
    EXPECT_DOUBLE_EQ((*facts)[1].centroid.lat, 47.2846);
    const auto city = generate(*facts, 1, 0.02);
    ASSERT_TRUE(city);
    EXPECT_EQ(city->territory.outlines.size(), 2U);
}

// The smallest city of the most equal communes: still whole cabinets, and the well-known one.
TEST(Communes, OfOneSizeShareASmallCityWithoutBreakingCabinets) {
    std::vector<CommuneFact> facts;
    for (int i = 0; i < 24; ++i) {
        facts.push_back({std::to_string(10'000 + i),
                         "Commune " + std::to_string(i),
                         {5.0 + 0.05 * (i % 6), 47.0 + 0.04 * (i / 6)},
                         10.0,
                         3'000});
    }
    const auto city = generate(facts, 1, scale_min);
    ASSERT_TRUE(city);
    int lights = 0;
    int cabinets = 0;
    for (const GeneratedAsset& asset : city->assets) {
        lights += asset.kind == "light_point" ? 1 : 0;
        cabinets += asset.kind == "lighting_cabinet" ? 1 : 0;
    }
    EXPECT_EQ(lights, 340);
    EXPECT_EQ(cabinets, 9);
    for (const Credential& credential : city->credentials) {
        if (credential.name == "gw-arm-0001") EXPECT_EQ(credential.assets.size(), 1U + 3U + 120U);
        if (credential.name.starts_with("gw-arm-")) EXPECT_GE(credential.assets.size(), 22U);
    }
}

TEST(Communes, AreRefusedWithTheLineThatIsWrong) {
    const std::string header = "insee_code,name,centroid_lon,centroid_lat,area_km2,population\n";
    const std::string sound = "25056,Besançon,6.0,47.2,65,1000\n";
    const std::string wrong[] = {
        "",
        "insee_code,name\n",
        header + sound + sound,
        header + sound + ",Thise,6,47,9,1\n",
        header + sound + "2,,6,47,9,1\n",
        header + sound + "2,Thise,six,47,9,1\n",
        header + sound + "2,Thise,6,97,9,1\n",
        header + sound + "2,Thise,6,47,0,1\n",
        header + sound + "2,Thise,6,47,9,-1\n",
        header + sound + "2,Thise,6,47\n",
    };
    for (const std::string& csv : wrong) {
        const auto facts = parse_communes(csv);
        ASSERT_FALSE(facts) << csv;
        const std::string line = csv.starts_with(header) ? "line 3: " : "line 1: ";
        EXPECT_TRUE(facts.error().detail.en.starts_with(line)) << facts.error().detail.en;
    }
}

}  // namespace
}  // namespace vigie::sim
