// The database goes away in the middle of a load, in every way it can: what was acknowledged is
// there afterwards, once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <condition_variable>
#include <filesystem>
#include <future>
#include <map>
#include <mutex>

#include "vigie/store/database.hpp"
#include "vigie/store/frames.hpp"
#include "vigie/store/migrate.hpp"
#include "vigie/store/postgres.hpp"

namespace vigie::store {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds outage_patience{60};

constexpr Query outage_frames{"outage_frames",
                              "select asset_id, observed_at, received_at, vals[1] as v from frame"};
constexpr Query outage_quarantine{"outage_quarantine",
                                  "select string_agg(convert_from(payload, 'UTF8'), ' ' order by "
                                  "payload) as dump from quarantine"};
constexpr Query outage_backends{
    "outage_backends",
    "select pid from pg_stat_activity where application_name = 'vigie' and pid <> "
    "pg_backend_pid() and backend_type = 'client backend'"};
constexpr Query outage_terminate{
    "outage_terminate",
    "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and "
    "backend_type = 'client backend'"};
constexpr Query outage_read_only{"outage_read_only",
                                 "alter database vigie set default_transaction_read_only = on"};
constexpr Query outage_read_write{"outage_read_write",
                                  "alter database vigie reset default_transaction_read_only"};
constexpr Query outage_clean{"outage_clean",
                             "truncate frame, frame_late, quarantine, rollup_dirty"};
constexpr Query outage_waiting{"outage_waiting", "select pid from pg_locks where not granted"};
constexpr Query outage_slow{"outage_slow",
                            "create function outage_slow() returns trigger language plpgsql as "
                            "'begin perform pg_sleep(0.005); return new; end'"};
constexpr Query outage_slow_rows{
    "outage_slow_rows",
    "create trigger outage_slow before insert on frame for each row execute function "
    "outage_slow()"};
constexpr Query outage_quick_rows{"outage_quick_rows", "drop function outage_slow cascade"};
constexpr Query outage_hold{"outage_hold", "lock table frame in access exclusive mode"};

// A cluster of the test's own, to be stopped and started; a writer with a spool on the disk.
class OutageTest : public testing::Test {
protected:
    static void SetUpTestSuite() {
        std::string pattern = "/tmp/vigie-outage-XXXXXX";
        folder_ = mkdtemp(pattern.data());
        fs::permissions(folder_, fs::perms(0755));
        cluster_ = std::make_unique<Cluster>(Cluster::Options{.folder = folder_,
                                                              .bin_folder = {},
                                                              .run_as = {},
                                                              .shared_buffers_mb = 32,
                                                              .disposable = true});
        cluster_->start();
        migrate(cluster_->url("vigie_owner"), embedded::migrations());
    }
    static void TearDownTestSuite() {
        cluster_->stop();
        cluster_.reset();
        fs::remove_all(folder_);
    }
    ~OutageTest() override {
        thaw();
        writer_.reset();
        cluster_->start();
        fs::remove_all(spool_folder());
        Pool owner(cluster_->url("vigie_owner"), 1);
        owner.write_now([](Transaction& tx) { tx.execute(outage_clean); });
    }

    static base::Instant noon() { return *base::parse_rfc3339("2026-11-22T12:00:00Z"); }
    static std::string spool_folder() { return (folder_ / "spool").string(); }

    void open(SpoolSettings settings = {}, std::size_t pending_max = 100'000) {
        settings.folder = spool_folder();
        spool_ = std::make_unique<Spool>(disk_files(), settings);
        spool_->open();
        start(spool_.get(), pending_max);
    }
    void start(Spool* spool, std::size_t pending_max = 100'000) {
        writer_ = std::make_unique<FrameWriter>(
            FrameWriterSettings{.app_url = cluster_->url("vigie_app"),
                                .owner_url = cluster_->url("vigie_owner"),
                                .pending_frames_max = pending_max,
                                .answer_limit = std::chrono::milliseconds{400},
                                .spool = spool},
            clock_, [this](std::vector<Submission>& batch) { durable(batch); });
        writer_->start();
    }

    void durable(const std::vector<Submission>& batch) {
        const std::lock_guard lock(mutex_);
        for (const auto& submission : batch) {
            ++durable_;
            for (const auto& frame : submission.frames)
                shown_[frame.asset_id].push_back(frame.observed_at);
        }
        changed_.notify_all();
    }

    std::size_t durable() {
        const std::lock_guard lock(mutex_);
        return durable_;
    }

    // The value follows from the key, so that every row can be compared.
    static double value_of(int asset, int second) { return asset * 1e6 + second; }

    bool submit(int asset, int second) {
        Submission submission;
        const auto at = noon() + std::chrono::seconds{second};
        submission.frames.push_back(
            {at, at + std::chrono::milliseconds{5}, asset, 1, false, {value_of(asset, second)}});
        if (!writer_->submit(submission)) return false;
        ++sent_;
        expected_.insert({asset, at});
        return true;
    }
    // As one message.
    void submit_together(int asset, int first, int last) {
        Submission submission;
        for (int second = first; second < last; ++second) {
            const auto at = noon() + std::chrono::seconds{second};
            submission.frames.push_back({at,
                                         at + std::chrono::milliseconds{5},
                                         asset,
                                         1,
                                         false,
                                         {value_of(asset, second)}});
            expected_.insert({asset, at});
        }
        ASSERT_TRUE(writer_->submit(submission));
        ++sent_;
    }
    void submit_seconds(int first, int last) {
        for (int second = first; second < last; ++second)
            ASSERT_TRUE(submit(1 + second % 5, second));
    }
    void submit_refused(const std::string& payload) {
        Submission submission;
        submission.quarantined.push_back(
            {noon(), "gw", "mqtt", "vigie/v1/X/observations", "not_json", "d", payload});
        ASSERT_TRUE(writer_->submit(submission));
        ++sent_;
    }

    template <typename Condition>
    void wait_until(Condition condition) {
        const auto until = std::chrono::steady_clock::now() + outage_patience;
        std::unique_lock lock(mutex_);
        while (!condition()) {
            ASSERT_LT(std::chrono::steady_clock::now(), until);
            changed_.wait_for(lock, std::chrono::milliseconds{5});
        }
    }
    void wait_durable() {
        wait_until([this] { return durable_ == sent_; });
    }
    void wait_drained() {
        wait_until([this] { return spool_->empty() && !writer_->counters().away; });
    }

    std::vector<pid_t> backends() {
        Pool pool(cluster_->url("vigie"), 1);
        return pool.read_now([](Transaction& tx) {
            std::vector<pid_t> pids;
            for (const auto& row : tx.rows(outage_backends))
                pids.push_back(static_cast<pid_t>(row.get<std::int64_t>("pid")));
            return pids;
        });
    }
    void freeze(const std::vector<pid_t>& pids) {
        for (const auto pid : pids) {
            ASSERT_EQ(kill(pid, SIGSTOP), 0);
            frozen_.push_back(pid);
        }
    }
    void thaw() {
        for (const auto pid : frozen_)
            kill(pid, SIGCONT);
        frozen_.clear();
    }

    void expect_everything_once() {
        Pool pool(cluster_->url("vigie_app"), 1);
        pool.read_now([this](Transaction& tx) {
            std::set<std::pair<int, base::Instant>> found;
            for (const auto& row : tx.rows(outage_frames)) {
                const auto asset = row.get<std::int32_t>("asset_id");
                const auto at = row.get<base::Instant>("observed_at");
                ASSERT_TRUE(found.insert({asset, at}).second);
                const auto second = std::chrono::duration_cast<std::chrono::seconds>(at - noon());
                ASSERT_EQ(row.get<double>("v"), value_of(asset, static_cast<int>(second.count())));
                ASSERT_EQ(row.get<base::Instant>("received_at"), at + std::chrono::milliseconds{5});
            }
            EXPECT_EQ(found, expected_);
        });
        for (const auto& [asset, times] : shown_)
            EXPECT_TRUE(std::ranges::is_sorted(times)) << "shown out of order: " << asset;
    }
    std::string quarantined() {
        Pool pool(cluster_->url("vigie_app"), 1);
        return pool.read_now([](Transaction& tx) {
            return tx.row(outage_quarantine)->maybe<std::string>("dump").value_or("");
        });
    }

    static inline fs::path folder_;
    static inline std::unique_ptr<Cluster> cluster_;
    base::ManualClock clock_{noon()};
    std::unique_ptr<Spool> spool_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t durable_ = 0;
    std::size_t sent_ = 0;
    std::map<int, std::vector<base::Instant>> shown_;
    std::set<std::pair<int, base::Instant>> expected_;
    std::vector<pid_t> frozen_;
    std::unique_ptr<FrameWriter> writer_;
};

TEST_F(OutageTest, WhatComesWhileItIsStoppedIsKeptShownAndBroughtToIt) {
    open();
    submit_seconds(0, 500);
    cluster_->stop();
    submit_seconds(500, 1'000);
    submit_refused("nonsense");
    wait_durable();
    EXPECT_TRUE(writer_->counters().away);
    EXPECT_GT(writer_->counters().spooled, 0U);
    submit_seconds(1'000, 1'500);
    wait_durable();
    cluster_->start();
    submit_seconds(1'500, 2'000);
    wait_durable();
    wait_drained();
    EXPECT_EQ(writer_->counters().drained, writer_->counters().spooled);
    EXPECT_TRUE(fs::is_empty(spool_folder()));
    submit_seconds(2'000, 2'100);
    wait_durable();
    wait_drained();  // where the machine is busy it may have been away once more
    expect_everything_once();
    EXPECT_EQ(quarantined(), "nonsense");
}

TEST_F(OutageTest, AStopInTheMiddleOfALoadAgainAndAgain) {
    open();
    int second = 0;
    for (int round = 0; round < 4; ++round) {
        submit_seconds(second, second + 400);
        cluster_->stop();
        submit_seconds(second + 400, second + 600);
        cluster_->start();
        second += 600;
    }
    wait_durable();
    wait_drained();
    expect_everything_once();
}

TEST_F(OutageTest, ASpoolThatIsEmptiedTwiceChangesNothing) {
    open();
    cluster_->stop();
    submit_seconds(0, 300);
    submit_refused("once");
    wait_durable();
    writer_->stop(std::chrono::seconds{20});
    fs::copy(spool_folder(), folder_ / "before", fs::copy_options::recursive);
    cluster_->start();
    for (int time = 0; time < 2; ++time) {
        open();
        wait_drained();
        EXPECT_TRUE(writer_->stop(std::chrono::seconds{20}));
        expect_everything_once();
        EXPECT_EQ(quarantined(), "once");
        // As after a kill between the commit and the deletion of the segment.
        fs::copy(folder_ / "before", spool_folder(), fs::copy_options::recursive);
    }
}

TEST_F(OutageTest, WhatAnEarlierRunLeftIsReadInOrderAndBroughtToTheDatabase) {
    open();
    cluster_->stop();
    submit_seconds(0, 300);
    wait_durable();
    writer_->stop(std::chrono::seconds{20});
    spool_ = std::make_unique<Spool>(disk_files(), SpoolSettings{.folder = spool_folder()});
    spool_->open();
    std::map<int, std::vector<base::Instant>> read;
    read_spooled(*spool_, [&read](const std::vector<Frame>& frames) {
        for (const auto& frame : frames)
            read[frame.asset_id].push_back(frame.observed_at);
    });
    EXPECT_EQ(read, shown_);
    cluster_->start();
    open();
    wait_drained();
    expect_everything_once();
}

TEST_F(OutageTest, ABackendThatStandsStillHoldsUpNobody) {
    open();
    submit_seconds(0, 100);
    wait_durable();
    freeze(backends());
    const auto since = std::chrono::steady_clock::now();
    submit_seconds(100, 300);
    wait_durable();
    EXPECT_LT(std::chrono::steady_clock::now() - since, std::chrono::seconds{5});
    EXPECT_GT(writer_->counters().retries, 0U);
    wait_drained();
    thaw();
    submit_seconds(300, 400);
    wait_durable();
    wait_drained();
    expect_everything_once();
}

TEST_F(OutageTest, AClusterThatStandsStillIsAway) {
    open();
    submit_seconds(0, 100);
    wait_durable();
    auto pids = backends();
    pids.push_back(*cluster_->pid());
    freeze(pids);
    submit_seconds(100, 200);
    wait_durable();
    EXPECT_TRUE(writer_->counters().away);
    thaw();
    submit_seconds(200, 300);
    wait_durable();
    wait_drained();
    expect_everything_once();
}

TEST_F(OutageTest, AStatementOfAClusterThatStandsStillCanBeCutOff) {
    Pool pool(cluster_->url("vigie_app"), 1);
    const auto ask = [&pool] {
        return pool.read_now([](Transaction& tx) { return tx.rows(outage_frames).size(); });
    };
    EXPECT_EQ(ask(), 0U);
    auto pids = backends();
    pids.push_back(*cluster_->pid());
    freeze(pids);
    auto stuck = std::async(std::launch::async, ask);
    wait_until([&] { return pool.cut_silent(std::chrono::milliseconds{50}) == 1; });
    EXPECT_THROW((void)stuck.get(), Unavailable);
    thaw();
    EXPECT_EQ(pool.cut_silent({}), 0U);
    EXPECT_EQ(ask(), 0U);
}

TEST_F(OutageTest, ALockThatIsNotGivenIsNoReasonToWait) {
    open();
    submit_seconds(0, 100);
    wait_durable();
    Pool pool(cluster_->url("vigie"), 1);
    pool.write_now([this](Transaction& tx) {
        tx.execute(outage_hold);
        submit_seconds(100, 200);
        wait_durable();
        EXPECT_GT(writer_->counters().spooled, 0U);
        // Who gave up waiting leaves nobody behind who waits for it.
        std::set<std::int64_t> seen;
        std::size_t waiting = 0;
        wait_until([&] {
            const auto rows = tx.rows(outage_waiting);
            waiting = rows.size();
            for (const auto& row : rows)
                seen.insert(row.get<std::int64_t>("pid"));
            return seen.size() >= 5;
        });
        EXPECT_LE(waiting, 2U);
    });
    wait_drained();
    expect_everything_once();
}

TEST_F(OutageTest, WhatIsTooSlowAtOnceGoesInPieces) {
    open();
    submit_seconds(0, 5);
    wait_durable();
    Pool owner(cluster_->url("vigie_owner"), 0);
    owner.write_now([](Transaction& tx) {
        tx.execute(outage_slow);
        tx.execute(outage_slow_rows);
    });
    submit_together(1, 5, 405);  // two seconds of work, where an answer is waited for for 0.4
    wait_durable();
    EXPECT_GT(writer_->counters().spooled, 0U);
    wait_drained();
    owner.write_now([](Transaction& tx) { tx.execute(outage_quick_rows); });
    expect_everything_once();
}

TEST_F(OutageTest, WithoutASpoolTooWhatIsTooSlowAtOnceGoesInPieces) {
    start(nullptr);
    Pool owner(cluster_->url("vigie_owner"), 0);
    owner.write_now([](Transaction& tx) {
        tx.execute(outage_slow);
        tx.execute(outage_slow_rows);
    });
    submit_together(1, 0, 200);
    wait_durable();
    owner.write_now([](Transaction& tx) { tx.execute(outage_quick_rows); });
    expect_everything_once();
}

TEST_F(OutageTest, ABatchLargerThanTheRoomOfTheSpoolUsesWhatThereIs) {
    open({.folder = {}, .bytes_max = 300'000});
    cluster_->stop();
    submit_together(1, 0, 10'000);
    wait_until([this] { return writer_->counters().spool_full > 2; });
    EXPECT_GT(writer_->counters().spooled, 5'000U);
    EXPECT_EQ(spool_->counters().appended, 1U) << "what is kept is not kept again";
    cluster_->start();
    wait_durable();
    wait_drained();
    expect_everything_once();
}

TEST_F(OutageTest, ADatabaseThatOnlyReadsIsAway) {
    open();
    submit_seconds(0, 100);
    wait_durable();
    Pool pool(cluster_->url("vigie", "postgres"), 1);
    const auto switch_to = [&pool](const Query& query) {
        pool.write_now([&query](Transaction& tx) {
            tx.execute(query);
            (void)tx.rows(outage_terminate);
        });
    };
    switch_to(outage_read_only);
    submit_seconds(100, 200);
    wait_durable();
    wait_until([this] { return writer_->counters().away.load(); });
    EXPECT_EQ(writer_->counters().refused_rows, 0U) << "no row is to blame";
    switch_to(outage_read_write);
    wait_drained();
    expect_everything_once();
    EXPECT_EQ(quarantined(), "");
}

TEST_F(OutageTest, AFullSpoolMakesDevicesWaitAndLosesNothing) {
    open({.folder = {}, .bytes_max = 4'000}, 50);
    cluster_->stop();
    int second = 0;
    while (writer_->counters().spool_full == 0) {
        if (submit(1 + second % 5, second)) ++second;
    }
    while (submit(1 + second % 5, second))
        ++second;
    EXPECT_LT(durable(), sent_) << "what the spool had no room for is not acknowledged";
    EXPECT_LE(spool_->counters().bytes, 4'000U);
    EXPECT_LE(writer_->counters().pending, 50U);
    EXPECT_FALSE(writer_->takes_in());
    cluster_->start();
    wait_durable();
    wait_drained();
    wait_until([this] { return writer_->takes_in(); });
    expect_everything_once();
}

TEST_F(OutageTest, AHeldWriterTakesNothingAndSaysWhenItDoesAgain) {
    open();
    bool room = false;
    writer_->on_room([&room] { room = true; });
    EXPECT_TRUE(writer_->takes_in());
    writer_->hold(true);
    EXPECT_FALSE(writer_->takes_in());
    EXPECT_FALSE(submit(1, 0));
    EXPECT_FALSE(room);
    writer_->hold(false);
    EXPECT_TRUE(writer_->takes_in());
    EXPECT_TRUE(room);
    EXPECT_TRUE(submit(1, 0));
    wait_durable();
    expect_everything_once();
}

}  // namespace
}  // namespace vigie::store
