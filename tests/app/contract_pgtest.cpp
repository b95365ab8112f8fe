// The whole server's routes against the contract, both ways, and every right of every role on every
// route; and what it erases by itself.
#include "tests/api/contract.hpp"

#include <gmock/gmock.h>

#include "tests/app/whole_server.hpp"
#include "tests/support/schema_keywords.hpp"

namespace vigie::app {
namespace {

class WholeServer : public WholeServerBench {
protected:
    WholeServer() : WholeServerBench(by_role, by_role) {}
    static api::Authenticator by_role(Foundation&) { return test::role_authenticator(); }
};

TEST_F(WholeServer, ServesItsContractAndNothingElse) {
    auto routes = control_.routes();
    routes.insert(routes.end(), open_.routes().begin(), open_.routes().end());
    auto differences = test::contract_differences(routes, test::contract_document());
    // Served beside the routers: the device door, and the upgrade of the stream.
    std::erase(differences, "post /ingest/v1/observations: in the contract, but not served");
    std::erase(differences, "get /api/v1/stream: in the contract, but not served");
    EXPECT_THAT(differences, testing::IsEmpty());
}

TEST(TheContract, SaysNothingThatMeansNothing) {
    EXPECT_THAT(test::odd_keywords_everywhere(test::contract_document()), testing::IsEmpty());
}

TEST_F(WholeServer, LetsEachRoleThroughWhereItsRightsReachAndNowhereElse) {
    // Signing in is anybody's; a token is made by a person at a console only, never by a token.
    const auto skip = [](const api::Route& route) {
        return route.pattern == "/api/v1/session" ||
               (route.method == "POST" && route.pattern == "/api/v1/tokens");
    };
    EXPECT_THAT(test::rights_surprises(control_, clock_.now(), skip), testing::IsEmpty());
    EXPECT_GT(control_.routes().size(), 35U);
}

TEST_F(WholeServer, ErasesCallersAfterAYearByItself) {
    static constexpr store::Query without_keys{"test_without_keys",
                                               "set local session_replication_role = replica"};
    static constexpr store::Query call{
        "test_call",
        "with c as (insert into contact (channel, summary, received_at, taken_by, has_caller) "
        "values ('phone', '', $1::timestamptz, 'lea', true) returning id) "
        "insert into contact_caller (contact, entry, caller_name, salt) select id, 1, $2, '' "
        "from c"};
    static constexpr store::Query who{"test_who", "select caller_name from contact_caller"};
    store::Pool superuser(database_.superuser_url(), 1);
    const auto year = std::chrono::days{365};
    superuser.write_now([&](store::Transaction& tx) {
        tx.execute(without_keys);
        tx.execute(call, clock_.now() - year - std::chrono::minutes{1}, std::string("Jean"));
        tx.execute(call, clock_.now() - year + std::chrono::hours{1}, std::string("Anne"));
    });
    modules_.keep_house();
    const auto names = superuser.read_now([](store::Transaction& tx) {
        std::vector<std::string> found;
        for (const auto& row : tx.rows(who))
            found.push_back(row.get<std::string>("caller_name"));
        return found;
    });
    EXPECT_EQ(names, std::vector<std::string>{"Anne"});
}

// Written by hand, and no route's own declaration asked: a right that is changed there changes
// nothing here. Who may, role by role: o operator, s supervisor, d director, c crew member,
// a administrator, i integrator; * anybody, also who is not signed in.
constexpr const char* control_rights[] = {
    "DELETE /api/v1/session                              osdcai",
    "DELETE /api/v1/tokens/{id}                          osdcai",
    "GET /api/v1/addresses                               osdcai",
    "GET /api/v1/alarms                                  osd-ai",
    "GET /api/v1/alarms/{id}                             osd-ai",
    "GET /api/v1/assets                                  osdcai",
    "GET /api/v1/assets/{code}                           osdcai",
    "GET /api/v1/assets/{code}/children                  osdcai",
    "GET /api/v1/assets/{code}/commands                  osd-a-",
    "GET /api/v1/assets/{code}/observations              osdcai",
    "GET /api/v1/commands/{id}                           osd-a-",
    "GET /api/v1/contacts/{id}                           osd---",
    "GET /api/v1/crews                                   osdca-",
    "GET /api/v1/desks                                   osd-ai",
    "GET /api/v1/incidents                               osd-ai",
    "GET /api/v1/incidents/{number}                      osd-ai",
    "GET /api/v1/incidents/{number}/crew_proposals       osd-ai",
    "GET /api/v1/interventions                           osdca-",
    "GET /api/v1/interventions/{id}                      osdca-",
    "GET /api/v1/kinds                                   osdcai",
    "GET /api/v1/live                                    osdcai",
    "GET /api/v1/logbook                                 osd-a-",
    "GET /api/v1/map/layers/{layer}                      osdcai",
    "GET /api/v1/map/points                              osdcai",
    "GET /api/v1/openapi.json                            *",
    "GET /api/v1/people                                  -sd-a-",
    "GET /api/v1/session                                 osdcai",
    "GET /api/v1/tokens                                  osdcai",
    "GET /api/v1/zones                                   osdcai",
    "PATCH /api/v1/incidents/{number}                    os----",
    "PATCH /api/v1/people/{login}                        ----a-",
    "POST /api/v1/alarms/{id}/acknowledge                os----",
    "POST /api/v1/assets/{code}/commands                 os----",
    "POST /api/v1/commands/{id}/cancel                   os----",
    "POST /api/v1/contacts                               os----",
    "POST /api/v1/crews                                  -s----",
    "POST /api/v1/incidents                              os----",
    "POST /api/v1/incidents/{number}/alarms              os----",
    "POST /api/v1/incidents/{number}/claim               os----",
    "POST /api/v1/incidents/{number}/close               os----",
    "POST /api/v1/incidents/{number}/interventions       os----",
    "POST /api/v1/incidents/{number}/notes               os----",
    "POST /api/v1/incidents/{number}/release             os----",
    "POST /api/v1/interventions/{id}/transitions         os-c--",
    "POST /api/v1/logbook                                osd---",
    "POST /api/v1/people                                 ----a-",
    "POST /api/v1/session                                *",
    "POST /api/v1/tokens                                 osdcai",
    "PUT /api/v1/crews/{code}/position                   os-c--",
};

std::string rights_line(const api::Route& route, base::Instant now) {
    std::string line = route.method + " " + route.pattern;
    line.resize(std::max<std::size_t>(line.size() + 1, 52), ' ');
    if (route.right.anonymous) return line + "*";
    constexpr std::string_view letters = "osdcai";
    for (std::size_t i = 0; i < letters.size(); ++i) {
        access::Principal principal;
        principal.grants = access::default_grants(test::every_role[i]);
        const bool may = route.right.service.empty() ||
                         principal.may(route.right.level, route.right.service, now);
        line += may ? letters[i] : '-';
    }
    return line;
}

TEST_F(WholeServer, GivesEachRouteTheRightsThatWereDecidedForIt) {
    std::vector<std::string> lines;
    for (const auto& route : control_.routes())
        lines.push_back(rights_line(route, clock_.now()));
    std::ranges::sort(lines);
    EXPECT_THAT(lines, testing::ElementsAreArray(control_rights));
    std::vector<std::string> open;
    for (const auto& route : open_.routes())
        open.push_back(rights_line(route, clock_.now()));
    EXPECT_THAT(open, testing::UnorderedElementsAre(
                          "GET /open/v1/car-parks.geojson                      *",
                          "OPTIONS /open/v1/car-parks.geojson                  *"));
}

}  // namespace
}  // namespace vigie::app
