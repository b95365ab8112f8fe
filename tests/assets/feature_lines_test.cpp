#include "assets/feature_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vigie/assets/geojson.hpp"
#include "vigie/assets/import.hpp"

namespace vigie::assets {
namespace {

using testing::ElementsAre;

TEST(FeatureLines, CountFromTheFirstByteOfTheFile) {
    EXPECT_THAT(
        feature_lines("\xEF\xBB\xBF\n\n{\"type\":\"FeatureCollection\",\r\n\"features\":\r\n"
                      "[{\"a\":[1,\n{}]},\n\n  {},{},\n3\n]}"),
        ElementsAre(5, 8, 8, 9));
    EXPECT_THAT(feature_lines("{\"features\":[\n]}"), ElementsAre());
}

TEST(FeatureLines, AreNotMisledByOtherListsAndStrings) {
    // The same word as a value, deeper down, in a string, and as a list of the file's own.
    EXPECT_THAT(feature_lines(R"({"name":"features","crs":{"features":[
1,
2]},"bbox":[1,
2],"text":"\"features\":[",
"features":[
{"features":["}","],\\"]},
{"features":{"features":[1,2]}}],
"features_2":[
1]})"),
                ElementsAre(6, 7));
    // As nlohmann reads it: of two lists of the name the later one counts.
    EXPECT_THAT(feature_lines("{\"features\":[1,2],\n\"features\":[3]}"), ElementsAre(2));
}

TEST(FeatureLines, AreWhereTheReaderCountsItsFeatures) {
    const std::string text = R"({"type":"FeatureCollection",
"features":[
{"type":"Feature","properties":{"a":"]}"},
 "geometry":{"type":"Point","coordinates":[5.04,47.32]}},
{"type":"Feature","properties":null,"geometry":{"type":"Point","coordinates":[500,47]}},
7, {"type":"Feature",
"geometry":{"type":"Point"}}]})";
    const auto file = read_geojson(text);
    ASSERT_TRUE(file.ok());
    ImportReport report;
    report.refused = file->refused;
    place_refusals(text, report);
    using Places = std::vector<std::pair<std::size_t, std::size_t>>;
    Places found;
    for (const Refusal& refusal : report.refused)
        found.emplace_back(refusal.number, refusal.line);
    EXPECT_EQ(found, (Places{{2, 5}, {3, 6}, {4, 6}}));
}

}  // namespace
}  // namespace vigie::assets
