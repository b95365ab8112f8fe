#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cmath>
#include <limits>
#include <thread>

#include "tests/support/pgtest_database.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/migrate.hpp"

namespace vigie::store {
namespace {

constexpr Query round_trip{
    "round_trip",
    "select $1::text as t, $2::int8 as i, $3::float8 as d, $4::boolean as b, "
    "$5::timestamptz as at, $6::text as nothing, $7::text[] as list"};
constexpr Query note_add{"note_add", "insert into installation (key, value) values ($1, $2)"};
constexpr Query note_read{"note_read", "select value from installation where key = $1"};
constexpr Query cut_me_off{"cut_me_off", "select pg_terminate_backend(pg_backend_pid())"};

TEST(Database, CarriesValuesBothWays) {
    test::Database db;
    Pool pool(db.app_url(), 1);
    const auto instant = *base::parse_rfc3339("2026-11-22T18:04:05.123456Z");
    const std::vector<std::string> list{"a\"b\\c", "é,{}"};
    pool.read_now([&](Transaction& tx) {
        const auto row = tx.row(round_trip, "Éclairage 'x'", std::int64_t{-7}, 0.1, true, instant,
                                std::optional<std::string>{}, list);
        EXPECT_EQ(row->get<std::string>("t"), "Éclairage 'x'");
        EXPECT_EQ(row->get<std::int64_t>("i"), -7);
        EXPECT_EQ(row->get<double>("d"), 0.1);
        EXPECT_TRUE(row->get<bool>("b"));
        EXPECT_EQ(row->get<base::Instant>("at"), instant);
        EXPECT_FALSE(row->maybe<std::string>("nothing"));
        EXPECT_EQ(row->text("list"), R"({"a\"b\\c","é,{}"})");
        EXPECT_THROW((void)row->get<std::string>("nothing"), std::logic_error);
    });
}

TEST(Database, NobodyWaitsForOneThatIsKnownToBeAway) {
    test::Database db;
    Pool pool(db.app_url(), 1);
    std::atomic<bool> away{true};
    pool.away_while([&away] { return away.load(); });
    const auto count = [](Transaction& tx) { return tx.rows(note_read, "a").size(); };
    EXPECT_THROW(pool.read_now(count), Unavailable);
    EXPECT_THROW(pool.write_now(count), Unavailable);
    boost::asio::io_context io;
    std::exception_ptr failure;
    boost::asio::co_spawn(io, pool.read(count),
                          [&failure](std::exception_ptr error, std::size_t) { failure = error; });
    io.run();
    ASSERT_TRUE(failure);
    EXPECT_THROW(std::rethrow_exception(failure), Unavailable);
    away = false;
    EXPECT_EQ(pool.read_now(count), 0U);
}

TEST(Database, RollsBackAnErrorAndAnException) {
    test::Database db;
    Pool pool(db.app_url(), 1);
    bool streamed = false;
    const auto refused = pool.write_now([&](Transaction& tx) -> base::Result<int> {
        tx.execute(note_add, "a", "1");
        tx.after_commit([&] { streamed = true; });
        return base::fail(base::Errc::conflict, "no", "non");
    });
    EXPECT_FALSE(refused.ok());
    EXPECT_THROW(pool.write_now([&](Transaction& tx) {
        tx.execute(note_add, "a", "1");
        throw std::runtime_error("broken");
    }),
                 std::runtime_error);
    EXPECT_FALSE(streamed);
    pool.write_now([&](Transaction& tx) {
        EXPECT_FALSE(tx.optional_row(note_read, "a"));
        tx.execute(note_add, "a", "2");
        tx.after_commit([&] { streamed = true; });
    });
    EXPECT_TRUE(streamed);
}

TEST(Database, SaysWhyItWasRefused) {
    test::Database db;
    Pool pool(db.app_url(), 1);
    const auto add_twice = [&] {
        pool.write_now([](Transaction& tx) {
            tx.execute(note_add, "a", "1");
            tx.execute(note_add, "a", "1");
        });
    };
    try {
        add_twice();
        FAIL();
    } catch (const Refused& error) {
        EXPECT_EQ(error.sqlstate, "23505");
        EXPECT_NE(std::string(error.what()).find("note_add"), std::string::npos);
    }
}

TEST(Database, ConnectsAnewAfterTheConnectionBroke) {
    test::Database db;
    Pool pool(db.app_url(), 1);
    EXPECT_THROW(pool.write_now([](Transaction& tx) { (void)tx.rows(cut_me_off); }), Unavailable);
    pool.write_now([](Transaction& tx) { tx.execute(note_add, "b", "1"); });
    Pool nobody("host=/nonexistent dbname=x connect_timeout=1", 1);
    EXPECT_THROW(nobody.read_now([](Transaction&) {}), Unavailable);
}

// Of itself the library would connect anew, and that session would have promised nothing.
TEST(Database, PromisesEachCommitAlsoAfterAConnectionBrokeWhileItWasIdle) {
    test::Database db;
    static constexpr Query promise{"promise", "show synchronous_commit"};
    const auto promised = [](Pool& pool) {
        return pool.write_now([](Transaction& tx) {
            return tx.row(promise)->get<std::string>("synchronous_commit");
        });
    };
    Pool anybody(db.superuser_url(), 1);
    const std::string off =
        "alter role vigie_app in database " + anybody.read_now([](Transaction& tx) {
            static constexpr Query name{"name", "select current_database() as n"};
            return tx.row(name)->get<std::string>("n");
        }) +
        " set synchronous_commit = off";
    const Query weaken{"weaken", off.c_str()};
    anybody.write_now([&](Transaction& tx) { tx.execute(weaken); });
    Pool pool(db.app_url(), 1);
    EXPECT_EQ(promised(pool), "on");
    db.shut(true);
    db.shut(false);
    EXPECT_EQ(promised(pool), "on");
}

TEST(Database, SaysWhatLibpqxxForgets) {
    test::Database db;
    Pool pool(db.app_url(), 2);
    static constexpr Query forbidden{"forbidden", "drop table frame"};
    try {
        pool.write_now([](Transaction& tx) { tx.execute(forbidden); });
        ADD_FAILURE() << "allowed";
    } catch (const Refused& refused) {
        EXPECT_EQ(refused.sqlstate, "42501");
    }
    static constexpr Query change{"change", "update installation set value = 'x' where key = $1"};
    pool.write_now([](Transaction& tx) {
        tx.execute(note_add, "a", "1");
        tx.execute(note_add, "b", "1");
    });
    std::barrier both(2);
    std::atomic<int> deadlocks{0};
    const auto cross = [&](const char* first, const char* second) {
        try {
            pool.write_now([&](Transaction& tx) {
                tx.execute(change, first);
                both.arrive_and_wait();
                tx.execute(change, second);
            });
        } catch (const Refused& refused) {
            EXPECT_EQ(refused.sqlstate, "40P01");
            ++deadlocks;
        }
    };
    std::thread other([&] { cross("b", "a"); });
    cross("a", "b");
    other.join();
    EXPECT_EQ(deadlocks, 1);
}

TEST(Database, ResumesTheCallerWhereItWas) {
    test::Database db;
    boost::asio::io_context io;  // outlives the pool, whose threads post to it
    Pool pool(db.app_url(), 2);
    int answered = 0;
    const auto ask = [&](std::string key) -> boost::asio::awaitable<void> {
        co_await pool.write([key](Transaction& tx) { tx.execute(note_add, key, "x"); });
        const std::string value = co_await pool.read(
            [key](Transaction& tx) { return tx.row(note_read, key)->get<std::string>("value"); });
        EXPECT_TRUE(io.get_executor().running_in_this_thread());
        answered += value == "x" ? 1 : 0;
        bool thrown = false;
        try {
            co_await pool.write([key](Transaction& tx) { tx.execute(note_add, key, "x"); });
        } catch (const Refused&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
    };
    for (int i = 0; i < 20; ++i) {
        boost::asio::co_spawn(io, ask("k" + std::to_string(i)),
                              [](std::exception_ptr e) { EXPECT_FALSE(e); });
    }
    io.run();
    EXPECT_EQ(answered, 20);
}

TEST(Migrations, AreAppliedOnceAndKnowATamperedText) {
    test::Database db;
    EXPECT_TRUE(migrate(db.owner_url(), embedded::migrations()).empty());
    const base::EmbeddedFile tampered[] = {{"0001_ground.sql", "select 1"}};
    EXPECT_THROW((void)migration_status(db.owner_url(), tampered), std::runtime_error);
    const auto known = migration_status(db.owner_url(), embedded::migrations());
    ASSERT_FALSE(known.empty());
    EXPECT_TRUE(known.front().applied);
    EXPECT_EQ(known.front().version, 1);
}

// An older program beside its database: nothing is changed, and who must act is told why.
TEST(Migrations, ADatabaseThatIsNewerIsRefused) {
    test::Database db;
    const auto all = embedded::migrations();
    const auto older = all.first(all.size() - 1);
    const std::string last{all.back().name};
    for (const bool apply : {false, true}) {
        try {
            if (apply) {
                (void)migrate(db.owner_url(), older);
            } else {
                (void)migration_status(db.owner_url(), older);
            }
            ADD_FAILURE() << "taken for its own";
        } catch (const std::runtime_error& error) {
            EXPECT_EQ(error.what(), "the database knows migration " + last +
                                        ", which this program does not: it is older than its "
                                        "database");
        }
    }
    EXPECT_TRUE(migrate(db.owner_url(), all).empty());
}

TEST(Roles, TheServerCannotChangeTheSchema) {
    test::Database db;
    Pool pool(db.app_url(), 1);
    static constexpr Query drop_frame{"drop_frame", "drop table frame"};
    static constexpr Query make_table{"make_table", "create table x (a int)"};
    EXPECT_THROW(pool.write_now([](Transaction& tx) { tx.execute(drop_frame); }), Refused);
    EXPECT_THROW(pool.write_now([](Transaction& tx) { tx.execute(make_table); }), Refused);
}

}  // namespace
}  // namespace vigie::store
