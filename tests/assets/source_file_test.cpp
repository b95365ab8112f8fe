#include "vigie/assets/source_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vigie/assets/geojson.hpp"

namespace vigie::assets {
namespace {

using testing::ElementsAre;

std::string source_cell(const SourceFile& file, std::size_t row, std::string_view name) {
    const FieldValue* value = file.rows.at(row).field(name);
    return value ? text_in(*value) : "(absent)";
}

TEST(Csv, ReadsQuotesLineEndsAndNumbersLines) {
    const auto file = read_source(
        "\xEF\xBB\xBF"
        "code,name,note\r\nA,\"x, \"\"y\"\"\",\"two\nlines\"\r\nB,z\r\n\r\nC,#N/A,last");
    ASSERT_TRUE(file.ok()) << file.error().detail.en;
    EXPECT_TRUE(file->csv);
    EXPECT_THAT(file->names, ElementsAre("code", "name", "note"));
    ASSERT_EQ(file->rows.size(), 3U);
    EXPECT_EQ(file->rows[0].number, 2U);
    EXPECT_EQ(file->rows[1].number, 4U);
    EXPECT_EQ(file->rows[2].number, 6U);
    EXPECT_EQ(source_cell(*file, 0, "name"), "x, \"y\"");
    EXPECT_EQ(source_cell(*file, 0, "note"), "two\nlines");
    EXPECT_EQ(source_cell(*file, 1, "note"), "(absent)");
    EXPECT_EQ(source_cell(*file, 2, "name"), "");
    EXPECT_EQ(source_cell(*file, 2, "note"), "last");
}

TEST(Csv, TellsTheSeparatorFromTheHeader) {
    for (const std::string separator : {",", ";", "\t"}) {
        const auto file = read_source("a" + separator + "b" + separator + "c\n1" + separator +
                                      "\"2,5\"" + separator + "3\n");
        ASSERT_TRUE(file.ok());
        EXPECT_THAT(file->names, ElementsAre("a", "b", "c"));
        EXPECT_EQ(number_in(*file->rows.at(0).field("b")), 2.5);
    }
}

TEST(Csv, NamesColumnsOfDbaseHeaders) {
    const auto file = read_source("\"ID,N,6,0\",\"NBRE_PLACE,N,4,0\"\n1,474\n");
    ASSERT_TRUE(file.ok());
    EXPECT_THAT(file->names, ElementsAre("ID", "NBRE_PLACE"));
}

TEST(Csv, RefusesWhatIsNotARow) {
    const auto file = read_source("a,b\n1,2,3\n4,5\n");
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(file->rows.size(), 1U);
    ASSERT_EQ(file->refused.size(), 1U);
    EXPECT_EQ(file->refused[0].number, 2U);
    const auto unclosed = read_source("a,b\n1,2\n3,\"4\n5,6\n");
    ASSERT_FALSE(unclosed.ok());
    EXPECT_THAT(unclosed.error().detail.en, testing::HasSubstr("line 3"));
}

TEST(SourceFile, RefusesOtherFormats) {
    EXPECT_FALSE(read_source("").ok());
    EXPECT_FALSE(read_source(" \n ").ok());
    EXPECT_FALSE(read_source("code\nb\xE9ton\n").ok());
    EXPECT_FALSE(read_source("{\"type\":\"Feature\"}").ok());
    EXPECT_FALSE(read_source("[1,2]").ok());
    EXPECT_FALSE(read_source("{\"type\":3,\"features\":[]}").ok());
}

TEST(GeoJson, ReadsFeaturesAndRefusesOthersByNumber) {
    const auto file = read_source(R"({"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"a":"x","n":1.5,"t":true,"z":null,"deep":{"a":1}},
 "geometry":{"type":"Point","coordinates":[5.04,47.32,240]}},
{"type":"Feature","properties":null,"geometry":{"type":"Point","coordinates":[500,47]}},
{"type":"Feature","properties":{},"geometry":{"type":7,"coordinates":[5,47]}},
{"type":"Feature","properties":{},"geometry":{"type":"Point"}},
3,
{"type":"Feature","properties":{"b":2},"geometry":{"type":"LineString","coordinates":[[5,47],[5.1,47]]}},
{"type":"Feature","properties":{},"geometry":{"type":"MultiPolygon","coordinates":[[[[5,47],[6,47],[6,48],[5,47]]]]}},
{"type":"Feature","properties":{},"geometry":null}]})");
    ASSERT_TRUE(file.ok()) << file.error().detail.en;
    EXPECT_FALSE(file->csv);
    EXPECT_THAT(file->names, ElementsAre("a", "n", "t", "z", "b"));
    std::vector<std::size_t> taken;
    for (const SourceRow& row : file->rows)
        taken.push_back(row.number);
    EXPECT_THAT(taken, ElementsAre(1, 6, 7, 8));
    std::vector<std::size_t> refused;
    for (const Refusal& refusal : file->refused)
        refused.push_back(refusal.number);
    EXPECT_THAT(refused, ElementsAre(2, 3, 4, 5));
    EXPECT_EQ(file->rows[0].geometry.point, (base::LonLat{5.04, 47.32}));
    EXPECT_EQ(file->rows[1].geometry.lines.at(0).size(), 2U);
    EXPECT_EQ(file->rows[2].geometry.polygons.at(0).at(0).size(), 4U);
}

TEST(GeoJson, WritesGeometriesThatReadBackTheSame) {
    const std::vector<base::Polygon> areas{{{{5.1, 47.2}, {5.3, 47.2}, {5.3, 47.4}}},
                                           {{{6.1, 47.2}, {6.3, 47.2}, {6.3, 47.4}}}};
    EXPECT_EQ(parse_geometry(area_geometry(areas))->polygons, areas);
    EXPECT_EQ(parse_geometry(area_geometry({areas[0]}))->polygons.at(0), areas[0]);
    EXPECT_EQ(parse_geometry(line_geometry(areas[0][0]))->lines.at(0), areas[0][0]);
    EXPECT_FALSE(parse_geometry("{}"));
    EXPECT_FALSE(parse_geometry("no"));
}

TEST(FieldValue, IsReadAsPeopleWriteIt) {
    EXPECT_EQ(number_in(std::string("43,6110026707")), 43.6110026707);
    EXPECT_EQ(number_in(std::string(" 43.61 ")), 43.61);
    EXPECT_EQ(number_in(std::string("-1")), -1.0);
    for (const char* wrong : {"1,234,567", "1,234.5", "x", "", "12 m"})
        EXPECT_FALSE(number_in(std::string(wrong))) << wrong;
    EXPECT_FALSE(number_in(true));
    EXPECT_EQ(text_in(9999.0), "9999");
    EXPECT_EQ(text_in(0.5), "0.5");
    EXPECT_EQ(text_in(FieldValue{}), "");
    EXPECT_EQ(truth_in(std::string("Oui")), true);
    EXPECT_EQ(truth_in(std::string("0")), false);
    EXPECT_EQ(truth_in(1.0), true);
    EXPECT_FALSE(truth_in(std::string("maybe")));
}

}  // namespace
}  // namespace vigie::assets
