#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/api/ask.hpp"
#include "tests/support/pgtest_database.hpp"
#include "vigie/assets/kind_files.hpp"
#include "vigie/assets/kind_store.hpp"
#include "vigie/streets/routes.hpp"

namespace vigie::streets {
namespace {

using nlohmann::json;

// The admin door's imports, as the CLI asks for them.
class ImportRoutes : public testing::Test {
protected:
    ImportRoutes() {
        auto parsed = assets::read_kinds(VIGIE_SOURCE_DIR "/config/kinds");
        auto kinds = pool_.write_now(
            [&](store::Transaction& tx) { return assets::load_kinds(tx, std::move(*parsed)); });
        importer_ = std::make_unique<assets::Importer>(
            pool_, std::make_shared<const std::vector<assets::Kind>>(*kinds), registry_, zones_);
        street_importer_ = std::make_unique<StreetImporter>(pool_, *importer_, streets_);
        street_importer_->load();
        importer_->load();
        assets::add_asset_admin_routes(router_, *importer_, pool_, under_way_, registry_, zones_,
                                       {});
        add_street_admin_routes(router_, *street_importer_, pool_, under_way_);
    }
    static boost::asio::awaitable<base::Result<access::Principal>> city_it(const wire::Request&) {
        co_return access::admin_principal("root");
    }
    wire::Response ask(const std::string& method, const std::string& target,
                       std::string body = {}) {
        auto request = test::request_to(method, target, std::move(body));
        request.headers.set("Accept-Language", language_);
        return test::ask(router_, std::move(request));
    }
    std::int64_t audited() {
        static constexpr store::Query count{"test_audited", "select count(*) as n from audit"};
        return pool_.read_now(
            [&](store::Transaction& tx) { return tx.row(count)->get<std::int64_t>("n"); });
    }

    std::string language_{"en"};
    base::ManualClock clock_{*base::parse_rfc3339("2026-11-22T18:00:00Z")};
    test::Database database_;
    store::Pool pool_{database_.app_url(), 2};
    assets::Registry registry_;
    assets::Published<assets::Zones> zones_;
    assets::Published<Streets> streets_;
    assets::ImportsUnderWay under_way_;
    std::unique_ptr<assets::Importer> importer_;
    std::unique_ptr<StreetImporter> street_importer_;
    api::Router router_{pool_, clock_, city_it};
};

const std::string parks_csv = "ID;X;Y;places\n1;5,04;47,32;474\n2;5,05;47,32;\n";

TEST_F(ImportRoutes, AnswerAReport) {
    const std::string target =
        "/admin/v1/assets/import?kind=car_park&map=X=lon&map=Y=lat&map=places=capacity"
        "&code_from=ID&code_prefix=P-";
    const auto refused = ask("POST", target, parks_csv);
    EXPECT_EQ(refused.status, 422U);
    const auto report = json::parse(refused.body)["report"];
    EXPECT_EQ(report["refused"], 1);
    EXPECT_EQ(report["refusals"][0]["line"], 3);
    EXPECT_EQ(report["refusals"][0]["code"], "P-2");
    EXPECT_EQ(report["refusals"][0]["reason"], "/attributes/capacity: is demanded");
    EXPECT_EQ(report["stored"], false);
    EXPECT_TRUE(registry_.current()->assets().empty());
    EXPECT_EQ(audited(), 0);

    const auto dry = json::parse(ask("POST", target + "&partial=1&dry_run=1", parks_csv).body);
    EXPECT_EQ(dry["new"], 1);
    EXPECT_EQ(dry["dry_run"], true);
    EXPECT_TRUE(registry_.current()->assets().empty());

    const auto partial = ask("POST", target + "&partial=1", parks_csv);
    EXPECT_EQ(partial.status, 200U);
    EXPECT_EQ(json::parse(partial.body)["stored"], true);
    EXPECT_EQ(registry_.current()->find("P-1")->place.lon, 5.04);
    EXPECT_EQ(audited(), 1);
    EXPECT_EQ(json::parse(ask("POST", target + "&partial=1", parks_csv).body)["unchanged"], 1);
    EXPECT_EQ(audited(), 1) << "what changed nothing leaves no trace";
    EXPECT_EQ(json::parse(ask("GET", "/admin/v1/assets/P-1").body)["attributes"]["capacity"], 474);
}

TEST_F(ImportRoutes, RefuseInTheAskersLanguage) {
    language_ = "fr";
    const auto refused = ask("POST", "/admin/v1/assets/import?kind=boat", parks_csv);
    EXPECT_EQ(refused.status, 422U);
    EXPECT_THAT(refused.body, testing::HasSubstr("il n'y a pas de type"));
    EXPECT_EQ(ask("POST", "/admin/v1/assets/import?kind=camera&map=X", parks_csv).status, 422U);
    EXPECT_EQ(
        ask("POST", "/admin/v1/assets/import?kind=camera&map=X=lon&map=X=lat", parks_csv).status,
        422U);
    EXPECT_EQ(ask("POST", "/admin/v1/assets/import?kind=camera", "{}").status, 400U);
    EXPECT_EQ(ask("POST", "/admin/v1/zones/import?type=river", "{}").status, 422U);
}

TEST_F(ImportRoutes, TakeZonesAndStreets) {
    const std::string commune =
        R"({"type":"FeatureCollection","features":[{"type":"Feature",
"properties":{"insee":"21231","name":"Dijon"},
"geometry":{"type":"Polygon","coordinates":[[[5,47.3],[5.1,47.3],[5.1,47.4],[5,47.4],[5,47.3]]]}}]})";
    const auto zones = ask("POST", "/admin/v1/zones/import?map=insee=code", commune);
    EXPECT_EQ(zones.status, 200U) << zones.body;
    EXPECT_EQ(zones_.current()->commune_of({5.05, 47.35}), "21231");
    const std::string street =
        R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"LIB":"Rue Monge"},
"geometry":{"type":"LineString","coordinates":[[5.04,47.32],[5.05,47.32]]}}]})";
    const auto streets = ask("POST", "/admin/v1/streets/import?map=LIB=name", street);
    EXPECT_EQ(streets.status, 200U) << streets.body;
    EXPECT_EQ(streets_.current()->all().at(0).commune, "21231");
    EXPECT_EQ(audited(), 2);
}

TEST_F(ImportRoutes, NameTheLineOfARefusedFeature) {
    const std::string points = R"({"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"V1"},"geometry":{"type":"Point","coordinates":[5,47]}},

{"type":"Feature","properties":{"code":"V2"},"geometry":{"type":"Point","coordinates":[500,47]}},
{"type":"Feature","properties":{"code":"V1"},"geometry":{"type":"Point","coordinates":[5,47]}}]})";
    const auto refused = ask("POST", "/admin/v1/assets/import?kind=camera", points);
    const json refusals = json::parse(refused.body)["report"]["refusals"];
    ASSERT_EQ(refusals.size(), 2U) << refused.body;
    EXPECT_EQ(refusals[0]["feature"], 2);
    EXPECT_EQ(refusals[0]["line"], 4);
    EXPECT_EQ(refusals[1]["feature"], 3);
    EXPECT_EQ(refusals[1]["line"], 5);
    EXPECT_EQ(refusals[1]["reason"], "the code V1 is already at feature 1");
    for (const std::string path : {"zones", "streets"}) {
        const auto other = ask("POST", "/admin/v1/" + path + "/import", points);
        EXPECT_EQ(json::parse(other.body)["report"]["refusals"][0]["line"], 2) << other.body;
    }
}

std::string cameras_csv(std::size_t count, double lon) {
    std::string text = "code,lon,lat\n";
    for (std::size_t i = 0; i < count; ++i)
        text += "V" + std::to_string(1'000 + i) + "," + std::to_string(lon) + ",47.3\n";
    return text;
}

json far(std::string phase, std::size_t rows, std::size_t of) {
    return {{"phase", std::move(phase)}, {"rows", rows}, {"of", of}};
}

// The street of a row is asked for while that row is checked: what is told then is no guess.
TEST_F(ImportRoutes, TellHowManyRowsAreChecked) {
    EXPECT_EQ(ask("GET", "/admin/v1/imports/t1").status, 404U);
    std::vector<json> told;
    importer_->use_streets([&](base::LonLat) {
        told.push_back(json::parse(ask("GET", "/admin/v1/imports/t1").body));
        return std::string();
    });
    const auto taken =
        ask("POST", "/admin/v1/assets/import?kind=camera&partial=1&progress=t1",
            cameras_csv(3, 5.0) + ",5,47\n");  // the last one has no code: refused before
    EXPECT_EQ(taken.status, 200U) << taken.body;
    EXPECT_THAT(told, testing::ElementsAre(far("checking", 1, 4), far("checking", 2, 4),
                                           far("checking", 3, 4)));
}

// Somebody else holds a row of the second statement: until it is let go, the first is behind.
TEST_F(ImportRoutes, TellHowManyRowsAreWritten) {
    static constexpr store::Query hold{"test_hold",
                                       "select from asset where code = 'V6500' for update"};
    EXPECT_EQ(ask("POST", "/admin/v1/assets/import?kind=camera", cameras_csv(6'000, 5.0)).status,
              200U);
    store::Pool other(database_.owner_url(), 1);
    std::thread import;
    wire::Response taken;
    json told;
    other.write_now([&](store::Transaction& tx) {
        tx.execute(hold);
        import = std::thread([&] {
            taken = ask("POST", "/admin/v1/assets/import?kind=camera&progress=t1",
                        cameras_csv(6'000, 5.1));
        });
        // An update does two of the three passes over its 5,000 rows.
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{30};
        do
            told = json::parse(ask("GET", "/admin/v1/imports/t1").body);
        while (told != far("writing", 3'333, 6'000) && std::chrono::steady_clock::now() < limit);
    });
    import.join();
    EXPECT_EQ(told, far("writing", 3'333, 6'000));
    EXPECT_EQ(json::parse(taken.body)["changed"], 6'000) << taken.body;
}

TEST_F(ImportRoutes, TellHowManyAssetsFollowTheirCommunes) {
    ask("POST", "/admin/v1/assets/import?kind=camera", cameras_csv(3, 5.05));
    json told;
    importer_->on_zones_changed([&](store::Transaction&, const assets::Zones&) {
        told = json::parse(ask("GET", "/admin/v1/imports/t1").body);
    });
    const auto taken = ask("POST", "/admin/v1/zones/import?progress=t1",
                           R"({"type":"FeatureCollection","features":[{"type":"Feature",
"properties":{"code":"21231","name":"Dijon"},
"geometry":{"type":"Polygon","coordinates":[[[5,47],[5.1,47],[5.1,48],[5,48],[5,47]]]}}]})");
    EXPECT_EQ(json::parse(taken.body)["assets_moved"], 3) << taken.body;
    EXPECT_EQ(told, far("moving", 3, 3));
}

}  // namespace
}  // namespace vigie::streets
