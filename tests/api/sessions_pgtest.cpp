#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include "tests/api/ask.hpp"
#include "tests/support/pgtest_database.hpp"
#include "vigie/access/audit.hpp"
#include "vigie/access/people.hpp"
#include "vigie/api/access_routes.hpp"

namespace vigie::api {
namespace {

using nlohmann::json;
using test::request_to;

// A browser: keeps the cookie, sends the CSRF token.
struct Browser {
    std::string cookie;
    std::string csrf;

    [[nodiscard]] wire::Request request(const std::string& method, const std::string& target,
                                        const std::string& body = {}) const {
        auto out = request_to(method, target, body);
        if (!cookie.empty()) out.headers.set("Cookie", "theme=dark; vigie_session=" + cookie);
        if (!csrf.empty()) out.headers.set("X-CSRF-Token", csrf);
        return out;
    }
};

class SignInTest : public testing::Test {
protected:
    SignInTest() {
        add_session_routes(router, sessions);
        add_people_routes(router, sessions);
        add_admin_people_routes(admin_router, sessions);
        add("ada", access::Role::administrator);
        add("lea", access::Role::operator_);
    }

    void add(const std::string& login, access::Role role) {
        const auto made = pool.write_now([&](store::Transaction& tx) {
            return access::add_person(
                tx, {login, "Name of " + login, role, "Ville", "", "password of " + login},
                clock.now(), cost);
        });
        ASSERT_TRUE(made.ok());
    }

    wire::Response try_sign_in(const std::string& login, const std::string& password,
                               const std::string& peer = "192.0.2.7") {
        auto request = request_to("POST", "/api/v1/session",
                                  json{{"login", login}, {"password", password}}.dump());
        request.peer = peer;
        return test::ask(router, request);
    }

    Browser signed_in_as(const std::string& login) {
        const auto response = try_sign_in(login, "password of " + login);
        EXPECT_EQ(response.status, 200U) << response.body;
        const std::string set(response.headers.get("Set-Cookie"));
        const auto start = set.find('=') + 1;
        return {set.substr(start, set.find(';') - start), json::parse(response.body)["csrf_token"]};
    }

    wire::Response ask(const wire::Request& request) { return test::ask(router, request); }
    wire::Response ask_admin(const std::string& method, const std::string& target,
                             const std::string& body = {}) {
        auto request = request_to(method, target, body);
        request.peer_uid = 0;
        return test::ask(admin_router, request);
    }

    access::PasswordCost cost = access::PasswordCost::lowest();
    test::Database database;
    base::ManualClock clock{*base::parse_rfc3339("2026-11-22T18:00:00Z")};
    store::Pool pool{database.app_url(), 2};
    access::Sessions sessions{pool, clock, {}, cost};
    Router router{pool, clock, session_authenticator(sessions)};
    Router admin_router{pool, clock, admin_authenticator()};
};

TEST_F(SignInTest, OpensASessionAndEndsIt) {
    const auto response = try_sign_in(" LEA ", "password of lea");
    ASSERT_EQ(response.status, 200U);
    const std::string cookie(response.headers.get("Set-Cookie"));
    EXPECT_NE(cookie.find("; Path=/; HttpOnly; SameSite=Strict; Max-Age=50400"), std::string::npos);
    EXPECT_EQ(cookie.find("Secure"), std::string::npos);
    const auto session = json::parse(response.body);
    EXPECT_EQ(session["login"], "lea");
    EXPECT_EQ(session["role"], "operator");
    EXPECT_EQ(session["expires_at"], "2026-11-23T08:00:00Z");
    EXPECT_EQ(session["grants"].size(), 8U);

    const auto browser = signed_in_as("lea");
    const auto me = ask(browser.request("GET", "/api/v1/session"));
    ASSERT_EQ(me.status, 200U);
    EXPECT_EQ(json::parse(me.body)["csrf_token"], browser.csrf);
    auto forged = browser;
    forged.csrf = "x";
    EXPECT_EQ(ask(forged.request("DELETE", "/api/v1/session")).status, 403U);
    const auto out = ask(browser.request("DELETE", "/api/v1/session"));
    EXPECT_EQ(out.status, 204U);
    EXPECT_NE(out.headers.get("Set-Cookie").find("Max-Age=0"), std::string_view::npos);
    EXPECT_EQ(ask(browser.request("GET", "/api/v1/session")).status, 401U);
}

TEST_F(SignInTest, MarksTheCookieSecureOverTls) {
    auto request =
        request_to("POST", "/api/v1/session", R"({"login":"lea","password":"password of lea"})");
    request.secure = true;
    EXPECT_TRUE(ask(request).headers.get("Set-Cookie").ends_with("; Secure"));
}

TEST_F(SignInTest, TellsNothingAboutWhyItFailed) {
    const auto wrong = try_sign_in("lea", "password of max");
    const auto unknown = try_sign_in("nobody", "password of max");
    EXPECT_EQ(wrong.status, 401U);
    EXPECT_EQ(unknown.status, 401U);
    EXPECT_EQ(wrong.body, unknown.body);
    EXPECT_FALSE(wrong.headers.has("Set-Cookie"));
    EXPECT_EQ(ask_admin("POST", "/admin/v1/people/lea/disable").status, 200U);
    EXPECT_EQ(try_sign_in("lea", "password of lea").body, wrong.body);
}

TEST_F(SignInTest, RefusesWhatIsNoSignIn) {
    EXPECT_EQ(ask(request_to("POST", "/api/v1/session", "{")).status, 400U);
    EXPECT_EQ(ask(request_to("POST", "/api/v1/session", R"({"login":"lea"})")).status, 422U);
    auto form = request_to("POST", "/api/v1/session", R"({"login":"lea","password":"x"})");
    form.headers.set("Content-Type", "text/plain");
    EXPECT_EQ(ask(form).status, 415U);
    auto foreign = request_to("POST", "/api/v1/session", R"({"login":"lea","password":"x"})");
    foreign.headers.set("Origin", "https://evil.example");
    EXPECT_EQ(ask(foreign).status, 403U);
}

TEST_F(SignInTest, SlowsGuessingDown) {
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(try_sign_in("lea", "guess number " + std::to_string(i)).status, 401U);
    const auto slowed = try_sign_in("lea", "password of lea");
    EXPECT_EQ(slowed.status, 429U);
    EXPECT_EQ(slowed.headers.get("Retry-After"), "1");
    clock.advance(std::chrono::seconds(1));
    EXPECT_EQ(try_sign_in("lea", "password of lea").status, 200U);
    EXPECT_EQ(try_sign_in("lea", "a guess again").status, 401U) << "and the count is clean";
}

TEST_F(SignInTest, EndsIdleAndOldSessions) {
    const auto browser = signed_in_as("lea");
    const auto alive = [&] { return ask(browser.request("GET", "/api/v1/session")).status == 200; };
    clock.advance(std::chrono::minutes(60));
    EXPECT_FALSE(alive()) << "idle";
    const auto busy = signed_in_as("lea");
    for (int i = 0; i < 27; ++i) {
        clock.advance(std::chrono::minutes(30));
        ASSERT_EQ(ask(busy.request("GET", "/api/v1/session")).status, 200U) << i;
    }
    clock.advance(std::chrono::minutes(30));
    EXPECT_EQ(ask(busy.request("GET", "/api/v1/session")).status, 401U) << "14 hours are over";
    const auto purge = [this](store::Transaction& tx) {
        return access::purge_sessions(tx, clock.now());
    };
    EXPECT_EQ(pool.write_now(purge), 2U);
}

TEST_F(SignInTest, PutsOutAtOnceWhoIsDisabledOrHasANewPassword) {
    const auto browser = signed_in_as("lea");
    const auto other = signed_in_as("ada");
    EXPECT_EQ(ask(other.request("PATCH", "/api/v1/people/lea", R"({"disabled":true})")).status,
              200U);
    EXPECT_EQ(ask(browser.request("GET", "/api/v1/session")).status, 401U);
    EXPECT_EQ(ask(other.request("PATCH", "/api/v1/people/lea", R"({"disabled":false})")).status,
              200U);
    EXPECT_EQ(ask(browser.request("GET", "/api/v1/session")).status, 401U)
        << "sessions do not revive";
    const auto again = signed_in_as("lea");
    EXPECT_EQ(
        ask(other.request("PATCH", "/api/v1/people/lea", R"({"password":"a new long password"})"))
            .status,
        200U);
    EXPECT_EQ(ask(again.request("GET", "/api/v1/session")).status, 401U);
    EXPECT_EQ(try_sign_in("lea", "password of lea").status, 401U);
    EXPECT_EQ(try_sign_in("lea", "a new long password").status, 200U);
    EXPECT_EQ(ask(other.request("GET", "/api/v1/session")).status, 200U) << "others stay";
}

TEST_F(SignInTest, ARoleChangesWithTheNextRequest) {
    const auto browser = signed_in_as("lea");
    const auto ada = signed_in_as("ada");
    EXPECT_EQ(ask(browser.request("GET", "/api/v1/people")).status, 403U);
    ask(ada.request("PATCH", "/api/v1/people/lea", R"({"role":"supervisor"})"));
    EXPECT_EQ(ask(browser.request("GET", "/api/v1/people")).status, 200U);
}

TEST_F(SignInTest, GivesProgramsTokens) {
    const auto browser = signed_in_as("lea");
    const auto made = ask(browser.request(
        "POST", "/api/v1/tokens", R"({"name":"wall","expires_at":"2026-11-22T20:00:00Z"})"));
    ASSERT_EQ(made.status, 201U) << made.body;
    const auto token = json::parse(made.body);
    const std::string secret = token["secret"];
    EXPECT_TRUE(secret.starts_with("vgt_"));
    const auto with = [&](const std::string& method, const std::string& target,
                          const std::string& bearer, const std::string& body = {}) {
        auto request = request_to(method, target, body);
        request.headers.set("Authorization", "Bearer " + bearer);
        return ask(request).status;
    };
    EXPECT_EQ(with("GET", "/api/v1/session", secret), 200U);
    EXPECT_EQ(with("GET", "/api/v1/session", secret + "x"), 401U);
    EXPECT_EQ(with("GET", "/api/v1/session", browser.cookie), 401U) << "a cookie is no token";
    EXPECT_EQ(with("POST", "/api/v1/tokens", secret, R"({"name":"more"})"), 403U);
    EXPECT_EQ(with("DELETE", "/api/v1/session", secret), 409U);
    const auto list = json::parse(ask(browser.request("GET", "/api/v1/tokens")).body);
    ASSERT_EQ(list["rows"].size(), 1U);
    EXPECT_FALSE(list["rows"][0].contains("secret"));
    EXPECT_EQ(list["rows"][0]["last_used_at"], "2026-11-22T18:00:00Z");
    clock.advance(std::chrono::hours(2));
    EXPECT_EQ(with("GET", "/api/v1/session", secret), 401U) << "expired";
}

TEST_F(SignInTest, RevokesTokensAtOnceAndOnlyOnesOwn) {
    const auto lea = signed_in_as("lea");
    const auto ada = signed_in_as("ada");
    const auto token =
        json::parse(ask(lea.request("POST", "/api/v1/tokens", R"({"name":"wall"})")).body);
    const std::string path = "/api/v1/tokens/" + token["id"].get<std::string>();
    auto program = request_to("GET", "/api/v1/session");
    program.headers.set("Authorization", "bearer " + token["secret"].get<std::string>());
    EXPECT_EQ(ask(program).status, 200U);
    EXPECT_EQ(ask(ada.request("DELETE", path)).status, 404U);
    EXPECT_EQ(ask(lea.request("DELETE", "/api/v1/tokens/x")).status, 404U);
    EXPECT_EQ(ask(lea.request("DELETE", path)).status, 204U);
    EXPECT_EQ(ask(program).status, 401U);
    EXPECT_EQ(ask(lea.request("DELETE", path)).status, 404U);
    EXPECT_EQ(ask(lea.request("POST", "/api/v1/tokens",
                              R"({"name":"w","expires_at":"2026-11-22T17:00:00Z"})"))
                  .status,
              422U);
}

TEST_F(SignInTest, KeepsNoSecretInTheDatabase) {
    const auto browser = signed_in_as("lea");
    const auto token =
        json::parse(ask(browser.request("POST", "/api/v1/tokens", R"({"name":"wall"})")).body);
    pqxx::connection connection(database.superuser_url());
    pqxx::work work(connection);
    for (const std::string table :
         {"person", "person_session", "person_token", "idempotency", "audit", "audit_private"})
        for (const std::string& secret :
             {browser.cookie, token["secret"].get<std::string>(), std::string("password of lea")})
            EXPECT_EQ(work.exec("select count(*) from " + table + " t where t::text like " +
                                work.quote("%" + secret + "%"))[0][0]
                          .as<int>(),
                      0)
                << table;
}

TEST_F(SignInTest, ManagesPeopleOverTheControlDoor) {
    const auto ada = signed_in_as("ada");
    const auto made = ask(ada.request("POST", "/api/v1/people", R"({"login":"Zoe","name":"Zoé",
        "role":"crew_member","crew":"E1","employer":"Ville","password":"twelve chars"})"));
    ASSERT_EQ(made.status, 201U) << made.body;
    EXPECT_EQ(made.headers.get("ETag"), "\"1\"");
    EXPECT_EQ(json::parse(made.body)["crew"], "E1");
    auto stale = ada.request("PATCH", "/api/v1/people/zoe", R"({"name":"Zoé B"})");
    stale.headers.set("If-Match", "\"2\"");
    EXPECT_EQ(ask(stale).status, 412U);
    stale.headers.set("If-Match", "\"1\"");
    EXPECT_EQ(ask(stale).headers.get("ETag"), "\"2\"");
    EXPECT_EQ(ask(ada.request("PATCH", "/api/v1/people/zoe", R"({"login":"x"})")).status, 422U);
    const auto page = json::parse(ask(ada.request("GET", "/api/v1/people?limit=2")).body);
    EXPECT_EQ(page["rows"].size(), 2U);
    const std::string next = page["next"];
    const auto rest =
        json::parse(ask(ada.request("GET", "/api/v1/people?limit=2&cursor=" + next)).body);
    EXPECT_EQ(rest["rows"][0]["login"], "zoe");
    EXPECT_FALSE(rest.contains("next"));
}

TEST_F(SignInTest, ManagesPeopleOverTheAdminDoor) {
    const auto made = ask_admin("POST", "/admin/v1/people",
                                R"({"login":"max","name":"Max","role":"operator","employer":"V"})");
    ASSERT_EQ(made.status, 201U) << made.body;
    const std::string password = json::parse(made.body)["password"];
    EXPECT_EQ(try_sign_in("max", password).status, 200U);
    const auto renewed = ask_admin("POST", "/admin/v1/people/max/password");
    EXPECT_EQ(try_sign_in("max", password).status, 401U);
    EXPECT_EQ(try_sign_in("max", json::parse(renewed.body)["password"]).status, 200U);
    const auto chosen =
        ask_admin("POST", "/admin/v1/people/max/password", R"({"password":"chosen by someone"})");
    EXPECT_FALSE(json::parse(chosen.body).contains("password"));
    EXPECT_EQ(try_sign_in("max", "chosen by someone").status, 200U);
    EXPECT_EQ(ask_admin("POST", "/admin/v1/people/nobody/disable").status, 404U);
    EXPECT_EQ(json::parse(ask_admin("GET", "/admin/v1/people").body)["rows"].size(), 3U);
}

TEST_F(SignInTest, LeavesATrailThatVerifies) {
    const auto ada = signed_in_as("ada");
    try_sign_in("lea", "a wrong password");
    try_sign_in("nobody", "a wrong password");
    ask(ada.request("PATCH", "/api/v1/people/lea", R"({"role":"supervisor","name":"L"})"));
    const auto verified = json::parse(ask_admin("GET", "/admin/v1/audit/verify").body);
    EXPECT_EQ(verified["entries"], 4);
    EXPECT_FALSE(verified.contains("fault"));
    static constexpr store::Query trail{
        "test_trail",
        "select string_agg(author || ' ' || action || ' ' || status || ' ' || detail, "
        "'; ' order by number) as text from audit"};
    EXPECT_EQ(pool.read_now(
                  [](store::Transaction& tx) { return tx.row(trail)->get<std::string>("text"); }),
              "ada POST /api/v1/session 200 {}; lea POST /api/v1/session 401 {}; "
              "anonymous POST /api/v1/session 401 {}; "
              R"(ada PATCH /api/v1/people/{login} 200 {"name":"changed","role":"supervisor"})");
    pqxx::connection connection(database.superuser_url());
    pqxx::work work(connection);
    work.exec("update audit set author = 'max' where number = 2");
    work.commit();
    const auto broken = json::parse(ask_admin("GET", "/admin/v1/audit/verify").body);
    EXPECT_EQ(broken["fault"]["number"], 2);
}

// The database answers nobody, until it is back.
class SignInOutage : public SignInTest {
protected:
    SignInOutage() {
        router.handle("GET", "/api/v1/memory", view("live"),
                      [](const Request&) -> boost::asio::awaitable<Answer> {
                          co_return json_response(200, json::object());
                      });
        pool.away_while([this] { return away.load(); });
    }
    unsigned looks(const Browser& browser) {
        return ask(browser.request("GET", "/api/v1/memory")).status;
    }
    unsigned looks(const std::string& token) {
        auto request = request_to("GET", "/api/v1/memory");
        request.headers.set("Authorization", "Bearer " + token);
        return ask(request).status;
    }
    json made_token(const Browser& browser, const json& wish) {
        const auto made = ask(browser.request("POST", "/api/v1/tokens", wish.dump()));
        EXPECT_EQ(made.status, 201U) << made.body;
        return json::parse(made.body);
    }
    std::atomic<bool> away{false};
};

TEST_F(SignInOutage, LetsInAgainWhomTheDatabaseNamedLast) {
    const auto lea = signed_in_as("lea");
    const auto token = made_token(lea, {{"name", "wall"}})["secret"].get<std::string>();
    EXPECT_EQ(looks(token), 200U);
    away = true;
    EXPECT_EQ(looks(lea), 200U) << "known since she signed in";
    EXPECT_EQ(looks(token), 200U);
    const auto me = ask(lea.request("GET", "/api/v1/session"));
    EXPECT_EQ(me.status, 200U) << "what a console asks first";
    EXPECT_EQ(json::parse(me.body)["csrf_token"], lea.csrf);
    EXPECT_EQ(json::parse(me.body)["expires_at"], "2026-11-23T08:00:00Z");
    EXPECT_EQ(ask(lea.request("GET", "/api/v1/tokens")).status, 503U) << "not in memory";
    EXPECT_EQ(ask(lea.request("DELETE", "/api/v1/session")).status, 503U) << "a write";
    EXPECT_EQ(looks(lea), 200U) << "and she is still there";
    EXPECT_EQ(looks(Browser{lea.cookie + "x", {}}), 503U) << "nobody knows";
    EXPECT_EQ(looks(Browser{token, {}}), 503U) << "a token is no cookie";
    EXPECT_EQ(looks(std::string(access::token_prefix) + "x"), 503U);
    away = false;
    EXPECT_EQ(looks(lea), 200U);
    EXPECT_EQ(looks(Browser{lea.cookie + "x", {}}), 401U);
}

TEST_F(SignInOutage, ADatabaseThatOnlyAnswersKeepsNobodyOut) {
    const auto lea = signed_in_as("lea");
    {
        pqxx::connection connection(database.superuser_url());
        pqxx::nontransaction tx(connection);
        tx.exec("revoke update on person_session from vigie_app");
    }
    for (int i = 0; i < 60; ++i) {
        clock.advance(std::chrono::minutes{2});
        ASSERT_EQ(looks(lea), 200U) << "though its last use cannot be noted, " << i;
    }
    clock.advance(std::chrono::minutes{60});
    EXPECT_EQ(looks(lea), 401U) << "not used for an hour";
}

TEST_F(SignInOutage, IsToldToWhoAsksForTheStreamAndBreaksNothing) {
    const auto lea = signed_in_as("lea");
    away = true;
    EXPECT_TRUE(test::await(router.admit(lea.request("GET", "/api/v1/stream"), signed_in())).ok());
    const Browser stranger{"x", {}};
    const auto nobody =
        test::await(router.admit(stranger.request("GET", "/api/v1/stream"), signed_in()));
    ASSERT_FALSE(nobody.ok());
    EXPECT_EQ(nobody.error().code, base::Errc::unavailable);
}

TEST_F(SignInOutage, LetsNobodyInForLongerThanAnHourNorBeyondTheEndOfASession) {
    const auto lea = signed_in_as("lea");
    away = true;
    clock.advance(std::chrono::minutes{60} - base::Duration{1});
    EXPECT_EQ(looks(lea), 200U);
    clock.advance(base::Duration{1});
    EXPECT_EQ(looks(lea), 503U);
    away = false;
    const auto ada = signed_in_as("ada");
    for (int i = 0; i < 27; ++i) {
        clock.advance(std::chrono::minutes{30});
        ASSERT_EQ(looks(ada), 200U) << i;
    }
    away = true;
    clock.advance(std::chrono::minutes{30} - base::Duration{1});
    EXPECT_EQ(looks(ada), 200U) << "14 h less a microsecond";
    clock.advance(base::Duration{1});
    EXPECT_EQ(looks(ada), 401U) << "that is certain: an open stream ends, too";
    away = false;
    const auto max = signed_in_as("lea");
    const auto token =
        made_token(max, {{"name", "short"},
                         {"expires_at", base::to_rfc3339(clock.now() + std::chrono::minutes{5})}});
    const auto secret = token["secret"].get<std::string>();
    EXPECT_EQ(looks(secret), 200U);
    away = true;
    clock.advance(std::chrono::minutes{5} - base::Duration{1});
    EXPECT_EQ(looks(secret), 200U);
    clock.advance(base::Duration{1});
    EXPECT_EQ(looks(secret), 401U);
}

TEST_F(SignInOutage, DoesNotBringBackWhoWasPutOutBefore) {
    const auto ada = signed_in_as("ada");
    const auto answered = [&](const std::string& method, const std::string& target,
                              const json& body = json::object()) {
        return ask(ada.request(method, target, body.dump())).status;
    };
    const auto is_out = [&](const auto& who) {
        away = true;
        const auto status = looks(who);
        away = false;
        return status == 503U;
    };
    auto lea = signed_in_as("lea");
    EXPECT_FALSE(is_out(lea));
    EXPECT_EQ(ask(lea.request("DELETE", "/api/v1/session")).status, 204U);
    EXPECT_TRUE(is_out(lea)) << "signed out";

    lea = signed_in_as("lea");
    EXPECT_EQ(answered("PATCH", "/api/v1/people/lea", {{"password", "another long word"}}), 200U);
    EXPECT_TRUE(is_out(lea)) << "another password";
    EXPECT_EQ(answered("PATCH", "/api/v1/people/lea", {{"password", "password of lea"}}), 200U);

    lea = signed_in_as("lea");
    const auto token = made_token(lea, {{"name", "wall"}});
    const auto secret = token["secret"].get<std::string>();
    EXPECT_EQ(looks(secret), 200U);
    EXPECT_FALSE(is_out(secret));
    const auto revoked =
        ask(lea.request("DELETE", "/api/v1/tokens/" + token["id"].get<std::string>()));
    EXPECT_EQ(revoked.status, 204U);
    EXPECT_TRUE(is_out(secret)) << "revoked";

    EXPECT_EQ(looks(lea), 200U);
    EXPECT_FALSE(is_out(lea));
    EXPECT_EQ(answered("PATCH", "/api/v1/people/lea", {{"role", "supervisor"}}), 200U);
    EXPECT_TRUE(is_out(lea)) << "with which rights?";
    EXPECT_EQ(looks(lea), 200U);
    EXPECT_FALSE(is_out(lea));
    EXPECT_EQ(ask_admin("POST", "/admin/v1/people/lea/disable").status, 200U);
    EXPECT_TRUE(is_out(lea)) << "disabled";
    EXPECT_EQ(ask_admin("POST", "/admin/v1/people/lea/enable").status, 200U);

    lea = signed_in_as("lea");
    EXPECT_EQ(ask_admin("POST", "/admin/v1/people/lea/password").status, 200U);
    EXPECT_TRUE(is_out(lea)) << "another password, by city IT";
    EXPECT_FALSE(is_out(ada));
}

}  // namespace
}  // namespace vigie::api
