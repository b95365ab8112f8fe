#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/api/contract.hpp"
#include "vigie/assets/kind_files.hpp"
#include "vigie/streets/routes.hpp"

namespace vigie::streets {
namespace {

using nlohmann::json;
using testing::ElementsAre;

// The reading routes of assets and streets over a city in memory; the database is away.
class PlaceRoutes : public testing::Test {
protected:
    PlaceRoutes() {
        auto kinds = assets::read_kinds(VIGIE_SOURCE_DIR "/config/kinds");
        kinds_ = std::make_shared<const std::vector<assets::Kind>>(std::move(*kinds));
        const auto kind = [&](std::string_view code) {
            return &*std::ranges::find(*kinds_, code, &assets::Kind::code);
        };
        std::vector<assets::Asset> all{
            asset(1, "CAB-1", kind("lighting_cabinet"), {5.01, 47.31}, 0),
            asset(2, "CIR-1", kind("lighting_circuit"), {5.01, 47.31}, 1),
            asset(3, "LP-1", kind("light_point"), {5.02, 47.32}, 2),
            asset(4, "LP-2", kind("light_point"), {5.03, 47.33}, 2),
            asset(5, "PARK-1", kind("car_park"), {6.0, 48.0}, 0)};
        all[2].communication_parent = 1;
        all[3].life_stage = assets::LifeStage::works;
        all[4].attributes = R"({"capacity": 474})";
        all[4].commune = "21617";
        all[4].street = "Rue Émile Zola";
        registry_.publish(std::make_shared<assets::Catalogue>(kinds_, std::move(all)));
        assets::Zone dijon;
        dijon.code = "21231";
        dijon.name = "Dijon";
        dijon.population = 159'941;
        dijon.place = {5.04, 47.32};
        dijon.polygons = {{{{5, 47}, {5.1, 47}, {5.1, 47.4}}}};
        zones_.publish(std::make_shared<assets::Zones>(std::vector{dijon}), 1);
        Street street;
        street.code = "S1";
        street.name = "Rue Monge";
        street.commune = "21231";
        street.line = {{5.0, 47.3}, {5.01, 47.3}};
        streets_.publish(std::make_shared<Streets>(std::vector{street}), 1);
        const auto live_of = [](assets::AssetId id) -> boost::asio::awaitable<std::string> {
            co_return id == 3 ? std::string(R"({"code":"LP-1","freshness":"fresh","values":[]})")
                              : std::string();
        };
        assets::add_asset_routes(router_, registry_, zones_, live_of);
        add_street_routes(router_, addresses_, zones_, streets_);
    }
    static assets::Asset asset(assets::AssetId id, std::string code, const assets::Kind* kind,
                               base::LonLat place, assets::AssetId power_parent) {
        assets::Asset made;
        made.id = id;
        made.code = std::move(code);
        made.kind = kind;
        made.place = place;
        made.commune = "21231";
        made.attributes = "{}";
        made.power_parent = power_parent;
        made.version = 1;
        return made;
    }
    wire::Response get(const std::string& target, const std::string& accept = {}) {
        auto request = test::request_to("GET", target);
        request.headers.set("X-Test-Role", "operator");
        if (!accept.empty()) request.headers.set("Accept", accept);
        return test::ask(router_, std::move(request));
    }
    json body_of(const std::string& target) {
        const auto response = get(target);
        EXPECT_EQ(response.status, 200U) << target << " " << response.body;
        return json::parse(response.body);
    }
    std::vector<std::string> codes(const std::string& target) {
        std::vector<std::string> found;
        for (const auto& row : body_of(target)["rows"])
            found.push_back(row["code"].get<std::string>());
        return found;
    }

    base::ManualClock clock_{*base::parse_rfc3339("2026-11-22T18:00:00Z")};
    store::Pool pool_{"host=/nonexistent", 1};
    api::Router router_{pool_, clock_, test::role_authenticator()};
    std::shared_ptr<const std::vector<assets::Kind>> kinds_;
    assets::Registry registry_;
    assets::Published<assets::Zones> zones_;
    assets::Published<Streets> streets_;
    AddressSearch addresses_{streets_, zones_, registry_};
};

TEST_F(PlaceRoutes, FilterAssets) {
    EXPECT_THAT(codes("/api/v1/assets"), ElementsAre("CAB-1", "CIR-1", "LP-1", "LP-2", "PARK-1"));
    EXPECT_THAT(codes("/api/v1/assets?kind=light_point"), ElementsAre("LP-1", "LP-2"));
    EXPECT_THAT(codes("/api/v1/assets?commune=21617"), ElementsAre("PARK-1"));
    EXPECT_THAT(codes("/api/v1/assets?bbox=5.015,47,5.5,47.5"), ElementsAre("LP-1", "LP-2"));
    EXPECT_THAT(codes("/api/v1/assets?q=EMILE"), ElementsAre("PARK-1"));
    EXPECT_THAT(codes("/api/v1/assets?q=lp-2"), ElementsAre("LP-2"));
    EXPECT_THAT(codes("/api/v1/assets?life_stage=works"), ElementsAre("LP-2"));
    for (const char* wrong :
         {"kind=boat", "bbox=1,2,3", "life_stage=gone", "limit=0", "limit=1001", "cursor=x"})
        EXPECT_GE(get("/api/v1/assets?" + std::string(wrong)).status, 400U) << wrong;
}

TEST_F(PlaceRoutes, PageByCode) {
    const auto first = body_of("/api/v1/assets?limit=2");
    EXPECT_EQ(first["rows"].size(), 2U);
    const auto cursor = first["next"].get<std::string>();
    EXPECT_THAT(codes("/api/v1/assets?limit=3&cursor=" + cursor),
                ElementsAre("LP-1", "LP-2", "PARK-1"));
    EXPECT_FALSE(body_of("/api/v1/assets?limit=3&cursor=" + cursor).contains("next"));
}

TEST_F(PlaceRoutes, ShowAnAssetWithItsLiveState) {
    const auto row = body_of("/api/v1/assets/LP-1");
    EXPECT_EQ(row["power_parent"], "CIR-1");
    EXPECT_EQ(row["communication_parent"], "CAB-1");
    EXPECT_EQ(row["position"], json({5.02, 47.32}));
    EXPECT_EQ(row["live"]["freshness"], "fresh");
    const auto park = body_of("/api/v1/assets/PARK-1");
    EXPECT_EQ(park["attributes"]["capacity"], 474);
    EXPECT_FALSE(park.contains("live"));
    EXPECT_EQ(get("/api/v1/assets/NOPE").status, 404U);
}

TEST_F(PlaceRoutes, SpeakGeoJson) {
    const auto response = get("/api/v1/assets?limit=1", "application/geo+json");
    EXPECT_EQ(response.headers.get("Content-Type"), "application/geo+json");
    const auto collection = json::parse(response.body);
    EXPECT_EQ(collection["features"][0]["geometry"]["coordinates"], json({5.01, 47.31}));
    EXPECT_EQ(collection["features"][0]["properties"]["kind"], "lighting_cabinet");
    EXPECT_TRUE(collection.contains("next"));
}

TEST_F(PlaceRoutes, ListChildrenAtAnyDepth) {
    EXPECT_THAT(codes("/api/v1/assets/CAB-1/children?graph=power"),
                ElementsAre("CIR-1", "LP-1", "LP-2"));
    EXPECT_THAT(codes("/api/v1/assets/CAB-1/children?graph=communication"), ElementsAre("LP-1"));
    EXPECT_THAT(codes("/api/v1/assets/LP-1/children?graph=power"), ElementsAre());
    EXPECT_EQ(body_of("/api/v1/assets/CAB-1/children?graph=power&limit=2")["rows"].size(), 2U);
    EXPECT_EQ(get("/api/v1/assets/CAB-1/children").status, 422U);
    EXPECT_EQ(get("/api/v1/assets/NOPE/children?graph=power").status, 404U);
}

TEST_F(PlaceRoutes, ShowKindsAndZones) {
    const auto kinds = body_of("/api/v1/kinds")["rows"];
    EXPECT_EQ(kinds.size(), 10U);
    EXPECT_EQ(kinds[3]["code"], "light_point");
    EXPECT_EQ(kinds[3]["properties"][5]["codes"][1]["name"]["fr"], "lampe hors service");
    const auto zones = body_of("/api/v1/zones")["rows"];
    EXPECT_EQ(zones[0]["population"], 159'941);
    EXPECT_EQ(zones[0]["zone_type"], "commune");
}

TEST_F(PlaceRoutes, SearchAddresses) {
    const auto rows = body_of("/api/v1/addresses?q=12%20rue%20monge")["rows"];
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0]["label"], "Rue Monge, Dijon");
    EXPECT_EQ(rows[0]["match"], "street");
    EXPECT_EQ(body_of("/api/v1/addresses?q=lp&limit=1")["rows"].size(), 1U);
    EXPECT_EQ(get("/api/v1/addresses?q=a").status, 422U);
    EXPECT_EQ(get("/api/v1/addresses").status, 422U);
    EXPECT_EQ(get("/api/v1/addresses?q=" + std::string(100, 'a')).status, 200U);
    EXPECT_EQ(get("/api/v1/addresses?q=" + std::string(101, 'a')).status, 422U);
}

TEST_F(PlaceRoutes, ServeMapLayersWithTheirTag) {
    const auto communes = get("/api/v1/map/layers/communes");
    ASSERT_TRUE(communes.shared_body);
    EXPECT_EQ(json::parse(*communes.shared_body)["features"][0]["properties"]["name"], "Dijon");
    EXPECT_EQ(get("/api/v1/map/layers/communes").shared_body, communes.shared_body);
    auto again = test::request_to("GET", "/api/v1/map/layers/communes");
    again.headers.set("X-Test-Role", "operator");
    again.headers.set("If-None-Match", std::string(communes.headers.get("ETag")));
    EXPECT_EQ(test::ask(router_, std::move(again)).status, 304U);
    const auto streets = get("/api/v1/map/layers/streets");
    EXPECT_EQ(json::parse(*streets.shared_body)["features"][0]["geometry"]["type"], "LineString");
    streets_.publish(std::make_shared<Streets>(), 2);
    EXPECT_NE(get("/api/v1/map/layers/streets").headers.get("ETag"), streets.headers.get("ETag"));
    EXPECT_EQ(get("/api/v1/map/layers/rivers").status, 404U);
}

TEST_F(PlaceRoutes, HideWhatLiesOutsideTheGrantsCommunes) {
    api::Router router(
        pool_, clock_,
        [](const wire::Request&) -> boost::asio::awaitable<base::Result<access::Principal>> {
            access::Principal principal;
            access::Grant grant;
            grant.service = "assets";
            grant.commune = "21617";
            principal.grants = {grant};
            co_return principal;
        });
    assets::add_asset_routes(router, registry_, zones_, {});
    add_street_routes(router, addresses_, zones_, streets_);
    const auto ask = [&](const std::string& target) {
        return test::ask(router, test::request_to("GET", target));
    };
    EXPECT_EQ(json::parse(ask("/api/v1/assets").body)["rows"].size(), 1U);
    EXPECT_EQ(ask("/api/v1/assets/PARK-1").status, 200U);
    EXPECT_EQ(ask("/api/v1/assets/LP-1").status, 403U);
    EXPECT_EQ(json::parse(ask("/api/v1/addresses?q=lp").body)["rows"].size(), 0U);
}

TEST_F(PlaceRoutes, LetThroughWhomTheyShould) {
    EXPECT_EQ(test::rights_surprises(router_, clock_.now()), std::vector<std::string>{});
    auto contract = test::contract_document();
    json paths = json::object();
    for (const char* mine : {"/api/v1/kinds", "/api/v1/assets", "/api/v1/assets/{code}",
                             "/api/v1/assets/{code}/children", "/api/v1/zones", "/api/v1/addresses",
                             "/api/v1/map/layers/{layer}"})
        paths[mine] = contract["paths"][mine];
    contract["paths"] = paths;
    EXPECT_EQ(test::contract_differences(router_.routes(), contract), std::vector<std::string>{});
}

}  // namespace
}  // namespace vigie::streets
