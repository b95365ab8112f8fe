#include "vigie/ingest/sessions.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "tests/support/pgtest_database.hpp"
#include "tests/support/pgtest_folder.hpp"

namespace vigie::ingest {
namespace {

using std::chrono::seconds;

constexpr store::Query session_rows{
    "test_sessions",
    "select client_id || ' ' || expiry_s || ' ' || coalesce(expires_at::text, '-') || ' ' || "
    "subscriptions::text as line from session order by credential, client_id"};

class SessionRows : public testing::Test {
protected:
    SessionRows() { book_->start(); }

    net::MqttStoredSession session(const std::string& client_id, std::uint64_t revision,
                                   std::vector<net::MqttSubscription> subscriptions = {}) {
        return {"gateway", client_id, 60, std::move(subscriptions), std::nullopt, revision};
    }
    void wait(boost::asio::awaitable<void> work) {
        boost::asio::co_spawn(io_, std::move(work),
                              [](const std::exception_ptr& failed) { EXPECT_FALSE(failed); });
        io_.restart();
        io_.run();
    }
    std::vector<std::string> rows() {
        return pool_.read_now([](store::Transaction& tx) {
            std::vector<std::string> lines;
            for (const auto& row : tx.rows(session_rows))
                lines.push_back(row.get<std::string>("line"));
            return lines;
        });
    }
    void restart(SessionBook::Limits limits = {}) {
        book_ = std::make_unique<SessionBook>(pool_, clock_, limits);
        book_->start();
    }
    // Saves them while another transaction holds up the writer with "first", and waits for them;
    // in how many transactions they were written.
    std::int64_t transactions_of(const std::vector<std::string>& names) {
        static constexpr store::Query hold{"test_hold", "lock table session in exclusive mode"};
        static constexpr store::Query count{
            "test_transactions",
            "select count(distinct xmin::text) from session where client_id <> 'first'"};
        static constexpr store::Query is_there{"test_is_there",
                                               "select from session where client_id = $1"};
        const auto save = [this](const std::string& name) {
            boost::asio::co_spawn(io_, book_->save(session(name, 1)),
                                  [this, name](const std::exception_ptr& failed) {
                                      EXPECT_FALSE(failed);
                                      EXPECT_TRUE(root_.read_now([&](store::Transaction& tx) {
                                          return tx.optional_row(is_there, name) != nullptr;
                                      })) << name
                                          << " went on before it was written";
                                  });
            io_.restart();
            io_.poll();
        };
        root_.write_now([&](store::Transaction& tx) {
            tx.execute(hold);
            save("first");
            while (!writer_is_held_up(tx))
                std::this_thread::yield();
            for (const auto& name : names)
                save(name);
        });
        io_.restart();
        io_.run();
        return root_.read_now(
            [](store::Transaction& tx) { return tx.row(count)->get<std::int64_t>("count"); });
    }
    static bool writer_is_held_up(store::Transaction& tx) {
        static constexpr store::Query waits{
            "test_waits",
            "select from pg_locks where relation = 'session'::regclass and not granted"};
        return tx.optional_row(waits) != nullptr;
    }
    // The server's role can no longer come in, and is thrown out.
    void set_database_away(bool away) {
        static constexpr store::Query out{"test_out", "alter role vigie_app nologin"};
        static constexpr store::Query in{"test_in", "alter role vigie_app login"};
        static constexpr store::Query cut{
            "test_cut",
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'vigie_app'"};
        root_.write_now([&](store::Transaction& tx) { tx.execute(away ? out : in); });
        if (away) root_.write_now([&](store::Transaction& tx) { tx.rows(cut); });
    }

    // As a program that begins; the one before ended without writing anything.
    void begin_with_spool(std::uint64_t bytes_max = std::uint64_t{1} << 20U) {
        book_.reset();
        spool_ = std::make_unique<store::Spool>(
            store::disk_files(),
            store::SpoolSettings{.folder = folder_.path() + "/sessions", .bytes_max = bytes_max});
        spool_->open();
        SessionBook::Limits limits;
        limits.patience = std::chrono::hours{1};
        limits.retry_after = std::chrono::milliseconds{1};
        book_ = std::make_unique<SessionBook>(pool_, clock_, limits);
        book_->keep_in(*spool_);
        book_->start();
    }

    test::Folder folder_;
    std::unique_ptr<store::Spool> spool_;
    base::ManualClock clock_{*base::parse_rfc3339("2026-11-22T18:00:00Z")};
    test::Database database_;
    store::Pool root_{database_.superuser_url(), 1};
    store::Pool pool_{database_.app_url(), 1};
    boost::asio::io_context io_{1};
    std::unique_ptr<SessionBook> book_ = std::make_unique<SessionBook>(pool_, clock_);
};

using Lines = std::vector<std::string>;

TEST_F(SessionRows, AreDurableWhenSaveReturns) {
    wait(book_->save(session("one", 1)));
    EXPECT_EQ(rows(), Lines{"one 60 - []"});
    wait(book_->save(session("one", 2, {{"vigie/v1/+/commands", wire::mqtt::Qos::at_least_once}})));
    EXPECT_EQ(rows(), Lines{R"(one 60 - [["vigie/v1/+/commands", 1]])"});
    wait(book_->erase("gateway", "one", 3));
    EXPECT_EQ(rows(), Lines{});
    EXPECT_FALSE(book_->find("gateway", "one"));
}

TEST_F(SessionRows, AreCountedForTheirOwner) {
    const auto beside = [this](const std::string& client_id) {
        return book_->kept_beside("gateway", client_id);
    };
    wait(book_->save(session("one", 1)));
    wait(book_->save(session("two", 2)));
    wait(book_->save({.owner = "other", .client_id = "one", .expiry_s = 60, .revision = 3}));
    auto with_will = session("will", 4);
    with_will.expiry_s = 0;
    with_will.will = std::make_shared<const net::MqttWill>(net::MqttWill{.topic = "w"});
    wait(book_->save(with_will));
    EXPECT_EQ(beside("three"), 2U);
    EXPECT_EQ(beside("will"), 2U) << "there is nothing to resume";
    EXPECT_EQ(beside("one"), 1U);
    EXPECT_EQ(book_->kept_beside("nobody", "one"), 0U);
    wait(book_->save(session("two", 5, {{"a", wire::mqtt::Qos::at_least_once}})));
    wait(book_->save(session("two", 6, {{"a", wire::mqtt::Qos::at_least_once}})));
    EXPECT_EQ(beside("three"), 2U);
    for (const std::uint64_t revision : {7U, 8U}) {
        wait(book_->erase("gateway", "one", revision));
        EXPECT_EQ(beside("three"), 1U);
    }
    EXPECT_EQ(beside("one"), 1U);
    wait(book_->save(session("one", 9)));
    restart();
    EXPECT_EQ(beside("three"), 2U);
    clock_.advance(seconds{60});
    book_->purge();
    EXPECT_EQ(beside("three"), 0U);
    EXPECT_EQ(book_->kept_beside("other", "two"), 0U);
}

TEST_F(SessionRows, AreFoundAfterARestartAndTheirTimeRunsFromIt) {
    wait(book_->save(session("here", 1, {{"a/+/c", wire::mqtt::Qos::at_least_once}})));
    auto gone = session("gone", 1);
    gone.expires_at = clock_.now() + seconds{10};
    wait(book_->save(gone));
    clock_.advance(seconds{9});
    restart();
    ASSERT_TRUE(book_->find("gateway", "gone"));
    ASSERT_TRUE(book_->find("gateway", "here"));
    EXPECT_FALSE(book_->find("another", "here"));
    EXPECT_EQ(book_->find("gateway", "here")->subscriptions.at(0).filter, "a/+/c");
    EXPECT_EQ(book_->find("gateway", "here")->expires_at, clock_.now() + seconds{60});
    clock_.advance(seconds{1});
    restart();
    EXPECT_FALSE(book_->find("gateway", "gone")) << "over while nobody served";
    EXPECT_EQ(rows().size(), 1U);
    // A restart does not give the absent client more time.
    clock_.advance(seconds{58});
    restart();
    EXPECT_TRUE(book_->find("gateway", "here"));
    clock_.advance(seconds{1});
    EXPECT_EQ(book_->purge(), 1U);
    EXPECT_FALSE(book_->find("gateway", "here"));
}

TEST_F(SessionRows, HoldWhatIsRememberedUntilItIsReleased) {
    auto row = session("one", 1);
    row.remembered = {{1, {clock_.now(), 7}},
                      {65'535, {clock_.now() + std::chrono::microseconds{1}, ~0ULL}}};
    wait(book_->save(row));
    restart();
    EXPECT_EQ(book_->find("gateway", "one")->remembered, row.remembered);
    auto released = session("one", 2);
    released.remembered = {{1, {clock_.now(), 7}}};
    wait(book_->save(released));
    restart();
    EXPECT_EQ(book_->find("gateway", "one")->remembered, released.remembered);
}

TEST_F(SessionRows, AreNotUndoneByWhatComesLate) {
    wait(book_->save(session("one", 5)));
    auto late = session("one", 4);
    late.expiry_s = 1;
    wait(book_->save(late));
    wait(book_->erase("gateway", "one", 4));
    EXPECT_EQ(rows(), Lines{"one 60 - []"});
    wait(book_->erase("gateway", "one", 6));
    wait(book_->save(session("one", 5)));
    EXPECT_EQ(rows(), Lines{});
    wait(book_->save(session("one", 7)));
    EXPECT_EQ(rows(), Lines{"one 60 - []"});
}

TEST_F(SessionRows, AreAtMostSoMany) {
    SessionBook::Limits limits;
    limits.rows_max = 2;
    book_ = std::make_unique<SessionBook>(pool_, clock_, limits);
    book_->start();
    for (const char* name : {"1", "2", "3"})
        wait(book_->save(session(name, 1)));
    EXPECT_EQ(rows(), (Lines{"1 60 - []", "2 60 - []"}));
    EXPECT_FALSE(book_->find("gateway", "3")) << "it lives in memory only";
}

TEST_F(SessionRows, OnesErasedLongAgoLeaveTheirPlaceToOthers) {
    SessionBook::Limits limits;
    limits.rows_max = 2;
    restart(limits);
    for (const char* name : {"1", "2"})
        wait(book_->save(session(name, 1)));
    wait(book_->erase("gateway", "1", 2));
    clock_.advance(seconds{60});
    wait(book_->save(session("3", 3)));
    EXPECT_FALSE(book_->find("gateway", "3")) << "an older change of the first may still come";
    clock_.advance(std::chrono::milliseconds{1});
    wait(book_->save(session("3", 3)));
    wait(book_->save(session("4", 4)));
    EXPECT_EQ(rows(), (Lines{"2 60 - []", "3 60 - []"}));
}

TEST_F(SessionRows, AreSoManyInATransactionAtNAndNPlus1) {
    SessionBook::Limits limits;
    limits.patience = std::chrono::hours{1};
    limits.batch_rows_max = 2;
    restart(limits);
    EXPECT_EQ(transactions_of({"1", "2"}), 1);
    for (const char* name : {"first", "1", "2"})
        wait(book_->erase("gateway", name, 2));
    restart(limits);
    EXPECT_EQ(transactions_of({"3", "4", "5"}), 2);
}

TEST_F(SessionRows, AreSoManyBytesInATransactionAtNAndNPlus1) {
    // Two names of eight bytes in all, counted twice.
    const std::size_t row = 16;
    std::int64_t transactions = 1;
    for (const std::size_t bytes : {2 * row, 2 * row - 1, row - 1}) {
        SessionBook::Limits limits;
        limits.patience = std::chrono::hours{1};
        limits.batch_bytes_max = bytes;
        restart(limits);
        EXPECT_EQ(transactions_of({"1", "2"}), transactions) << bytes;
        transactions = 2;
        for (const char* name : {"first", "1", "2"})
            wait(book_->erase("gateway", name, 2));
    }
}

TEST_F(SessionRows, MakeNobodyWaitForADatabaseThatIsAway) {
    SessionBook::Limits limits;
    limits.patience = std::chrono::hours{1};
    limits.retry_after = std::chrono::milliseconds{1};
    book_ = std::make_unique<SessionBook>(pool_, clock_, limits);
    book_->start();
    wait(book_->save(session("known", 1)));
    set_database_away(true);
    wait(book_->save(session("new", 1)));  // returns when the write failed
    wait(book_->erase("gateway", "known", 2));
    EXPECT_EQ(book_->unwritten(), 2U);
    EXPECT_TRUE(book_->find("gateway", "new")) << "it lives in memory";
    set_database_away(false);
    while (book_->unwritten() != 0)
        std::this_thread::yield();
    EXPECT_EQ(rows(), Lines{"new 60 - []"});
}

TEST_F(SessionRows, AreInTheSpoolWhenSaveReturnsWhileTheDatabaseIsAway) {
    begin_with_spool();
    wait(book_->save(session("known", 1)));
    EXPECT_TRUE(spool_->empty());
    set_database_away(true);
    wait(book_->save(session("new", 1)));
    wait(book_->erase("gateway", "known", 2));
    auto again = session("new", 2);
    again.remembered.emplace(std::uint16_t{7}, net::MqttRemembered{clock_.now(), 11});
    wait(book_->save(again));
    wait(book_->save(session("short", 1)));
    wait(book_->erase("gateway", "short", 9));
    EXPECT_EQ(book_->unwritten(), 0U);
    EXPECT_FALSE(spool_->empty());
    book_.reset();  // the database is away to the end of the program
    set_database_away(false);
    EXPECT_EQ(rows(), Lines{"known 60 - []"});
    begin_with_spool();
    EXPECT_EQ(rows(), Lines{"new 60 2026-11-22 18:01:00+00 []"}) << "its time runs from the start";
    EXPECT_EQ(book_->find("gateway", "new")->remembered, again.remembered);
    EXPECT_TRUE(spool_->empty());
    EXPECT_EQ(book_->last_revision(), 9U) << "of what was erased, too";
}

TEST_F(SessionRows, GoFromTheSpoolToTheDatabaseOnceItIsBack) {
    begin_with_spool();
    set_database_away(true);
    for (int i = 0; i < 50; ++i)
        wait(book_->save(session("away " + std::to_string(i), 1)));
    wait(book_->erase("gateway", "away 7", 2));
    set_database_away(false);
    while (!spool_->empty())
        std::this_thread::yield();
    EXPECT_EQ(rows().size(), 49U);
    wait(book_->save(session("after", 1)));
    EXPECT_EQ(rows().size(), 50U);
    EXPECT_TRUE(spool_->empty());
}

TEST_F(SessionRows, LiveInMemoryWhileTheSpoolIsFullToo) {
    begin_with_spool(1);
    set_database_away(true);
    wait(book_->save(session("one", 1)));
    EXPECT_EQ(book_->unwritten(), 1U);
    set_database_away(false);
    while (book_->unwritten() != 0)
        std::this_thread::yield();
    EXPECT_EQ(rows(), Lines{"one 60 - []"});
}

TEST_F(SessionRows, KnowTheLastRevisionOfAnEarlierRun) {
    EXPECT_EQ(book_->last_revision(), 0U);
    wait(book_->save(session("one", 7)));
    wait(book_->save(session("two", 5)));
    EXPECT_EQ(book_->last_revision(), 7U);
    restart();
    EXPECT_EQ(book_->last_revision(), 7U) << "so that a clock set back makes no change an old one";
}

TEST_F(SessionRows, HoldTheWillUntilItIsForgotten) {
    const auto will = std::make_shared<const net::MqttWill>(
        net::MqttWill{.topic = "vigie/v1/é/observations",
                      .payload = std::string("\0\xff{", 3),
                      .qos = wire::mqtt::Qos::exactly_once,
                      .retain = true,
                      .properties = std::string("\x18\0\0\0\x1e", 5),
                      .delay_s = 30});
    auto lasting = session("lasting", 1);
    lasting.will = will;
    auto brief = session("brief", 2);
    brief.expiry_s = 0;
    brief.will = will;
    wait(book_->save(lasting));
    wait(book_->save(brief));
    EXPECT_EQ(book_->find("gateway", "brief")->expiry_s, 0U) << "there is nothing to resume";
    clock_.advance(seconds{10});
    restart();
    ASSERT_EQ(book_->with_wills().size(), 2U);
    for (const auto& one : book_->with_wills()) {
        EXPECT_EQ(*one.will, *will);
        EXPECT_EQ(one.will_due_at, clock_.now() + seconds{one.client_id == "brief" ? 0 : 30});
    }
    clock_.advance(seconds{60});
    EXPECT_EQ(book_->purge(), 0U) << "what is over waits for its will";
    restart();
    EXPECT_FALSE(book_->holds_will("gateway", "lasting", 0));
    const auto due_at = book_->find("gateway", "lasting")->will_due_at;
    EXPECT_TRUE(book_->holds_will("gateway", "lasting", 0, due_at)) << "as it was put back";
    EXPECT_TRUE(book_->holds_will("gateway", "lasting", 1));
    book_->forget_will("gateway", "lasting", 0);
    EXPECT_EQ(book_->with_wills().size(), 2U) << "something newer was saved";
    book_->forget_will("gateway", "lasting", 1);
    book_->forget_will("gateway", "brief", 2);
    EXPECT_FALSE(book_->holds_will("gateway", "lasting", 1));
    EXPECT_FALSE(book_->holds_will("gateway", "nobody", 1));
    while (book_->unwritten() != 0)
        std::this_thread::yield();
    EXPECT_EQ(rows(), Lines{});
}

TEST_F(SessionRows, OneThatIsRefusedHoldsBackNoneThatIsForgotten) {
    SessionBook::Limits limits;
    limits.patience = std::chrono::milliseconds{20};
    book_ = std::make_unique<SessionBook>(pool_, clock_, limits);
    book_->start();
    wait(book_->save(session("gone", 1)));
    static constexpr store::Query hold{"test_hold", "lock table session in exclusive mode"};
    root_.write_now([&](store::Transaction& tx) {
        tx.execute(hold);
        wait(book_->save(session("first", 1)));  // holds the writer up; what follows is one batch
        wait(book_->save(session("bad", 1, {{std::string("a\0b", 3), wire::mqtt::Qos{}}})));
        wait(book_->save(session("good", 1)));
        wait(book_->erase("gateway", "gone", 2));
    });
    while (book_->unwritten() != 0)
        std::this_thread::yield();
    EXPECT_EQ(rows(), (Lines{"first 60 - []", "good 60 - []"}));
}

TEST_F(SessionRows, AHungDatabaseIsWaitedForNoLongerThanThePatience) {
    SessionBook::Limits limits;
    limits.patience = std::chrono::milliseconds{20};
    book_ = std::make_unique<SessionBook>(pool_, clock_, limits);
    book_->start();
    static constexpr store::Query hold{"test_hold", "lock table session in exclusive mode"};
    root_.write_now([&](store::Transaction& tx) {
        tx.execute(hold);
        wait(book_->save(session("one", 1)));
        EXPECT_EQ(book_->unwritten(), 1U);
    });
    while (book_->unwritten() != 0)
        std::this_thread::yield();
    EXPECT_EQ(rows(), Lines{"one 60 - []"});
}

}  // namespace
}  // namespace vigie::ingest
