#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/api/ask.hpp"
#include "tests/support/pgtest_database.hpp"
#include "vigie/access/audit.hpp"
#include "vigie/api/router.hpp"

namespace vigie::api {
namespace {

using boost::asio::awaitable;
using nlohmann::json;
using test::ask;
using test::request_to;

constexpr store::Query insert_row{"test_insert",
                                  "insert into installation (key, value) values ($1, $2)"};
constexpr store::Query read_row{"test_read", "select value from installation where key = $1"};
constexpr store::Query count_rows{"test_count",
                                  "select count(*) as n from installation where key like 'test%'"};
constexpr store::Query audit_rows{"test_audit", "select * from audit order by number"};

class RouterEffects : public testing::Test {
protected:
    RouterEffects() {
        actor.id = 4;
        actor.login = "lea";
        actor.employer = "city";
        actor.session = 9;
        router.post(
            "/rows/{key}", anyone(),
            [this](const Request& request, store::Transaction& tx) { return insert(request, tx); });
    }

    Answer insert(const Request& request, store::Transaction& tx) {
        ++runs;
        const auto key = "test_" + std::to_string(runs);
        tx.execute(insert_row, key, request.json().value("value", "none"));
        tx.after_commit([this] { ++streamed; });
        if (request.query("fail"))
            return base::fail(base::Errc::conflict, "lost the race", "course perdue");
        if (request.query("status"))
            return json_response(static_cast<unsigned>(std::stoi(*request.query("status"))), {});
        request.note("key", key);
        auto response = json_response(201, {{"key", key}});
        response.headers.set("Location", "/rows/" + key);
        return response;
    }

    std::int64_t stored() {
        return pool.read_now(
            [](store::Transaction& tx) { return tx.row(count_rows)->get<std::int64_t>("n"); });
    }

    static wire::Request keyed(std::string key, std::string body = R"({"value":"x"})",
                               const std::string& target = "/rows/a") {
        auto request = request_to("POST", target, std::move(body));
        request.headers.set("Idempotency-Key", key);
        return request;
    }

    test::Database database;
    base::ManualClock clock{*base::parse_rfc3339("2026-11-22T18:00:00Z")};
    store::Pool pool{database.app_url(), 4};
    access::Principal actor;
    std::atomic<int> runs{0};
    std::atomic<int> streamed{0};
    Router router{pool, clock,
                  [this](const wire::Request&) -> awaitable<base::Result<access::Principal>> {
                      co_return actor;
                  }};
};

TEST_F(RouterEffects, ReplaysTheFirstAnswer) {
    const auto first = ask(router, keyed("k1"));
    EXPECT_EQ(first.status, 201U);
    EXPECT_FALSE(first.headers.has("Idempotency-Replayed"));
    const auto second = ask(router, keyed("k1"));
    EXPECT_EQ(second.status, 201U);
    EXPECT_EQ(second.body, first.body);
    EXPECT_EQ(second.headers.get("Location"), first.headers.get("Location"));
    EXPECT_EQ(second.headers.get("Idempotency-Replayed"), "true");
    EXPECT_EQ(stored(), 1);
    EXPECT_EQ(streamed, 1);
    EXPECT_EQ(ask(router, keyed("k2")).status, 201U);
    EXPECT_EQ(stored(), 2);
}

TEST_F(RouterEffects, RefusesAKeyUsedForSomethingElse) {
    ask(router, keyed("k1"));
    EXPECT_EQ(ask(router, keyed("k1", R"({"value":"y"})")).status, 422U);
    EXPECT_EQ(ask(router, keyed("k1", R"({"value":"x"})", "/rows/b")).status, 422U);
    EXPECT_EQ(ask(router, keyed("k1", R"({"value":"x"})", "/rows/a?q=1")).status, 422U);
    EXPECT_EQ(ask(router, keyed("")).status, 400U);
    EXPECT_EQ(ask(router, keyed("a b")).status, 400U);
    EXPECT_EQ(ask(router, keyed(std::string(idempotency_key_chars_max + 1, 'k'))).status, 400U);
    EXPECT_EQ(ask(router, keyed(std::string(idempotency_key_chars_max, 'k'))).status, 201U);
}

TEST_F(RouterEffects, KeepsKeysOfDifferentPeopleApart) {
    router.post("/mine", signed_in(), [this](const Request& request, store::Transaction& tx) {
        return insert(request, tx);
    });
    const auto lea = ask(router, keyed("k1", "{}", "/mine"));
    actor.id = 5;
    const auto max = ask(router, keyed("k1", "{}", "/mine"));
    EXPECT_EQ(max.status, 201U);
    EXPECT_NE(max.body, lea.body);
}

TEST_F(RouterEffects, KeepsOnlyWhatSucceeded) {
    EXPECT_EQ(ask(router, keyed("k1", "{}", "/rows/a?fail=1")).status, 409U);
    EXPECT_EQ(ask(router, keyed("k1", "{}", "/rows/a?status=422")).status, 422U);
    EXPECT_EQ(stored(), 0) << "rolled back";
    EXPECT_EQ(streamed, 0);
    EXPECT_EQ(ask(router, keyed("k1", "{}")).status, 201U) << "the key was not used up";
    EXPECT_EQ(stored(), 1);
}

TEST_F(RouterEffects, ForgetsKeysAfterADay) {
    ask(router, keyed("k1"));
    clock.advance(idempotency_kept);
    EXPECT_TRUE(ask(router, keyed("k1")).headers.has("Idempotency-Replayed"));
    clock.advance(base::Duration{1});
    EXPECT_FALSE(ask(router, keyed("k1")).headers.has("Idempotency-Replayed"));
    EXPECT_EQ(stored(), 2);
    const auto purge = [this](store::Transaction& tx) {
        return purge_idempotency(tx, clock.now());
    };
    EXPECT_EQ(pool.write_now(purge), 0U);
    clock.advance(idempotency_kept + base::Duration{1});
    EXPECT_EQ(pool.write_now(purge), 1U);
}

TEST_F(RouterEffects, ActsOnceForDuplicatesInFlight) {
    std::promise<void> inside;
    std::promise<void> go_on;
    router.post("/slow", anyone(), [&](const Request& request, store::Transaction& tx) {
        if (runs == 0) {
            inside.set_value();
            go_on.get_future().wait();
        }
        return insert(request, tx);
    });
    std::array<wire::Response, 3> answers;
    std::jthread first([&] { answers[0] = ask(router, keyed("k1", "{}", "/slow")); });
    inside.get_future().wait();
    std::jthread second([&] { answers[1] = ask(router, keyed("k1", "{}", "/slow")); });
    std::jthread third([&] { answers[2] = ask(router, keyed("k1", "{}", "/slow")); });
    // The duplicates are let in before the first may finish: both must be seen waiting for its row.
    constexpr store::Query waiting{"test_waiting", R"(
        select count(*) as n from pg_locks where not granted)"};
    store::Pool watcher(database.superuser_url(), 1);
    while (watcher.read_now(
               [&](store::Transaction& tx) { return tx.row(waiting)->get<std::int64_t>("n"); }) < 2)
        std::this_thread::yield();
    go_on.set_value();
    first.join();
    second.join();
    third.join();
    EXPECT_EQ(stored(), 1);
    for (const auto& answer : answers) {
        EXPECT_EQ(answer.status, 201U);
        EXPECT_EQ(answer.body, answers[0].body);
    }
}

TEST_F(RouterEffects, WritesOneAuditRowForEachEffect) {
    ask(router, keyed("k1"));
    ask(router, keyed("k1"));
    ask(router, keyed("k2", "{}", "/rows/a?fail=1"));
    router.del("/rows/{key}", signed_in(),
               [](const Request&, store::Transaction&) -> Answer { return no_content(); });
    ask(router, request_to("DELETE", "/rows/b"));
    pool.read_now([](store::Transaction& tx) {
        const auto rows = tx.rows(audit_rows);
        ASSERT_EQ(rows.size(), 2U);
        EXPECT_EQ(rows.at(0)->text("author"), "anonymous");
        EXPECT_EQ(rows.at(0)->text("action"), "POST /rows/{key}");
        EXPECT_EQ(rows.at(0)->text("target"), "/rows/a");
        EXPECT_EQ(rows.at(0)->text("detail"), R"({"key":"test_1"})");
        EXPECT_EQ(rows.at(1)->text("author"), "lea");
        EXPECT_EQ(rows.at(1)->text("employer"), "city");
        EXPECT_EQ(rows.at(1)->text("session"), "9");
        EXPECT_EQ(rows.at(1)->text("status"), "204");
    });
    const auto report =
        pool.read_now([](store::Transaction& tx) { return access::verify_audit(tx); });
    EXPECT_FALSE(report.fault);
    EXPECT_EQ(report.entries, 2);
}

TEST_F(RouterEffects, RunsAnEffectAgainAfterADeadlock) {
    int attempts = 0;
    router.post("/deadlock", anyone(),
                [&](const Request& request, store::Transaction& tx) -> Answer {
                    if (++attempts < 3) throw store::Refused("deadlock detected", "40P01");
                    return insert(request, tx);
                });
    EXPECT_EQ(ask(router, request_to("POST", "/deadlock")).status, 201U);
    EXPECT_EQ(stored(), 1);
    attempts = -10;
    EXPECT_EQ(ask(router, request_to("POST", "/deadlock")).status, 500U);
    EXPECT_EQ(attempts, -7);
}

TEST_F(RouterEffects, AnswersQuestionsFromAReadOnlyTransaction) {
    router.get("/rows/{key}", anyone(),
               [](const Request& request, store::Transaction& tx) -> Answer {
                   const auto row = tx.optional_row(read_row, request.path_value("key"));
                   if (!row) return base::fail(base::Errc::not_found, "no row", "pas de ligne");
                   return json_response(200, {{"value", std::string(row->text("value"))}});
               });
    router.get("/writes", anyone(), [](const Request&, store::Transaction& tx) -> Answer {
        tx.execute(insert_row, "test_w", "x");
        return no_content();
    });
    ask(router, keyed("k1"));
    EXPECT_EQ(ask(router, request_to("GET", "/rows/test_1")).body, R"({"value":"x"})");
    EXPECT_EQ(ask(router, request_to("GET", "/rows/none")).status, 404U);
    EXPECT_EQ(ask(router, request_to("GET", "/writes")).status, 500U);
}

}  // namespace
}  // namespace vigie::api
