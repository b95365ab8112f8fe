#include "vigie/streets/street_import.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/pgtest_database.hpp"
#include "vigie/assets/kind_files.hpp"
#include "vigie/assets/kind_store.hpp"

namespace vigie::streets {
namespace {

std::string street_text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class StreetImports : public testing::Test {
protected:
    StreetImports() {
        auto parsed = assets::read_kinds(VIGIE_SOURCE_DIR "/config/kinds");
        auto kinds = pool_.write_now(
            [&](store::Transaction& tx) { return assets::load_kinds(tx, std::move(*parsed)); });
        importer_ = std::make_unique<assets::Importer>(
            pool_, std::make_shared<const std::vector<assets::Kind>>(*kinds), registry_, zones_);
        street_importer_ = std::make_unique<StreetImporter>(pool_, *importer_, streets_);
        street_importer_->load();
        importer_->load();
    }
    assets::ImportReport import_streets(const std::string& text, const StreetImport& wish = {}) {
        assets::ImportProgress progress;
        auto report = pool_.write_now([&](store::Transaction& tx) {
            return street_importer_->import_streets(tx, text, wish, by_, progress);
        });
        EXPECT_TRUE(report.ok());
        return std::move(*report);
    }
    assets::ImportReport import_cameras(const std::string& text) {
        assets::ImportProgress progress;
        assets::AssetImport wish;
        wish.kind = "camera";
        auto report = pool_.write_now([&](store::Transaction& tx) {
            return importer_->import_assets(tx, text, wish, by_, progress);
        });
        EXPECT_TRUE(report.ok());
        return std::move(*report);
    }

    test::Database database_;
    store::Pool pool_{database_.app_url(), 2};
    assets::Registry registry_;
    assets::Published<assets::Zones> zones_;
    assets::Published<Streets> streets_;
    std::unique_ptr<assets::Importer> importer_;
    std::unique_ptr<StreetImporter> street_importer_;
    assets::Authorship by_{"it:tester", *base::parse_rfc3339("2026-11-22T18:00:00Z")};
};

const std::string one_street =
    R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"S1","name":"Rue du Bourg"},
"geometry":{"type":"LineString","coordinates":[[5.04,47.32],[5.05,47.32]]}}]})";

TEST_F(StreetImports, NameTheAssetsNearby) {
    const std::string cameras = "code,lon,lat\nV1,5.045,47.3202\nV2,5.045,47.33\n";
    import_cameras(cameras);
    const auto report = import_streets(one_street);
    EXPECT_EQ(report.added, 1U);
    EXPECT_EQ(report.assets_moved, 1U);
    EXPECT_EQ(registry_.current()->find("V1")->street, "Rue du Bourg");
    EXPECT_EQ(registry_.current()->find("V2")->street, "");
    EXPECT_EQ(import_streets(one_street).unchanged, 1U);
    EXPECT_EQ(import_cameras(cameras).unchanged, 2U);
    EXPECT_EQ(import_cameras("code,lon,lat\nV3,5.046,47.3198\n").added, 1U);
    EXPECT_EQ(registry_.current()->find("V3")->street, "Rue du Bourg");
}

TEST_F(StreetImports, FollowTheCommunes) {
    import_streets(one_street);
    EXPECT_EQ(streets_.current()->all().at(0).commune, "");
    assets::ImportProgress progress;
    const std::string commune =
        R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"21231","name":"Dijon"},
"geometry":{"type":"Polygon","coordinates":[[[5,47.3],[5.1,47.3],[5.1,47.4],[5,47.4],[5,47.3]]]}}]})";
    const auto report = pool_.write_now([&](store::Transaction& tx) {
        return importer_->import_zones(tx, commune, {}, by_, progress);
    });
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(streets_.current()->all().at(0).commune, "21231");
    EXPECT_EQ(import_streets(one_street).unchanged, 1U);
}

TEST_F(StreetImports, TakeMontpellierAsItIs) {
    const std::filesystem::path file{VIGIE_SOURCE_DIR
                                     "/../shared/data/montpellier/streets.geojson"};
    if (!std::filesystem::exists(file))
        GTEST_SKIP() << "the folder shared/data beside the project is not there";
    StreetImport wish;
    wish.map = {{"IDARC", "code"}, {"LIB_OFF", "name"}, {"HIERARCHIE", "hierarchy"}};
    const std::string text = street_text_of(file);
    EXPECT_EQ(import_streets(text, wish).added, 8'011U);
    EXPECT_EQ(import_streets(text, wish).unchanged, 8'011U);
    const Street* street = streets_.current()->nearest({3.8284, 43.6087}, street_near_asset_m);
    ASSERT_NE(street, nullptr);
    EXPECT_EQ(street->name, "Place de la Célette");
}

}  // namespace
}  // namespace vigie::streets
