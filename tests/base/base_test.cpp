#include <gtest/gtest.h>

#include <cmath>

#include "vigie/base/geometry.hpp"
#include "vigie/base/text.hpp"
#include "vigie/base/time.hpp"

namespace vigie::base {
namespace {

TEST(Time, ReadsAndWritesRfc3339) {
    struct Case {
        const char* in;
        const char* out;
    };
    const Case cases[] = {
        {"2026-11-22T18:04:05.120Z", "2026-11-22T18:04:05.120Z"},
        {"2026-11-22T18:04:05Z", "2026-11-22T18:04:05Z"},
        {"2026-11-22T19:04:05.120+01:00", "2026-11-22T18:04:05.120Z"},
        {"2026-11-22T18:04:05.1234567891Z", "2026-11-22T18:04:05.123456Z"},
        {"2026-12-31T23:59:60Z", "2027-01-01T00:00:00Z"},
        {"2024-02-29 00:00:00-00:30", "2024-02-29T00:30:00Z"},
    };
    for (const auto& [in, out] : cases) {
        const auto instant = parse_rfc3339(in);
        ASSERT_TRUE(instant) << in;
        EXPECT_EQ(to_rfc3339(*instant), out) << in;
    }
    const char* errors[] = {"",
                            "2026-11-22",
                            "2026-11-22T18:04:05",
                            "2026-13-01T00:00:00Z",
                            "2026-02-29T00:00:00Z",
                            "2026-11-22T24:00:00Z",
                            "2026-11-22T18:04:05.Z",
                            "2026-11-22T18:04:05+0100",
                            "1969-12-31T23:59:59Z",
                            "2026-11-22T18:04:05Zx",
                            "2026-11-22T18:61:05Z"};
    for (const char* text : errors)
        EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Geometry, MeasuresAndContains) {
    // Dijon to Beaune, town hall to town hall.
    EXPECT_NEAR(distance_m({5.0415, 47.3216}, {4.8397, 47.0241}), 36'430, 150);
    const Polygon square_with_hole = {{{0, 0}, {10, 0}, {10, 10}, {0, 10}},
                                      {{4, 4}, {6, 4}, {6, 6}, {4, 6}}};
    EXPECT_TRUE(contains(square_with_hole, {1, 1}));
    EXPECT_FALSE(contains(square_with_hole, {5, 5}));
    EXPECT_FALSE(contains(square_with_hole, {11, 5}));
    EXPECT_NEAR(distance_to_line_m({{5.0, 47.0}, {5.1, 47.0}}, {5.05, 47.001}), 111.2, 0.2);
    EXPECT_TRUE(std::isinf(distance_to_line_m({}, {0, 0})));
}

TEST(Geometry, SharedEdgesBelongToOneSide) {
    const Polygon west = {{{0, 0}, {1, 0}, {1.3, 1}, {0, 1}}};
    const Polygon east = {{{1, 0}, {2, 0}, {2, 1}, {1.3, 1}}};
    for (int i = 0; i < 100; ++i) {
        const double lat = i / 100.0;
        const LonLat on_edge{1 + 0.3 * lat, lat};
        EXPECT_NE(contains(west, on_edge), contains(east, on_edge)) << lat;
    }
}

TEST(Geometry, ReadsBoxes) {
    EXPECT_TRUE(parse_box("4.9,47.2,5.1,47.4"));
    for (const char* text : {"", "1,2,3", "1,2,3,4,5", "5,47,4,48", "a,b,c,d", "0,0,181,1"}) {
        EXPECT_FALSE(parse_box(text)) << text;
    }
}

TEST(Text, KnowsUtf8) {
    EXPECT_EQ(cut_utf8("été", 5), "été");
    EXPECT_EQ(cut_utf8("été", 4), "ét");
    EXPECT_EQ(cut_utf8("été", 3), "ét");
    EXPECT_EQ(cut_utf8("été", 1), "");
    EXPECT_TRUE(is_utf8("Fontaine-lès-Dijon ☂ 🚦"));
    for (const char* text : {"\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE9", "\xE2\x82"}) {
        EXPECT_FALSE(is_utf8(text));
    }
}

TEST(Text, FoldsForSearching) {
    EXPECT_EQ(folded("Rue de l'Œuvre — Évêché, n° 3"), "rue de l oeuvre eveche n 3");
    EXPECT_EQ(folded("Fontaine-lès-Dijon"), "fontaine les dijon");
    EXPECT_EQ(folded("  A  "), "a");
}

TEST(Text, KnowsCodes) {
    EXPECT_TRUE(is_code("PL-00042"));
    EXPECT_TRUE(is_code(std::string(64, 'a')));
    EXPECT_FALSE(is_code(std::string(65, 'a')));
    for (const char* text : {"", ".x", "-x", "a b", "é", "a/b", "a#", "a+"})
        EXPECT_FALSE(is_code(text)) << text;
}

TEST(Text, ParsesWholeNumbersOnly) {
    EXPECT_EQ(parse_double("1.5"), 1.5);
    EXPECT_FALSE(parse_double("1,5"));
    EXPECT_FALSE(parse_double("1.5x"));
    EXPECT_FALSE(parse_double("inf"));
    EXPECT_EQ(parse_int("-42"), -42);
    EXPECT_FALSE(parse_int("42.0"));
}

}  // namespace
}  // namespace vigie::base
