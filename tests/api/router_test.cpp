#include "vigie/api/router.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/api/ask.hpp"

namespace vigie::api {
namespace {

using boost::asio::awaitable;
using nlohmann::json;
using test::ask;
using test::request_to;

// No database is behind it: what is refused before the transaction needs none, and what gets as
// far as the transaction is answered 503.
class RouterTest : public testing::Test {
protected:
    RouterTest() {
        actor.login = "lea";
        actor.grants = access::default_grants(access::Role::operator_);
    }

    static Handler saying(std::string text) {
        return [text](Request request) -> awaitable<Answer> {
            json said{{"said", text}, {"body", request.http.body}};
            for (const auto& [name, value] : request.path)
                said[name] = value;
            co_return json_response(200, said);
        };
    }

    base::ManualClock clock{*base::parse_rfc3339("2026-11-22T18:00:00Z")};
    store::Pool pool{"host=/nonexistent", 1};
    base::Result<access::Principal> who = access::Principal{};
    access::Principal actor;
    Router router{
        pool, clock,
        [this](const wire::Request& request) -> awaitable<base::Result<access::Principal>> {
            if (request.headers.has("X-Nobody"))
                co_return base::fail(base::Errc::unauthenticated, "sign in first",
                                     "connectez-vous");
            co_return actor;
        }};
};

TEST_F(RouterTest, FindsTheRouteMeant) {
    router.handle("GET", "/a/{code}", view("assets"), saying("one"));
    router.handle("GET", "/a/nearest", view("assets"), saying("nearest"));
    router.handle("PUT", "/a/{code}/b/{n}", view("assets"), saying("deep"));
    struct Case {
        const char* method;
        const char* target;
        unsigned status;
        const char* body;
    };
    const Case cases[] = {
        {"GET", "/a/LP%20x", 200, R"({"body":"","code":"LP x","said":"one"})"},
        {"GET", "/a/nearest?q=1", 200, R"({"body":"","said":"nearest"})"},
        {"PUT", "/a/1/b/2", 200, R"({"body":"","code":"1","n":"2","said":"deep"})"},
        {"GET", "/a/", 404, nullptr},
        {"GET", "/a", 404, nullptr},
        {"GET", "/a/1/2", 404, nullptr},
        {"POST", "/a/nearest", 405, nullptr},
        {"get", "/a/1", 405, nullptr},
    };
    for (const auto& [method, target, status, body] : cases) {
        const auto response = ask(router, request_to(method, target));
        EXPECT_EQ(response.status, status) << method << " " << target;
        if (body != nullptr) EXPECT_EQ(response.body, body);
    }
    EXPECT_EQ(ask(router, request_to("POST", "/a/1/b/2")).headers.get("Allow"), "PUT");
}

TEST_F(RouterTest, AsksWhoAndWhetherTheyMay) {
    router.handle("GET", "/open", anyone(), saying("open"));
    router.handle("GET", "/mine", signed_in(), saying("mine"));
    router.handle("GET", "/operate", operate("alarms"), saying("operate"));
    router.handle("GET", "/manage", manage("alarms"), saying("manage"));
    const std::pair<const char*, unsigned> signed_in_cases[] = {
        {"/open", 200}, {"/mine", 200}, {"/operate", 200}, {"/manage", 403}};
    for (const auto& [target, status] : signed_in_cases)
        EXPECT_EQ(ask(router, request_to("GET", target)).status, status) << target;
    const std::pair<const char*, unsigned> nobody_cases[] = {
        {"/open", 200}, {"/mine", 401}, {"/operate", 401}, {"/manage", 401}};
    for (const auto& [target, status] : nobody_cases) {
        auto request = request_to("GET", target);
        request.headers.set("X-Nobody", "1");
        EXPECT_EQ(ask(router, request).status, status) << target;
    }
    actor.grants[0].until = clock.now();
    EXPECT_EQ(ask(router, request_to("GET", "/operate")).status, 403U) << "the shift is over";
}

TEST_F(RouterTest, RefusesWhatAnotherSiteMakesABrowserSend) {
    actor.by_cookie = true;
    actor.csrf_token = "secret";
    router.handle("GET", "/a", signed_in(), saying("read"));
    router.handle("POST", "/a", signed_in(), saying("changed"));
    struct Case {
        const char* why;
        const char* method;
        const char* token;
        const char* origin;
        unsigned status;
    };
    const Case cases[] = {
        {"reading needs no token", "GET", nullptr, "https://evil.example", 200},
        {"no token", "POST", nullptr, nullptr, 403},
        {"wrong token", "POST", "secreT", nullptr, 403},
        {"part of the token", "POST", "secre", nullptr, 403},
        {"right", "POST", "secret", nullptr, 200},
        {"right, from our page", "POST", "secret", "https://Vigie.example", 200},
        {"right, from another page", "POST", "secret", "https://evil.example", 403},
        {"another port is another site", "POST", "secret", "https://vigie.example:81", 403},
        {"no site at all", "POST", "secret", "null", 403},
    };
    for (const auto& [why, method, token, origin, status] : cases) {
        auto request = request_to(method, "/a");
        if (token != nullptr) request.headers.set("X-CSRF-Token", token);
        if (origin != nullptr) request.headers.set("Origin", origin);
        EXPECT_EQ(ask(router, request).status, status) << why;
    }
    actor.csrf_token.clear();
    EXPECT_EQ(ask(router, request_to("POST", "/a")).status, 403U) << "no token expected: none fits";
    actor.by_cookie = false;
    EXPECT_EQ(ask(router, request_to("POST", "/a")).status, 200U) << "a bearer comes not by itself";
}

TEST_F(RouterTest, RefusesBodiesBeforeTheyReachAnEffect) {
    router.post("/a", anyone(), [](const Request&, store::Transaction&) -> Answer {
        ADD_FAILURE() << "no effect may run";
        return no_content();
    });
    struct Case {
        std::string type;
        std::string body;
        unsigned status;
    };
    const Case cases[] = {
        {"text/plain", "{}", 415},
        {"", "{}", 415},
        {"application/json", "{", 400},
        {"application/json", "{\"a\":\"\xc3\"}", 400},
        {"application/json", std::string(json_body_bytes_max + 1, ' '), 413},
        {"Application/JSON; charset=utf-8", "{}", 503},
        {"application/json", std::string(json_body_bytes_max - 2, ' ') + "{}", 503},
        {"", "", 503},
    };
    for (const auto& [type, body, status] : cases) {
        auto request = request_to("POST", "/a", body);
        request.headers.set("Content-Type", type);
        const auto response = ask(router, request);
        EXPECT_EQ(response.status, status) << type << " " << body.substr(0, 20);
        EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
    }
}

TEST_F(RouterTest, AnswersWhenTheDatabaseIsAway) {
    router.get("/a", anyone(),
               [](const Request&, store::Transaction&) -> Answer { return no_content(); });
    const auto response = ask(router, request_to("GET", "/a"));
    EXPECT_EQ(response.status, 503U);
    EXPECT_TRUE(response.headers.has("Retry-After"));
}

TEST_F(RouterTest, TellsNothingOfItsOwnFaultsButAnId) {
    router.handle("GET", "/a", anyone(), [](Request) -> awaitable<Answer> {
        throw std::runtime_error("a secret of the inside");
        co_return no_content();
    });
    const auto response = ask(router, request_to("GET", "/a"));
    EXPECT_EQ(response.status, 500U);
    EXPECT_EQ(response.body.find("secret"), std::string::npos);
    EXPECT_EQ(json::parse(response.body)["id"].get<std::string>().size(), 12U);
}

TEST_F(RouterTest, SpeaksTheAskersLanguage) {
    auto request = request_to("GET", "/nowhere");
    request.headers.set("Accept-Language", "fr-FR,fr;q=0.9");
    EXPECT_EQ(json::parse(ask(router, request).body)["title"], "Introuvable");
    EXPECT_EQ(json::parse(ask(router, request_to("GET", "/nowhere")).body)["title"], "Not found");
}

TEST_F(RouterTest, CachesOnlyWhatHasATag) {
    router.handle("GET", "/plain", anyone(), saying("plain"));
    router.handle("GET", "/tagged", anyone(), [](Request) -> awaitable<Answer> {
        auto response = json_response(200, {{"n", 1}});
        set_version(response, 7);
        co_return response;
    });
    EXPECT_EQ(ask(router, request_to("GET", "/plain")).headers.get("Cache-Control"), "no-store");
    auto request = request_to("GET", "/tagged");
    EXPECT_EQ(ask(router, request).headers.get("ETag"), "\"7\"");
    request.headers.set("If-None-Match", "\"7\"");
    const auto again = ask(router, request);
    EXPECT_EQ(again.status, 304U);
    EXPECT_TRUE(again.body.empty());
    request.headers.set("If-None-Match", "\"6\"");
    EXPECT_EQ(ask(router, request).status, 200U);
}

TEST_F(RouterTest, CountsByRouteAndStatus) {
    router.handle("GET", "/a/{code}", anyone(), saying("one"));
    ask(router, request_to("GET", "/a/1"));
    ask(router, request_to("GET", "/a/2"));
    ask(router, request_to("GET", "/nowhere"));
    const auto counts = router.counts();
    ASSERT_EQ(counts.size(), 2U);
    for (const auto& count : counts) {
        EXPECT_EQ(count.requests, count.route.empty() ? 1U : 2U);
        EXPECT_EQ(count.status, count.route.empty() ? 404U : 200U);
    }
}

TEST_F(RouterTest, AdmitsToTheStreamOnlyOurOwnPages) {
    actor.by_cookie = true;
    auto request = request_to("GET", "/api/v1/stream");
    EXPECT_TRUE(test::await(router.admit(request, view("live"))).ok());
    request.headers.set("Origin", "https://evil.example");
    EXPECT_FALSE(test::await(router.admit(request, view("live"))).ok());
    actor.by_cookie = false;
    EXPECT_TRUE(test::await(router.admit(request, view("live"))).ok());
    EXPECT_FALSE(test::await(router.admit(request, view("access"))).ok());
}

TEST_F(RouterTest, RefusesTheSameRouteTwice) {
    router.handle("GET", "/a", anyone(), saying("a"));
    EXPECT_THROW(router.handle("GET", "/a", anyone(), saying("b")), std::logic_error);
}

}  // namespace
}  // namespace vigie::api
