#include "vigie/ingest/quarantine.hpp"

#include <gtest/gtest.h>

#include <future>

#include "tests/api/ask.hpp"
#include "tests/live/small_city.hpp"
#include "tests/support/pgtest_database.hpp"
#include "vigie/access/audit.hpp"

namespace vigie::ingest {
namespace {

using namespace vigie::test;
using namespace std::chrono_literals;

constexpr store::Query quarantine_keep{
    "quarantine_keep",
    "insert into quarantine (received_at, credential, channel, topic, reason, detail, payload) "
    "values (now(), 'gw', 'mqtt', 'vigie/v1/LP-11/observations', 'unknown_asset', '', "
    "'{\"t\":\"2026-11-22T11:59:00Z\",\"values\":{\"power_w\":41}}') returning id"};
constexpr store::Query quarantine_rows{"quarantine_rows", "select count(*) as n from quarantine"};
constexpr store::Query quarantine_frames{"quarantine_frames", "select count(*) as n from frame"};
constexpr store::Query quarantine_audit{"quarantine_audit", "select count(*) as n from audit"};
constexpr store::Query quarantine_hold{"quarantine_hold",
                                       "lock table frame in access exclusive mode"};

class QuarantineTest : public testing::Test {
protected:
    QuarantineTest() {
        registry_.publish(small_city());
        add_quarantine_routes(router_, pool_, inbox_, clock_, 200ms);
        writer_.start();
        id_ = pool_.write_now([](store::Transaction& tx) {
            return tx.row(quarantine_keep)->get<std::int64_t>("id");
        });
    }
    static api::Authenticator city_it() {
        return [](const wire::Request&) -> boost::asio::awaitable<base::Result<access::Principal>> {
            co_return access::admin_principal("it");
        };
    }
    unsigned replay() {
        const auto path = "/admin/v1/quarantine/" + std::to_string(id_) + "/replay";
        return ask(router_, request_to("POST", path)).status;
    }
    std::int64_t number(const store::Query& query) {
        return pool_.read_now(
            [&](store::Transaction& tx) { return tx.row(query)->get<std::int64_t>("n"); });
    }

    base::ManualClock clock_{small_city_noon};
    test::Database database_;
    store::Pool pool_{database_.app_url(), 1};
    assets::Registry registry_;
    store::FrameWriter writer_{
        {.app_url = database_.app_url(), .owner_url = database_.owner_url(), .answer_limit = 300ms},
        clock_,
        [](std::vector<store::Submission>&) {}};
    Inbox inbox_{registry_, writer_};
    api::Router router_{pool_, clock_, city_it()};
    std::int64_t id_{};
};

TEST_F(QuarantineTest, ARowStaysUntilWhatItHoldsIsDurable) {
    store::Pool superuser(database_.superuser_url(), 1);
    superuser.write_now([this](store::Transaction& tx) {
        tx.execute(quarantine_hold);
        EXPECT_EQ(replay(), 503U);
        EXPECT_EQ(number(quarantine_rows), 1) << "nothing is stored yet: a kill would lose both";
    });
    unsigned status = 0;
    for (int tries = 0; tries < 100 && status != 200; ++tries)
        status = replay();
    EXPECT_EQ(status, 200U);
    EXPECT_EQ(number(quarantine_rows), 0);
    EXPECT_EQ(number(quarantine_frames), 1);
    EXPECT_EQ(number(quarantine_audit), 1) << "one act, one entry";
    EXPECT_EQ(replay(), 404U);
}

TEST_F(QuarantineTest, WithoutATimeOfItsOwnItIsOfWhenItCameAndChangesNothingTwice) {
    static constexpr store::Query keep{
        "quarantine_keep_twice",
        "insert into quarantine (received_at, credential, channel, topic, reason, detail, payload) "
        "select '2026-11-22T09:00:00Z', 'gw', 'mqtt', 'vigie/v1/LP-11/observations', "
        "'unknown_asset', '', '{\"values\":{\"power_w\":41}}' from generate_series(1, 2) "
        "returning id"};
    static constexpr store::Query when{"quarantine_when", "select observed_at from frame"};
    const auto ids = pool_.write_now([](store::Transaction& tx) {
        std::vector<std::int64_t> found;
        for (const auto& row : tx.rows(keep))
            found.push_back(row.get<std::int64_t>("id"));
        return found;
    });
    for (const auto id : ids) {
        id_ = id;
        unsigned status = 0;
        for (int tries = 0; tries < 100 && status != 200; ++tries)
            status = replay();
        EXPECT_EQ(status, 200U);
    }
    EXPECT_EQ(number(quarantine_frames), 1);
    const auto observed_at = pool_.read_now(
        [](store::Transaction& tx) { return tx.row(when)->get<base::Instant>("observed_at"); });
    EXPECT_EQ(base::to_rfc3339(observed_at), "2026-11-22T09:00:00Z");
}

// What was beside the message goes from the row to the audit: escaped, bounded, erasable.
TEST_F(QuarantineTest, WhatItsSenderWroteBesideItGoesBesideTheAudit) {
    static constexpr store::Query keep{
        "quarantine_keep_words",
        "insert into quarantine (received_at, credential, channel, topic, reason, detail, payload) "
        "select '2026-11-22T09:00:00Z', 'gw', 'mqtt', 'vigie/v1/LP-11/observations', "
        "'unknown_asset', detail, '{\"values\":{\"power_w\":41}}' from unnest(array["
        "'no such asset (user properties: line=7\"' || chr(10) || ', firmware=é)', "
        "repeat('x', 2000), repeat('x', 2001)]) as d (detail) returning id"};
    static constexpr store::Query entries{"quarantine_entries",
                                          "select detail as line from audit order by number"};
    static constexpr store::Query words{"quarantine_words",
                                        "select value as line from audit_private order by number"};
    const auto lines = [this](const store::Query& query) {
        return pool_.read_now([&](store::Transaction& tx) {
            std::vector<std::string> found;
            for (const auto& row : tx.rows(query))
                found.push_back(row.get<std::string>("line"));
            return found;
        });
    };
    const auto ids = pool_.write_now([](store::Transaction& tx) {
        std::vector<std::int64_t> found;
        for (const auto& row : tx.rows(keep))
            found.push_back(row.get<std::int64_t>("id"));
        return found;
    });
    for (const auto id : ids) {
        id_ = id;
        unsigned status = 0;
        for (int tries = 0; tries < 100 && status != 200; ++tries)
            status = replay();
        EXPECT_EQ(status, 200U);
    }
    EXPECT_EQ(lines(entries).at(0),
              R"({"channel":"mqtt","credential":"gw","reason":"unknown_asset",)"
              R"("received_at":"2026-11-22T09:00:00Z"})");
    const auto beside = lines(words);
    ASSERT_EQ(beside.size(), 3U);
    EXPECT_EQ(beside[0].substr(beside[0].find('\n') + 1),
              R"j({"detail":"no such asset (user properties: line=7\"\n, firmware=\u00e9)",)j"
              R"("topic":"vigie/v1/LP-11/observations"})");
    EXPECT_EQ(beside[1], beside[2]) << "2,000 bytes are kept, and no 2,001st";
    const auto whole = [this] {
        return pool_.read_now(
            [](store::Transaction& tx) { return !access::verify_audit(tx).fault.has_value(); });
    };
    EXPECT_TRUE(whole());
    pool_.write_now([this](store::Transaction& tx) {
        access::erase_addresses(tx, clock_.now() + 1h, clock_.now() + 1h);
    });
    EXPECT_TRUE(lines(words).empty()) << "what a stranger wrote can be forgotten";
    EXPECT_TRUE(whole());
}

}  // namespace
}  // namespace vigie::ingest
