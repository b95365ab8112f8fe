#include "tests/api/contract.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace vigie::api {
namespace {

using nlohmann::json;

Route contract_route(std::string method, std::string pattern, Right right, bool key = true) {
    Route route;
    route.method = std::move(method);
    route.pattern = std::move(pattern);
    route.right = std::move(right);
    route.effect = [](const Request&, store::Transaction&) -> Answer { return no_content(); };
    route.idempotent_key = key;
    return route;
}

TEST(Contract, DifferencesAreFoundBothWays) {
    const auto contract = json::parse(R"({
        "components": {"parameters": {"code": {"name": "code", "in": "path"}}},
        "paths": {
            "/a": {"get": {}, "post": {"parameters":
                [{"$ref": "#/components/parameters/idempotency_key"}]}},
            "/b/{code}": {"put": {"parameters": [{"$ref": "#/components/parameters/code"}]}},
            "/c": {"get": {"security": []}}}})");
    const std::vector<Route> same{
        contract_route("GET", "/a", view("assets")), contract_route("POST", "/a", view("assets")),
        contract_route("PUT", "/b/{code}", view("assets")), contract_route("GET", "/c", anyone())};
    EXPECT_EQ(test::contract_differences(same, contract), std::vector<std::string>{});
    const std::vector<Route> other{contract_route("GET", "/a", anyone()),
                                   contract_route("POST", "/a", view("assets"), false),
                                   contract_route("PUT", "/b/{id}", view("assets")),
                                   contract_route("GET", "/c", view("assets")),
                                   contract_route("DELETE", "/c", view("assets"))};
    EXPECT_EQ(
        test::contract_differences(other, contract),
        (std::vector<std::string>{
            "GET /a: anonymous here, but not in the contract",
            "POST /a: the contract promises Idempotency-Key", "PUT /b/{id}: not in the contract",
            "GET /c: anonymous in the contract, but not here", "DELETE /c: not in the contract",
            "put /b/{code}: in the contract, but not served"}));
}

class AccessRoutes : public testing::Test {
protected:
    AccessRoutes() {
        add_session_routes(router, sessions);
        add_people_routes(router, sessions);
        add_contract_route(router);
    }
    base::ManualClock clock{*base::parse_rfc3339("2026-11-22T18:00:00Z")};
    store::Pool pool{"host=/nonexistent", 1};
    access::Sessions sessions{pool, clock, {}, access::PasswordCost::lowest()};
    Router router{pool, clock, test::role_authenticator()};
};

// The part of the contract that is ours; the whole is compared where all routes are registered.
TEST_F(AccessRoutes, AreTheContracts) {
    auto contract = test::contract_document();
    json paths = json::object();
    for (const auto& [pattern, operations] : contract["paths"].items())
        for (const char* mine :
             {"/api/v1/session", "/api/v1/tokens", "/api/v1/people", "/api/v1/openapi.json"})
            if (pattern.starts_with(mine)) paths[pattern] = operations;
    ASSERT_EQ(paths.size(), 6U);
    contract["paths"] = paths;
    EXPECT_EQ(test::contract_differences(router.routes(), contract), std::vector<std::string>{});
}

TEST_F(AccessRoutes, LetThroughWhomTheyShould) {
    EXPECT_EQ(test::rights_surprises(router, clock.now()), std::vector<std::string>{});
    const std::string all = " operator supervisor director crew_member administrator integrator";
    EXPECT_EQ(
        test::rights_table(router.routes(), clock.now()),
        (std::vector<std::string>{
            "DELETE /api/v1/session:" + all, "DELETE /api/v1/tokens/{id}:" + all,
            "GET /api/v1/openapi.json: anyone",
            "GET /api/v1/people: supervisor director administrator", "GET /api/v1/session:" + all,
            "GET /api/v1/tokens:" + all, "PATCH /api/v1/people/{login}: administrator",
            "POST /api/v1/people: administrator", "POST /api/v1/session: anyone",
            "POST /api/v1/tokens:" + all}));
}

TEST_F(AccessRoutes, TheMatrixNoticesARouteThatLetsTooManyIn) {
    router.handle("GET", "/leak", anyone(), [](Request) -> boost::asio::awaitable<Answer> {
        co_return base::fail(base::Errc::forbidden, "no", "non");
    });
    EXPECT_EQ(test::rights_surprises(router, clock.now()).size(), std::size(test::every_role));
}

TEST_F(AccessRoutes, ServeTheContractAsJson) {
    const auto response = test::ask(router, test::request_to("GET", "/api/v1/openapi.json"));
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(json::parse(*response.shared_body)["openapi"], "3.1.0");
    auto again = test::request_to("GET", "/api/v1/openapi.json");
    again.headers.set("If-None-Match", response.headers.get("ETag").data());
    EXPECT_EQ(test::ask(router, again).status, 304U);
}

TEST(AdminDoor, OpensToRootAndTheServersUserOnly) {
    const auto door = admin_authenticator();
    wire::Request request;
    EXPECT_EQ(test::await(door(request)).error().code, base::Errc::unauthenticated);
    request.peer_uid = geteuid();
    EXPECT_TRUE(test::await(door(request)).ok());
    request.peer_uid = 0;
    EXPECT_EQ(test::await(door(request))->login, "admin:root");
    request.peer_uid = 4'242;
    if (geteuid() != 4'242)
        EXPECT_EQ(test::await(door(request)).error().code, base::Errc::forbidden);
}

}  // namespace
}  // namespace vigie::api
