#include "vigie/streets/streets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "streets/street_rows.hpp"
#include "vigie/streets/address_search.hpp"

namespace vigie::streets {
namespace {

using testing::ElementsAre;

// About 111 m of latitude a thousandth of a degree.
Street street_of(const std::string& code, const std::string& name, std::vector<base::LonLat> line,
                 const std::string& commune = "") {
    Street street;
    street.code = code;
    street.name = name;
    street.commune = commune;
    street.length_m = length_m_of(line);
    street.place = middle_of(line);
    street.line = std::move(line);
    return street;
}

TEST(Streets, FindTheNearestWithinReach) {
    const Streets streets({street_of("A", "Rue A", {{5.0, 47.0}, {5.02, 47.0}}),
                           street_of("B", "Rue B", {{5.0, 47.001}, {5.02, 47.001}}),
                           street_of("C", "Rue C", {{5.0, 47.0}, {5.02, 47.0}})});
    EXPECT_EQ(streets.nearest({5.01, 47.0002}, 60)->code, "A");
    EXPECT_EQ(streets.nearest({5.01, 47.0008}, 60)->code, "B");
    EXPECT_EQ(streets.nearest({5.01, 47.002}, 60), nullptr);
    EXPECT_EQ(streets.nearest({5.01, 47.002}, 120)->code, "B");
    EXPECT_EQ(streets.nearest({-5.01, 47.0}, 120), nullptr);
    EXPECT_EQ(Streets().nearest({5.01, 47.0}, 120), nullptr);
    // 55 m beyond the end of the line, into another cell of the index.
    EXPECT_EQ(streets.nearest({5.0207, 47.0}, 60)->code, "A");
    EXPECT_EQ(streets.nearest({5.0209, 47.0}, 60), nullptr);
}

TEST(Streets, KnowTheirMiddle) {
    const auto middle = middle_of({{5.0, 47.0}, {5.0, 47.1}, {5.0, 47.4}});
    EXPECT_NEAR(middle.lat, 47.2, 1e-6);
    EXPECT_NEAR(length_m_of({{5.0, 47.0}, {5.0, 47.1}}), 11'119.5, 0.1);
    EXPECT_EQ(middle_of({{5.0, 47.0}}), (base::LonLat{5.0, 47.0}));
}

class AddressRanking : public testing::Test {
protected:
    AddressRanking() {
        assets::Zone dijon;
        dijon.code = "21231";
        dijon.name = "Dijon";
        assets::Zone talant;
        talant.code = "21617";
        talant.name = "Talant";
        const assets::Zones zones({dijon, talant});
        const std::vector<base::LonLat> stretch{{5.0, 47.0}, {5.001, 47.0}};
        const std::vector<base::LonLat> longer{{5.0, 47.0}, {5.003, 47.0}};
        const Streets streets({street_of("S1", "Rue Monge", stretch, "21231"),
                               street_of("S2", "Rue Monge", longer, "21231"),
                               street_of("S3", "Rue Monge", stretch, "21617"),
                               street_of("S4", "Place Émile-Zola", stretch, "21231"),
                               street_of("S5", "Impasse de la Mongeotte", stretch, "21231"),
                               street_of("S6", "Avenue Talant", stretch, "21231")});
        assets::Asset light;
        light.id = 1;
        light.code = "LP-0042";
        light.street = "Rue Monge";
        assets::Asset gone;
        gone.id = 2;
        gone.code = "LP-0043";
        gone.life_stage = assets::LifeStage::removed;
        const assets::Catalogue catalogue(nullptr, {light, gone});
        index_ = std::make_unique<AddressIndex>(streets, zones, catalogue);
    }
    std::vector<std::string> labels(std::string_view text, std::size_t limit = 10) {
        std::vector<std::string> found;
        for (const Address& address : index_->search(text, limit))
            found.push_back(address.label);
        return found;
    }
    std::unique_ptr<AddressIndex> index_;
};

TEST_F(AddressRanking, PutsWholeNamesBeforeBeginningsBeforeWordsBeforeTheRest) {
    EXPECT_THAT(labels("talant"),
                ElementsAre("Talant", "Avenue Talant, Dijon", "Rue Monge, Talant"));
    EXPECT_THAT(labels("monge"), ElementsAre("Rue Monge, Dijon", "Rue Monge, Talant",
                                             "Impasse de la Mongeotte, Dijon"));
    EXPECT_THAT(labels("onge"), ElementsAre("Rue Monge, Dijon", "Rue Monge, Talant",
                                            "Impasse de la Mongeotte, Dijon"));
    EXPECT_THAT(labels("rue monge", 1), ElementsAre("Rue Monge, Dijon"));
}

TEST_F(AddressRanking, PassesOverAccentsCasePunctuationAndHouseNumbers) {
    EXPECT_THAT(labels("PLACE emile zola"), ElementsAre("Place Émile-Zola, Dijon"));
    EXPECT_THAT(labels("12, rue Monge, Nantes"), ElementsAre());
    EXPECT_THAT(labels("12 bis, rue Monge Talant"), ElementsAre("Rue Monge, Talant"));
    EXPECT_THAT(labels("zola place"), ElementsAre("Place Émile-Zola, Dijon"));
}

TEST_F(AddressRanking, FindsAssetsByCode) {
    EXPECT_THAT(labels("lp-0042"), ElementsAre("LP-0042, Rue Monge"));
    EXPECT_THAT(labels("0042"), ElementsAre("LP-0042, Rue Monge"));
    EXPECT_THAT(labels("LP-0043"), ElementsAre());
    EXPECT_THAT(labels("-"), ElementsAre());
}

TEST_F(AddressRanking, JoinsTheStretchesOfAStreet) {
    EXPECT_EQ(index_->search("rue monge dijon", 10).at(0).code, "S2");
}

TEST(StreetRows, ReadLinesAndMakeCodesThatStay) {
    const std::string text = R"({"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"LIB":"Rue A","H":null},
"geometry":{"type":"LineString","coordinates":[[5,47],[5.001,47]]}},
{"type":"Feature","properties":{"LIB":"Rue B","H":"2"},
"geometry":{"type":"MultiLineString",
"coordinates":[[[5,47],[5.002,47]],[[5.003,47],[5.004,47]]]}},
{"type":"Feature","properties":{"LIB":null},"geometry":{"type":"LineString","coordinates":[[5,47],[5.001,47]]}},
{"type":"Feature","properties":{"LIB":"Rue D"},"geometry":{"type":"LineString","coordinates":[[5,47]]}},
{"type":"Feature","properties":{"LIB":"Rue E"},"geometry":{"type":"Point","coordinates":[5,47]}},
{"type":"Feature","properties":{"LIB":"Rue A"},"geometry":{"type":"LineString","coordinates":[[5,47],[5.001,47]]}}]})";
    StreetImport wish;
    wish.map = {{"LIB", "name"}, {"H", "hierarchy"}};
    const auto rows = streets_in(*assets::read_source(text), wish, assets::Zones());
    ASSERT_TRUE(rows.ok());
    ASSERT_EQ(rows->streets.size(), 3U);
    EXPECT_EQ(rows->streets[1].code + ":2", rows->streets[2].code);
    EXPECT_EQ(rows->streets[1].hierarchy, "2");
    std::vector<std::size_t> refused;
    for (const auto& refusal : rows->refused)
        refused.push_back(refusal.number);
    EXPECT_THAT(refused, ElementsAre(3, 4, 5, 6));
    const auto again = streets_in(*assets::read_source(text), wish, assets::Zones());
    EXPECT_EQ(again->streets, rows->streets);
}

}  // namespace
}  // namespace vigie::streets
