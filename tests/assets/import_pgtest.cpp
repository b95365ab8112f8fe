#include "vigie/assets/import.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "tests/support/pgtest_database.hpp"
#include "vigie/assets/kind_files.hpp"
#include "vigie/assets/kind_store.hpp"

namespace vigie::assets {
namespace {

const std::filesystem::path shared_files{VIGIE_SOURCE_DIR "/../shared/data"};

std::string import_text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string import_point(const std::string& properties, double lon, double lat) {
    return R"({"type":"Feature","properties":{)" + properties +
           R"(},"geometry":{"type":"Point","coordinates":[)" + std::to_string(lon) + "," +
           std::to_string(lat) + "]}}";
}

std::string import_collection(const std::vector<std::string>& features) {
    std::string text;
    for (const std::string& feature : features)
        text += (text.empty() ? "" : ",") + feature;
    return R"({"type":"FeatureCollection","features":[)" + text + "]}";
}

std::string import_square(const std::string& code, double west, double south, double side) {
    const auto at = [](double x, double y) {
        return "[" + std::to_string(x) + "," + std::to_string(y) + "]";
    };
    return R"({"type":"Feature","properties":{"code":")" + code + R"(","nom":"Ville )" + code +
           R"("},"geometry":{"type":"Polygon","coordinates":[[)" + at(west, south) + "," +
           at(west + side, south) + "," + at(west + side, south + side) + "," +
           at(west, south + side) + "]]}}";
}

class Import : public testing::Test {
protected:
    Import() {
        auto parsed = read_kinds(VIGIE_SOURCE_DIR "/config/kinds");
        const auto kinds = pool_.write_now(
            [&](store::Transaction& tx) { return load_kinds(tx, std::move(*parsed)); });
        importer_ = std::make_unique<Importer>(
            pool_, std::make_shared<const std::vector<Kind>>(*kinds), registry_, zones_);
        importer_->load();
    }

    base::Result<ImportReport> assets(const std::string& text, const AssetImport& wish) {
        ImportProgress progress;
        return pool_.write_now([&](store::Transaction& tx) {
            return importer_->import_assets(tx, text, wish, by_, progress);
        });
    }
    ImportReport good(const std::string& text, const AssetImport& wish) {
        auto report = assets(text, wish);
        EXPECT_TRUE(report.ok()) << report.error().detail.en;
        return report.ok() ? *report : ImportReport{};
    }
    base::Result<ImportReport> zones(const std::string& text) {
        ImportProgress progress;
        return pool_.write_now([&](store::Transaction& tx) {
            return importer_->import_zones(tx, text, {}, by_, progress);
        });
    }
    static AssetImport of(const std::string& kind) {
        AssetImport wish;
        wish.kind = kind;
        return wish;
    }
    std::string history(const std::string& code) {
        static constexpr store::Query list{
            "test_history",
            "select string_agg(h.version || ' ' || author || ' ' || (state->>'street') || ' ' || "
            "coalesce(state->>'power_parent', '-'), ', ' order by h.version) as lines from "
            "asset_history h join asset on id = asset_id where code = $1"};
        return pool_.read_now(
            [&](store::Transaction& tx) { return tx.row(list, code)->get<std::string>("lines"); });
    }

    test::Database database_;
    store::Pool pool_{database_.app_url(), 2};
    Registry registry_;
    Published<Zones> zones_;
    std::unique_ptr<Importer> importer_;
    Authorship by_{"it:tester", *base::parse_rfc3339("2026-11-22T18:00:00Z")};
};

TEST_F(Import, StoresGraphsHistoryAndPublishes) {
    const auto cabinets =
        import_collection({import_point(R"("code":"C1","street":"Rue A")", 5.0, 47.0)});
    EXPECT_EQ(good(cabinets, of("lighting_cabinet")).added, 1U);
    const auto circuits = import_collection(
        {import_point(R"("code":"K1","street":"","power_parent":"C1")", 5.0, 47.0)});
    EXPECT_EQ(good(circuits, of("lighting_circuit")).added, 1U);
    auto lights = [](const std::string& street) {
        return import_collection(
            {import_point(
                 R"("code":"L1","power_parent":"K1","communication_parent":"C1","street":")" +
                     street + "\"",
                 5.001, 47.0),
             import_point(R"("code":"L2","power_parent":"K1","street":"Rue B")", 5.002, 47.0)});
    };
    EXPECT_EQ(good(lights("Rue B"), of("light_point")).added, 2U);
    const auto catalogue = registry_.current();
    const Asset* cabinet = catalogue->find("C1");
    const Asset* light = catalogue->find("L1");
    ASSERT_TRUE(cabinet && light);
    EXPECT_EQ(light->kind->code, "light_point");
    EXPECT_EQ(light->communication_parent, cabinet->id);
    EXPECT_EQ(catalogue->children(Graph::power, catalogue->find("K1")->id).size(), 2U);
    EXPECT_EQ(light->version, 1);

    const auto again = good(lights("Rue B"), of("light_point"));
    EXPECT_EQ(again.unchanged, 2U);
    EXPECT_EQ(registry_.current(), catalogue) << "nothing changed: nothing is published";
    const auto changed = good(lights("Rue C"), of("light_point"));
    EXPECT_EQ(changed.changed, 1U);
    EXPECT_EQ(changed.unchanged, 1U);
    EXPECT_EQ(registry_.current()->find("L1")->version, 2);
    EXPECT_EQ(history("L1"), "1 it:tester Rue B K1, 2 it:tester Rue C K1");
    EXPECT_EQ(history("L2"), "1 it:tester Rue B K1");
}

TEST_F(Import, IsAllOrNothingUnlessPartial) {
    const std::string text = "code,lon,lat,capacity\nP1,5,47,100\nP2,5,47,many\nP3,5,47,\n";
    const auto refused = good(text, of("car_park"));
    EXPECT_FALSE(refused.stored);
    ASSERT_EQ(refused.refused.size(), 2U);
    EXPECT_EQ(refused.refused[0].number, 3U);
    EXPECT_EQ(refused.refused[1].number, 4U);
    EXPECT_TRUE(refused.csv);
    EXPECT_TRUE(registry_.current()->assets().empty());
    auto wish = of("car_park");
    wish.partial = true;
    wish.dry_run = true;
    EXPECT_FALSE(good(text, wish).stored);
    EXPECT_TRUE(registry_.current()->assets().empty());
    wish.dry_run = false;
    const auto partial = good(text, wish);
    EXPECT_TRUE(partial.stored);
    EXPECT_EQ(partial.added, 1U);
    EXPECT_EQ(registry_.current()->assets().size(), 1U);
    EXPECT_EQ(registry_.current()->find("P1")->attributes, R"({"capacity": 100})");
}

TEST_F(Import, FindsCommunesAlsoWhenTheyComeLater) {
    const auto cameras = import_collection(
        {import_point(R"("code":"V1")", 5.05, 47.05), import_point(R"("code":"V2")", 9.0, 47.05)});
    good(cameras, of("camera"));
    EXPECT_EQ(registry_.current()->find("V1")->commune, "");
    const auto report = zones(import_collection({import_square("21231", 5.0, 47.0, 0.1)}));
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->added, 1U);
    EXPECT_EQ(report->assets_moved, 1U);
    EXPECT_EQ(registry_.current()->find("V1")->commune, "21231");
    EXPECT_EQ(registry_.current()->find("V2")->commune, "");
    EXPECT_EQ(zones_.current()->commune_of({5.01, 47.01}), "21231");
    EXPECT_EQ(good(cameras, of("camera")).unchanged, 2U);
    EXPECT_EQ(zones(import_collection({import_square("21231", 5.0, 47.0, 0.1)}))->unchanged, 1U);
}

TEST_F(Import, NamesStreetsFromTheirFinder) {
    const auto cameras =
        import_collection({import_point(R"("code":"V1")", 5.05, 47.05),
                           import_point(R"("code":"V2","street":"Given")", 5, 47)});
    good(cameras, of("camera"));
    const auto street_of = [](base::LonLat) { return std::string("Rue du Bourg"); };
    importer_->use_streets(street_of);
    const auto filled = pool_.write_now([&](store::Transaction& tx) {
        lock_changes(tx);
        ImportProgress progress;
        return importer_->fill_streets(tx, street_of, by_, progress);
    });
    EXPECT_EQ(filled, 1U);
    EXPECT_EQ(registry_.current()->find("V1")->street, "Rue du Bourg");
    EXPECT_EQ(registry_.current()->find("V2")->street, "Given");
    EXPECT_EQ(good(cameras, of("camera")).unchanged, 2U);
}

TEST_F(Import, AnswersWhatTheWholeFileLacks) {
    EXPECT_FALSE(assets("code,lon,lat\nA,5,47\n", of("boat")).ok());
    EXPECT_FALSE(assets("", of("camera")).ok());
    auto wish = of("camera");
    wish.map = {{"nothing", "code"}};
    EXPECT_FALSE(assets("code,lon,lat\nA,5,47\n", wish).ok());
}

TEST_F(Import, TakesMontpellierAsItIs) {
    if (!std::filesystem::exists(shared_files))
        GTEST_SKIP() << "the folder shared/data beside the project is not there";
    const auto folder = shared_files / "montpellier";
    auto lights = of("light_point");
    lights.code_prefix = "LP-";
    const std::string text = import_text_of(folder / "street-lights.geojson");
    const auto before = std::chrono::steady_clock::now();
    const auto first = good(text, lights);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
    EXPECT_TRUE(first.stored);
    EXPECT_EQ(first.added, 29'969U);
    EXPECT_LT(took.count(), 60.0);
    RecordProperty("street_lights_ms", static_cast<int>(took.count() * 1000));
    const auto again = good(text, lights);
    EXPECT_EQ(again.unchanged, 29'969U);
    EXPECT_EQ(again.added + again.changed, 0U);

    auto junctions = of("signal_junction");
    junctions.code_prefix = "J-";
    junctions.map = {{"CAR_LIEU", "street"}};
    EXPECT_EQ(good(import_text_of(folder / "signal-junctions.geojson"), junctions).added, 373U);
    auto cameras = of("camera");
    cameras.code_from = "Nom";
    cameras.map = {{"Adresse", "street"}};
    EXPECT_EQ(good(import_text_of(folder / "cameras.geojson"), cameras).added, 141U);
    auto parks = of("car_park");
    parks.code_prefix = "P-";
    parks.map = {
        {"COORD_X", "lon"}, {"COORD_Y", "lat"}, {"NBRE_PLACE", "capacity"}, {"NOM", "name"}};
    EXPECT_EQ(good(import_text_of(folder / "car-parks.csv"), parks).added, 22U);
    EXPECT_EQ(good(import_text_of(folder / "car-parks.csv"), parks).unchanged, 22U);
    EXPECT_EQ(zones(import_text_of(shared_files / "dijon" / "communes.geojson"))->added, 24U);
}

}  // namespace
}  // namespace vigie::assets
