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

TEST(Database, CarriesBinaryValues) {
    test::Database db;
    Pool pool(db.app_url(), 1);
    static constexpr Query all{
        "binary_values",
        "select (-7)::int4 as small, (-7000000000)::int8 as large, 0.1::float8 as d, true as yes, "
        "false as no, timestamptz '1969-12-31 23:59:59.5+00' as at, null::float8 as nothing, "
        "array[1.5, null, 'NaN', '-Infinity']::float8[] as vals, '{}'::float8[] as none, "
        "'\\x00ff41'::bytea as body, 'é' as word, 1::int2 as short",
        true};
    pool.read_now([&](Transaction& tx) {
        const auto row = tx.row(all);
        EXPECT_TRUE(row->is_binary());
        EXPECT_EQ(row->get<std::int32_t>("small"), -7);
        EXPECT_EQ(row->get<std::int64_t>("large"), -7'000'000'000);
        EXPECT_EQ(row->get<double>("d"), 0.1);
        EXPECT_TRUE(row->get<bool>("yes"));
        EXPECT_FALSE(row->get<bool>("no"));
        EXPECT_EQ(base::to_rfc3339(row->get<base::Instant>("at")), "1969-12-31T23:59:59.500Z");
        EXPECT_FALSE(row->maybe<double>("nothing"));
        EXPECT_THROW((void)row->get<double>("nothing"), std::logic_error);
        EXPECT_THROW((void)row->get<std::int64_t>("short"), std::logic_error);
        const auto values = row->get<OptionalValues>("vals");
        ASSERT_EQ(values.size(), 4U);
        EXPECT_EQ(values[0], 1.5);
        EXPECT_FALSE(values[1]);
        EXPECT_TRUE(std::isnan(values[2].value()));
        EXPECT_EQ(values[3], -std::numeric_limits<double>::infinity());
        EXPECT_TRUE(row->get<OptionalValues>("none").empty());
        EXPECT_EQ(row->text("body"), std::string_view("\0\xff"
                                                      "A",
                                                      3));
        EXPECT_EQ(row->get<std::string>("word"), "é");
        EXPECT_THROW((void)row->text("made_up"), std::logic_error);
    });
}

std::int64_t backend(Transaction& tx) {
    static constexpr Query pid{"backend_pid", "select pg_backend_pid() as pid"};
    return tx.row(pid)->get<std::int64_t>("pid");
}

// Waits until that is so: a backend hears of it when it next looks.
void end_backend(Pool& superuser, std::int64_t pid) {
    static constexpr Query end{"end_backend",
                               "select pg_terminate_backend($1::int, 10000) as ended"};
    superuser.read_now([&](Transaction& tx) { EXPECT_TRUE(tx.row(end, pid)->get<bool>("ended")); });
}

TEST(Database, WhatIsAskedForLaterTravelsWithTheFirstThatIsRead) {
    test::Database db;
    Pool pool(db.app_url(), 1);
    Pool superuser(db.superuser_url(), 1);
    static constexpr Query number{"number", "select $1::int8 as n, pg_backend_pid() as pid"};
    static constexpr Query state{"state_of_backend",
                                 "select state from pg_stat_activity where pid = $1"};
    const auto pid = pool.read_now(backend);
    pool.read_now([&](Transaction& tx) {
        const auto first = tx.later(number, 1);
        const auto second = tx.later(number, 2);
        const auto backend_state = [&] {
            return superuser.read_now([&](Transaction& other) {
                return other.row(state, pid)->get<std::string>("state");
            });
        };
        // The transaction before ends by itself.
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        while (backend_state() != "idle")
            ASSERT_LT(std::chrono::steady_clock::now(), until) << "was sent";
        EXPECT_EQ((*first.rows().begin()).get<std::int64_t>("n"), 1);
        end_backend(superuser, pid);
        EXPECT_EQ((*second.rows().begin()).get<std::int64_t>("n"), 2);
    });
    EXPECT_NE(pool.read_now(backend), pid);
    // What nobody reads is done all the same.
    pool.write_now([](Transaction& tx) { (void)tx.later(note_add, "unread", "1"); });
    EXPECT_EQ(pool.read_now([](Transaction& tx) { return tx.rows(note_read, "unread").size(); }),
              1U);
}

TEST(Database, OneThatIsRefusedIsNamedAndLeavesTheConnectionAsItWas) {
    test::Database db;
    Pool pool(db.app_url(), 1);
    static constexpr Query good{"good", "select $1::int8 as n"};
    static constexpr Query divides{"divides", "select 1 / $1::int4 as n"};
    static constexpr Query unknown{"unknown", "select made_up from installation"};
    static constexpr Query also_good{"also_good", "select $1::int8 + 1 as n"};
    const auto pid = pool.read_now(backend);
    for (const auto& bad : {divides, unknown, divides, unknown}) {
        try {
            pool.read_now([&](Transaction& tx) {
                const auto before = tx.later(good, 1);
                const auto refused = bad.sql == divides.sql ? tx.later(bad, 0) : tx.later(bad);
                const auto after = tx.later(also_good, 1);
                try {
                    (void)before.rows();
                    ADD_FAILURE() << "went well";
                } catch (const Refused& error) {
                    EXPECT_TRUE(std::string_view(error.what()).starts_with(bad.name));
                }
                EXPECT_EQ(before.rows().size(), 1U) << "it was answered before the refusal";
                EXPECT_THROW((void)after.rows(), std::logic_error);
                (void)tx.rows(good, 1);
            });
            ADD_FAILURE() << "a transaction that failed went on";
        } catch (const Refused& error) {
            EXPECT_EQ(error.sqlstate, "25P02");
        }
        EXPECT_EQ(pool.read_now(
                      [](Transaction& tx) { return tx.row(also_good, 1)->get<std::int64_t>("n"); }),
                  2);
    }
    EXPECT_EQ(pool.read_now(backend), pid) << "connected anew for a refusal";
}

// Else a change would be told as done that the database had thrown away.
TEST(Database, NothingIsCommittedAfterARefusalThatWasOverlooked) {
    test::Database db;
    Pool pool(db.app_url(), 1);
    bool told = false;
    try {
        pool.write_now([&](Transaction& tx) {
            tx.after_commit([&] { told = true; });
            tx.execute(note_add, "a", "1");
            EXPECT_THROW(tx.execute(note_add, "a", "1"), Refused);
        });
        ADD_FAILURE() << "said to be committed";
    } catch (const Refused& error) {
        EXPECT_EQ(error.sqlstate, "25P02");
    }
    EXPECT_FALSE(told);
    EXPECT_EQ(pool.read_now([](Transaction& tx) { return tx.rows(note_read, "a").size(); }), 0U);
}

TEST(Database, WhatNobodyReadsIsStillRefused) {
    test::Database db;
    Pool pool(db.app_url(), 1);
    bool told = false;
    pool.write_now([](Transaction& tx) { tx.execute(note_add, "a", "1"); });
    try {
        pool.write_now([&](Transaction& tx) {
            tx.after_commit([&] { told = true; });
            (void)tx.later(note_add, "b", "1");
            (void)tx.later(note_add, "a", "1");
        });
        ADD_FAILURE() << "said to be committed";
    } catch (const Refused& error) {
        EXPECT_EQ(error.sqlstate, "23505");
    }
    EXPECT_FALSE(told);
    EXPECT_EQ(pool.read_now([](Transaction& tx) { return tx.rows(note_read, "b").size(); }), 0U);
}

TEST(Database, AConnectionThatBrokeWhileItWasIdleCostsNobodyAnything) {
    test::Database db;
    Pool pool(db.app_url(), 1);
    Pool superuser(db.superuser_url(), 1);
    const auto pid = pool.read_now(backend);
    end_backend(superuser, pid);
    int told = 0;
    const auto now = pool.write_now([&](Transaction& tx) {
        tx.after_commit([&] { ++told; });
        tx.execute(note_add, "a", "1");
        return backend(tx);
    });
    EXPECT_NE(now, pid);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(pool.read_now([](Transaction& tx) { return tx.rows(note_read, "a").size(); }), 1U);
}

// It answered BEGIN, so it was there: what ends it may be the statement, which is not sent again.
TEST(Database, AStatementThatIsEndedWithItsBackendIsNotTriedAgain) {
    test::Database db;
    Pool pool(db.app_url(), 1);
    (void)pool.read_now(backend);
    int tries = 0;
    EXPECT_THROW(pool.write_now([&](Transaction& tx) {
        ++tries;
        tx.execute(note_add, "a", "1");
        (void)tx.rows(cut_me_off);
    }),
                 Unavailable);
    Pool superuser(db.superuser_url(), 1);
    static constexpr Query make{"make", "create sequence tries"};
    static constexpr Query share{"share", "grant all on sequence tries to vigie_app"};
    static constexpr Query count{"count", "select last_value as n from tries"};
    static constexpr Query once{
        "once", "select nextval('tries') as n, pg_terminate_backend(pg_backend_pid()) as ended"};
    superuser.write_now([](Transaction& tx) {
        tx.execute(make);
        tx.execute(share);
    });
    (void)pool.read_now(backend);
    EXPECT_THROW(pool.write_now([&](Transaction& tx) { (void)tx.rows(once); }), Unavailable);
    EXPECT_EQ(
        superuser.read_now([](Transaction& tx) { return tx.row(count)->get<std::int64_t>("n"); }),
        1);
    // Overlooked, it is not told as done, and nothing goes on elsewhere.
    EXPECT_THROW(pool.write_now([&](Transaction& tx) {
        EXPECT_THROW((void)tx.rows(cut_me_off), Unavailable);
        EXPECT_THROW(tx.execute(note_add, "a", "1"), Unavailable);
    }),
                 Unavailable);
    EXPECT_EQ(tries, 1);
    EXPECT_EQ(pool.read_now([](Transaction& tx) { return tx.rows(note_read, "a").size(); }), 0U);
}

TEST(Database, ACommitThatIsNotAnsweredIsInDoubt) {
    test::Database db;
    Pool superuser(db.superuser_url(), 1);
    for (const char* sql :
         {"create function end_me() returns trigger language plpgsql as "
          "'begin perform pg_terminate_backend(pg_backend_pid()); return null; end'",
          "create constraint trigger end_me after insert on installation deferrable initially "
          "deferred for each row execute function end_me()",
          "alter function end_me() security definer"}) {
        const Query statement{"prepares", sql};
        superuser.write_now([&](Transaction& tx) { tx.execute(statement); });
    }
    Pool pool(db.app_url(), 1);
    try {
        pool.write_now([](Transaction& tx) { tx.execute(note_add, "a", "1"); });
        ADD_FAILURE() << "committed";
    } catch (const Unavailable& error) {
        EXPECT_TRUE(error.in_doubt);
    }
    EXPECT_EQ(pool.read_now([](Transaction& tx) { return tx.rows(note_read, "a").size(); }), 0U);
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

TEST(Database, SaysTheStateOfEachRefusal) {
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
