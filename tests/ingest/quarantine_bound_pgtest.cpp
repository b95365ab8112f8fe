// Quarantine holds no more than its limit.
#include <gtest/gtest.h>

#include "tests/support/pgtest_database.hpp"
#include "vigie/base/limits.hpp"
#include "vigie/ingest/quarantine.hpp"

namespace vigie::ingest {
namespace {

TEST(QuarantineBound, KeepsTheNewestNAndDropsTheOldestOfNPlusOne) {
    static constexpr store::Query fill{
        "test_fill",
        "insert into quarantine (received_at, credential, channel, topic, reason, detail, payload) "
        "select '2026-11-22T18:00:00Z', 'gw', 'mqtt', 't', 'not_json', i::text, '{' "
        "from generate_series($1::int8, $2::int8) as i"};
    static constexpr store::Query look{
        "test_look",
        "select count(*) as rows, min(detail::int8) as oldest, max(detail::int8) as newest "
        "from quarantine"};
    const test::Database database;
    store::Pool pool(database.app_url(), 1);
    const auto add = [&](std::int64_t first, std::int64_t last) {
        pool.write_now([&](store::Transaction& tx) { tx.execute(fill, first, last); });
    };
    const auto seen = [&] {
        return pool.read_now([](store::Transaction& tx) {
            const auto row = tx.row(look);
            return std::vector{row->get<std::int64_t>("rows"), row->get<std::int64_t>("oldest"),
                               row->get<std::int64_t>("newest")};
        });
    };
    constexpr std::int64_t limit = base::limits::quarantine_rows_max;
    add(1, limit);
    EXPECT_EQ(purge_quarantine(pool), 0U);
    EXPECT_EQ(seen(), (std::vector<std::int64_t>{limit, 1, limit}));
    add(limit + 1, limit + 1);
    EXPECT_EQ(purge_quarantine(pool), 1U);
    EXPECT_EQ(seen(), (std::vector<std::int64_t>{limit, 2, limit + 1}));
    EXPECT_EQ(purge_quarantine(pool), 0U);
}

}  // namespace
}  // namespace vigie::ingest
