#include "assets/import_rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assets/import_plan.hpp"
#include "assets/place_code.hpp"

namespace vigie::assets {
namespace {

using testing::ElementsAre;

Kind import_kind() {
    Kind kind;
    kind.id = 1;
    kind.code = "car_park";
    Attribute capacity;
    capacity.code = "capacity";
    capacity.type = AttributeType::number;
    capacity.min = 0;
    capacity.required = true;
    Attribute level;
    level.code = "level";
    level.type = AttributeType::code;
    level.codes = {"surface", "underground"};
    kind.attributes = {capacity, level};
    return kind;
}

AssetImport import_wish(FieldMap map = {}) {
    AssetImport wish;
    wish.kind = "car_park";
    wish.map = std::move(map);
    return wish;
}

ImportRows import_rows(const std::string& text, const AssetImport& wish = import_wish()) {
    auto rows = rows_for(import_kind(), *read_source(text), wish);
    EXPECT_TRUE(rows.ok()) << rows.error().detail.en;
    return std::move(*rows);
}

TEST(ImportRows, TakesFieldsByNameAndByMap) {
    const auto found = import_rows(
        "code;longitude;lat;places;level;street;colour\n"
        "P1;5,04;47,32;474;surface;Rue A;red\n",
        import_wish({{"places", "capacity"}}));
    ASSERT_EQ(found.rows.size(), 1U);
    const ImportRow& row = found.rows[0];
    EXPECT_EQ(row.number, 2U);
    EXPECT_EQ(row.code, "P1");
    EXPECT_EQ(row.place, (base::LonLat{5.04, 47.32}));
    EXPECT_EQ(row.attributes.dump(), R"({"capacity":474,"level":"surface"})");
    EXPECT_EQ(row.street, "Rue A");
    EXPECT_FALSE(row.life_stage);
    EXPECT_FALSE(row.power_parent);
    EXPECT_THAT(found.ignored_fields, ElementsAre("colour"));
}

TEST(ImportRows, RefusesByLineWithAReason) {
    const auto found = import_rows(
        "code,lon,lat,capacity,level,life_stage\n"
        "P1,5,47,10,surface,in_service\n"
        ",5,47,10,,\n"
        "P 3,5,47,10,,\n"
        "P4,,47,10,,\n"
        "P5,5,97,10,,\n"
        "P6,5,47,ten,,\n"
        "P7,5,47,-1,,\n"
        "P8,5,47,10,roof,\n"
        "P9,5,47,10,,demolished\n"
        "P1,5,47,10,,\n");
    EXPECT_EQ(found.rows.size(), 1U);
    ASSERT_EQ(found.refused.size(), 9U);
    const std::vector<std::pair<std::size_t, std::string>> expected{
        {3, "no code"},
        {4, "not a code"},
        {5, "no position"},
        {6, "no position"},
        {7, "/attributes/capacity: must be a number, at least 0"},
        {8, "at least 0"},
        {9, "/attributes/level: must be one of surface, underground"},
        {10, "/life_stage"},
        {11, "already at line 2"}};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(found.refused[i].number, expected[i].first);
        EXPECT_THAT(found.refused[i].reason.en, testing::HasSubstr(expected[i].second));
        EXPECT_FALSE(found.refused[i].reason.fr.empty());
    }
}

TEST(ImportRows, RefusesAMappingThatCannotBe) {
    const std::string text = "code,lon,lat\nP1,5,47\n";
    const auto fails = [&](const AssetImport& wish) {
        return !rows_for(import_kind(), *read_source(text), wish).ok();
    };
    EXPECT_TRUE(fails(import_wish({{"nothing", "code"}})));
    EXPECT_TRUE(fails(import_wish({{"code", "colour"}})));
    EXPECT_TRUE(fails(import_wish({{"lon", "lat"}, {"lat", "lat"}})));
    AssetImport wish = import_wish();
    wish.code_from = "ident";
    EXPECT_TRUE(fails(wish));
    wish.code_from.reset();
    wish.code_prefix = "a b";
    EXPECT_TRUE(fails(wish));
    wish.code_prefix = std::string(41, 'P');
    EXPECT_TRUE(fails(wish));
    wish.code_prefix = std::string(40, 'P');
    EXPECT_FALSE(fails(wish));
}

TEST(ImportRows, TakesCodesFromAFieldBehindAPrefix) {
    AssetImport wish = import_wish();
    wish.code_from = "id";
    const std::string text = R"({"type":"FeatureCollection","features":[{"type":"Feature",
"properties":{"id":17,"code":"other"},"geometry":{"type":"Point","coordinates":[5,47]}}]})";
    EXPECT_EQ(import_rows(text, wish).rows.at(0).code, "17");
    wish.code_prefix = "P-";
    EXPECT_EQ(import_rows(text, wish).rows.at(0).code, "P-17");
}

TEST(ImportRows, MakesCodesThatFollowFromThePlace) {
    AssetImport wish = import_wish();
    wish.code_prefix = "L-";
    const auto codes = [&](const std::string& text) {
        std::map<std::string, std::string> by_capacity;
        for (const ImportRow& row : import_rows("lon,lat,capacity\n" + text, wish).rows)
            by_capacity[row.attributes["capacity"].dump()] = row.code;
        return by_capacity;
    };
    const auto first = codes("5.1,47.1,1\n5.2,47.2,2\n5.2,47.2,3\n");
    const auto reordered = codes("5.2,47.2,3\n5.3,47.3,9\n5.2,47.2,2\n5.1,47.1,1\n");
    EXPECT_EQ(first.size(), 3U);
    EXPECT_EQ(first.at("2").size(), std::string("L-XXXXXXXX").size());
    EXPECT_EQ(first.at("3"), first.at("2") + "-2");
    for (const auto& [capacity, code] : first)
        EXPECT_EQ(reordered.at(capacity), code);
    // Fixed for good: codes of an imported city must not change with a release.
    EXPECT_EQ(place_code({3.879137, 43.60471}), "PPFUNKL5");
    EXPECT_EQ(place_code({3.879137, 43.60471}), place_code({3.8791370001, 43.6047100001}));
    EXPECT_NE(place_code({3.879137, 43.60471}), place_code({3.879138, 43.60471}));
}

class ImportPlanning : public testing::Test {
protected:
    static ImportRow wanted(std::size_t number, const std::string& code,
                            const std::string& parent) {
        ImportRow row;
        row.number = number;
        row.code = code;
        row.place = {5, 47};
        row.power_parent = parent;
        row.attributes["capacity"] = 1;
        return row;
    }
    ImportPlan plan(const std::vector<ImportRow>& rows) {
        return plan_import(
            kind_, *known_, rows,
            {[](base::LonLat) { return "21231"; }, [](base::LonLat) { return "Rue A"; }});
    }
    // As if the plan had been stored.
    void store(const ImportPlan& plan) {
        std::vector<Asset> assets;
        std::map<std::string, AssetId> ids;
        for (const PlannedAsset& planned : plan.added)
            ids[planned.asset.code] = static_cast<AssetId>(ids.size() + 1);
        for (const PlannedAsset& planned : plan.added) {
            assets.push_back(planned.asset);
            assets.back().id = ids.at(planned.asset.code);
            if (!planned.power_parent.empty())
                assets.back().power_parent = ids.at(planned.power_parent);
        }
        known_ = std::make_unique<Catalogue>(nullptr, std::move(assets));
    }
    static std::vector<std::string> refused(const ImportPlan& plan) {
        std::vector<std::string> codes;
        for (const Refusal& refusal : plan.refused)
            codes.push_back(refusal.code);
        return codes;
    }

    Kind kind_ = import_kind();
    std::unique_ptr<Catalogue> known_ = std::make_unique<Catalogue>();
};

TEST_F(ImportPlanning, ChangesNothingTheSecondTime) {
    const std::vector<ImportRow> rows{wanted(1, "A", "B"), wanted(2, "B", "")};
    const auto first = plan(rows);
    EXPECT_EQ(first.added.size(), 2U);
    EXPECT_EQ(first.added[0].asset.commune, "21231");
    EXPECT_EQ(first.added[0].asset.street, "Rue A");
    store(first);
    const auto second = plan(rows);
    EXPECT_EQ(second.unchanged, 2U);
    EXPECT_TRUE(second.added.empty() && second.changed.empty() && second.refused.empty());
}

TEST_F(ImportPlanning, KeepsWhatTheFileDoesNotSpeakOf) {
    store(plan({wanted(1, "A", "B"), wanted(2, "B", "")}));
    ImportRow silent;
    silent.code = "A";
    silent.place = {5, 47};
    EXPECT_EQ(plan({silent}).unchanged, 1U);
    silent.power_parent = "";
    silent.life_stage = LifeStage::works;
    silent.attributes["level"] = "surface";
    const auto changed = plan({silent});
    ASSERT_EQ(changed.changed.size(), 1U);
    EXPECT_EQ(changed.changed[0].power_parent, "");
    EXPECT_EQ(changed.changed[0].asset.life_stage, LifeStage::works);
    EXPECT_EQ(changed.changed[0].asset.attributes, R"({"capacity":1,"level":"surface"})");
    silent.attributes["capacity"] = nullptr;
    EXPECT_THAT(plan({silent}).refused.at(0).reason.en,
                testing::HasSubstr("/capacity: is demanded"));
}

TEST_F(ImportPlanning, RefusesLostParentsAndWhatHangsOnThem) {
    const auto found = plan({wanted(1, "A", "B"), wanted(2, "B", "gone"), wanted(3, "C", "")});
    EXPECT_THAT(refused(found), ElementsAre("B", "A"));
    EXPECT_EQ(found.added.size(), 1U);
}

TEST_F(ImportPlanning, RefusesRings) {
    const auto found = plan({wanted(1, "A", "B"), wanted(2, "B", "C"), wanted(3, "C", "A"),
                             wanted(4, "D", "A"), wanted(5, "E", "E"), wanted(6, "F", "")});
    EXPECT_THAT(refused(found), ElementsAre("A", "B", "C", "D", "E"));
    EXPECT_EQ(found.added.size(), 1U);
    // A ring closed through what is there already.
    store(plan({wanted(1, "A", "B"), wanted(2, "B", "")}));
    EXPECT_THAT(refused(plan({wanted(1, "B", "A")})), ElementsAre("B"));
}

TEST_F(ImportPlanning, BoundsTheDepthOfParents) {
    std::vector<ImportRow> chain;
    for (int i = 0; i <= parents_deep_max + 1; ++i)
        chain.push_back(wanted(static_cast<std::size_t>(i), "N" + std::to_string(i),
                               i == 0 ? "" : "N" + std::to_string(i - 1)));
    EXPECT_THAT(refused(plan(chain)), ElementsAre("N33"));
    chain.pop_back();
    EXPECT_THAT(refused(plan(chain)), ElementsAre());
}

TEST_F(ImportPlanning, RefusesACodeOfAnotherKind) {
    store(plan({wanted(1, "A", "")}));
    Kind other = import_kind();
    other.code = "camera";
    const auto found =
        plan_import(other, *known_, {wanted(1, "A", "")},
                    {[](base::LonLat) { return ""; }, [](base::LonLat) { return ""; }});
    EXPECT_THAT(found.refused.at(0).reason.en, testing::HasSubstr("is a car_park already"));
}

}  // namespace
}  // namespace vigie::assets
