#include "vigie/opendata/car_parks.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/api/ask.hpp"
#include "tests/live/small_city.hpp"

namespace vigie::opendata {
namespace {

using nlohmann::json;

const base::Instant noon = test::small_city_noon;

CarPark car_park(std::optional<double> free, bool fresh) {
    CarPark c;
    c.code = "PK-1";
    c.name = "Darcy";
    c.place = {5.04, 47.32};
    c.capacity = 100;
    c.free.value = free;
    c.free.fresh = fresh;
    if (free) c.free.at = noon - std::chrono::seconds{90};
    c.open = {1, noon - std::chrono::seconds{20}, true};
    return c;
}

json shown(const CarPark& c) {
    return json::parse(to_geojson({c}, noon))["features"][0]["properties"];
}

TEST(CarParks, UnknownIsNeverShownAsFree) {
    const auto known = shown(car_park(42, true));
    EXPECT_EQ(known["free"], 42);
    EXPECT_EQ(known["status"], "open");
    EXPECT_EQ(known["age_s"], 90);
    EXPECT_EQ(known["name"], "Darcy");
    const auto stale = shown(car_park(42, false));
    EXPECT_TRUE(stale["free"].is_null());
    EXPECT_EQ(stale["status"], "unknown");
    EXPECT_EQ(stale["observed_at"], base::to_rfc3339(noon - std::chrono::seconds{90}));
    const auto never = shown(car_park(std::nullopt, false));
    EXPECT_EQ(never["status"], "unknown");
    EXPECT_TRUE(never["age_s"].is_null());
}

TEST(CarParks, SayOfEachValueHowOldItIs) {
    auto c = car_park(42, true);
    EXPECT_EQ(shown(c)["open"], true);
    EXPECT_EQ(shown(c)["open_age_s"], 20);
    c.open.value = 0;
    EXPECT_EQ(shown(c)["status"], "closed");
    c.open.fresh = false;
    EXPECT_EQ(shown(c)["status"], "unknown") << "an old word on being closed is none";
    EXPECT_TRUE(shown(c)["open"].is_null());
    EXPECT_EQ(shown(c)["free"], 42) << "that is known all the same";
    c.open.value = 1;
    EXPECT_EQ(shown(c)["status"], "unknown") << "and so is one on being open";
    c.open = {};
    EXPECT_EQ(shown(c)["status"], "open") << "one that never says so is open as long as it counts";
    c.free.at = noon + std::chrono::seconds{30};
    EXPECT_EQ(shown(c)["age_s"], 0) << "a device's clock a little ahead";
}

TEST(CarParks, KeepWithinTheirCapacityAndSaySo) {
    const auto drifted = shown(car_park(130, true));
    EXPECT_EQ(drifted["free"], 100);
    EXPECT_EQ(drifted["suspect"], true);
    EXPECT_EQ(shown(car_park(0, true))["status"], "full");
}

TEST(CarParks, KeepTheirEtagWhileTheySayTheSame) {
    const auto before = etag_of({car_park(42, true)});
    EXPECT_TRUE(before.starts_with("W/\""));
    EXPECT_EQ(etag_of({car_park(42, true)}), before);
    for (const auto& change : std::initializer_list<void (*)(CarPark&)>{
             [](CarPark& c) { c.free.value = 41; }, [](CarPark& c) { c.free.fresh = false; },
             [](CarPark& c) { c.free.at = noon; }, [](CarPark& c) { c.open.value = 0; },
             [](CarPark& c) { c.open.at = noon; }, [](CarPark& c) { c.name = "Sainte-Anne"; },
             [](CarPark& c) { c.capacity = 90; }}) {
        auto changed = car_park(42, true);
        change(changed);
        EXPECT_NE(etag_of({changed}), before);
    }
}

// The car park of the small city, with `free` and `level`; asked through the public door's router.
class CarParksRoute : public testing::Test {
protected:
    CarParksRoute() {
        registry.publish(test::small_city());
        city.step();
        add_routes(router, city, clock);
    }
    void hear(int second, double free, double level) {
        ASSERT_TRUE(city.observed({test::frame(test::car_park, second, {free, level})}));
    }
    json free_places() {
        city.step();
        const auto all = read_car_parks(city.state(), clock.now());
        return json::parse(to_geojson(all, clock.now()))["features"][0]["properties"];
    }
    wire::Response ask(const std::string& if_none_match = {}) {
        auto request = test::request_to("GET", "/open/v1/car-parks.geojson");
        request.headers.set("Origin", "https://elsewhere.example");
        if (!if_none_match.empty()) request.headers.set("If-None-Match", if_none_match);
        return test::await(serve(router, std::move(request)));
    }

    base::ManualClock clock{noon};
    store::Pool pool{"host=/nonexistent", 1};
    live::Stream stream{"epoch"};
    assets::Registry registry;
    live::City city{registry, stream, clock};
    api::Router router{
        pool, clock, [](wire::Request) -> boost::asio::awaitable<base::Result<access::Principal>> {
            co_return base::fail(base::Errc::unauthenticated, "nobody", "personne");
        }};
};

TEST_F(CarParksRoute, TrustsTheNumberOfFreePlacesByItsOwnAge) {
    hear(0, 42, 10);
    EXPECT_EQ(free_places()["free"], 42);
    clock.advance(std::chrono::seconds{179});
    hear(179, test::nothing, 11);
    EXPECT_EQ(free_places()["free"], 42);
    clock.advance(std::chrono::seconds{1});
    EXPECT_TRUE(free_places()["free"].is_null()) << "the car park speaks on, but not of that";
    EXPECT_EQ(free_places()["status"], "unknown");
    EXPECT_EQ(free_places()["age_s"], 180);
}

TEST_F(CarParksRoute, AnswersAnybodyFromAnywhere) {
    hear(0, 42, 10);
    city.start();
    clock.advance(std::chrono::seconds{5});
    const auto told = ask();
    EXPECT_EQ(told.status, 200U);
    EXPECT_EQ(told.headers.get("Content-Type"), "application/geo+json");
    EXPECT_EQ(told.headers.get("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(told.headers.get("Access-Control-Expose-Headers"), "ETag, Age");
    EXPECT_EQ(told.headers.get("Cache-Control"), "public, max-age=5");
    EXPECT_EQ(told.headers.get("Age"), "0");
    ASSERT_TRUE(told.shared_body);
    const auto document = json::parse(*told.shared_body);
    EXPECT_EQ(document["features"][0]["properties"]["free"], 42);
    EXPECT_EQ(document["features"][0]["properties"]["age_s"], 5);
    clock.advance(std::chrono::milliseconds{999});
    EXPECT_EQ(ask().shared_body, told.shared_body) << "computed once a second at most";
}

TEST_F(CarParksRoute, AnswersNotModifiedUntilSomethingIsSaid) {
    hear(0, 42, 10);
    city.start();
    const std::string etag(ask().headers.get("ETag"));
    ASSERT_TRUE(etag.starts_with("W/\"")) << "its ages change while it stands: " << etag;
    clock.advance(std::chrono::seconds{30});
    for (const auto& named : {etag, etag.substr(2), "\"other\", " + etag, std::string("*")}) {
        const auto same = ask(named);
        EXPECT_EQ(same.status, 304U) << named;
        EXPECT_FALSE(same.shared_body);
        EXPECT_EQ(same.headers.get("ETag"), etag);
        EXPECT_EQ(same.headers.get("Access-Control-Allow-Origin"), "*");
    }
    EXPECT_EQ(ask("\"other\"").status, 200U);
    hear(30, 41, 10);
    clock.advance(std::chrono::seconds{1});
    EXPECT_EQ(ask(etag).status, 200U);
    const std::string changed(ask().headers.get("ETag"));
    clock.advance(std::chrono::seconds{200});
    EXPECT_EQ(ask(changed).status, 200U) << "that it became old is news";
}

// A page of another origin that sends an If-None-Match of its own makes its browser ask first.
TEST_F(CarParksRoute, LetsAPageOfAnotherOriginAskWhetherAnythingChanged) {
    auto request = test::request_to("OPTIONS", "/open/v1/car-parks.geojson");
    request.headers.set("Origin", "https://elsewhere.example");
    request.headers.set("Access-Control-Request-Method", "GET");
    request.headers.set("Access-Control-Request-Headers", "if-none-match");
    const auto told = test::await(serve(router, std::move(request)));
    EXPECT_EQ(told.status, 204U);
    EXPECT_EQ(told.body, "");
    EXPECT_EQ(told.headers.get("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(told.headers.get("Access-Control-Allow-Methods"), "GET, HEAD");
    EXPECT_EQ(told.headers.get("Access-Control-Allow-Headers"), "If-None-Match");
    EXPECT_EQ(told.headers.get("Access-Control-Max-Age"), "86400");
    EXPECT_FALSE(told.headers.has("Access-Control-Allow-Credentials"));
}

TEST_F(CarParksRoute, LetsAPageOfAnotherOriginReadWhatIsWrong) {
    const auto told = test::await(serve(router, test::request_to("GET", "/open/v1/nothing")));
    EXPECT_EQ(told.status, 404U);
    EXPECT_EQ(told.headers.get("Access-Control-Allow-Origin"), "*");
}

}  // namespace
}  // namespace vigie::opendata
