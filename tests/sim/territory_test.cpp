#include "sim/territory.hpp"

#include <gtest/gtest.h>

#include <map>
#include <utility>

namespace vigie::sim {
namespace {

using Corner = std::pair<double, double>;
using Side = std::pair<Corner, Corner>;

Corner corner(base::LonLat p) {
    return {p.lon, p.lat};
}

std::vector<Side> sides_of(const base::Polygon& outline) {
    std::vector<Side> sides;
    for (std::size_t i = 0; i + 1 < outline.front().size(); ++i)
        sides.emplace_back(corner(outline.front()[i]), corner(outline.front()[i + 1]));
    return sides;
}

double turn(Corner a, Corner b, Corner c) {
    return (b.first - a.first) * (c.second - a.second) -
           (b.second - a.second) * (c.first - a.first);
}

bool sides_cross(const Side& s, const Side& t) {
    return turn(s.first, s.second, t.first) * turn(s.first, s.second, t.second) < 0 &&
           turn(t.first, t.second, s.first) * turn(t.first, t.second, s.second) < 0;
}

TEST(Territory, HoldsEachCentroidInItsOwnCommuneOnly) {
    const auto& communes = example_communes();
    ASSERT_EQ(communes.size(), 24U);
    const Territory territory = lay_out(communes);
    for (std::size_t i = 0; i < communes.size(); ++i) {
        SCOPED_TRACE(communes[i].name);
        int holders = 0;
        for (const base::Polygon& outline : territory.outlines)
            holders += base::contains(outline, communes[i].centroid) ? 1 : 0;
        EXPECT_EQ(holders, 1);
        EXPECT_EQ(territory.commune_of(communes[i].centroid), static_cast<int>(i));
    }
    EXPECT_EQ(communes[static_cast<std::size_t>(territory.main)].name, "Dijon");
    EXPECT_EQ(territory.commune_of({5.0, 48.0}), -1);
}

// Every side of an outline is a neighbour's side walked the other way, or belongs to the outer rim,
// which is one closed line: no gap and no overlap.
TEST(Territory, SharesBordersPointByPoint) {
    const Territory territory = lay_out(example_communes());
    std::map<Side, int> walked;
    for (const base::Polygon& outline : territory.outlines) {
        for (const Side& side : sides_of(outline))
            ++walked[side];
    }
    std::map<Corner, Corner> rim;
    for (const auto& [side, times] : walked) {
        EXPECT_EQ(times, 1);
        if (!walked.contains({side.second, side.first})) rim[side.first] = side.second;
    }
    ASSERT_FALSE(rim.empty());
    Corner at = rim.begin()->first;
    for (std::size_t step = 0; step < rim.size(); ++step) {
        ASSERT_TRUE(rim.contains(at));
        at = rim.at(at);
    }
    EXPECT_EQ(at, rim.begin()->first);
}

TEST(Territory, DrawsNoOutlineThatCrossesItself) {
    for (const base::Polygon& outline : lay_out(example_communes()).outlines) {
        ASSERT_EQ(outline.size(), 1U);
        EXPECT_EQ(outline.front().front(), outline.front().back());
        const auto sides = sides_of(outline);
        double area = 0;
        for (std::size_t i = 0; i < sides.size(); ++i) {
            area += turn({5.0, 47.3}, sides[i].first, sides[i].second);
            for (std::size_t j = i + 1; j < sides.size(); ++j)
                ASSERT_FALSE(sides_cross(sides[i], sides[j])) << i << " and " << j;
        }
        EXPECT_GT(area, 0) << "counter-clockwise, as RFC 7946 asks";
    }
}

}  // namespace
}  // namespace vigie::sim
