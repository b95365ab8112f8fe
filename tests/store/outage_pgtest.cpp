// The database goes away in the middle of a load, in every way it can: what was acknowledged is
// there afterwards, once.
#include "tests/store/outage_run.hpp"

#include <gmock/gmock.h>

#include <future>

namespace vigie::store {
namespace {

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

TEST_F(OutageTest, AConnectionThatEndedWhileItRestedMeansNoOutage) {
    answer_limit_ = std::chrono::seconds{30};
    open();
    submit_seconds(0, 1'000);
    wait_durable();
    Pool superuser(cluster_->url("vigie"), 1);
    const auto pids = backends();
    EXPECT_GE(pids.size(), 2U) << "each writer has one";
    superuser.read_now([&pids](Transaction& tx) {
        for (const auto pid : pids)
            EXPECT_TRUE(tx.row(outage_end, pid)->get<bool>("ended"));
    });
    submit_seconds(1'000, 2'000);
    wait_durable();
    EXPECT_EQ(writer_->counters().spooled, 0U);
    expect_everything_once();
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
    // Who is cut off must not try to connect anew: that would stand still as well, for a minute.
    Pool pool(cluster_->url("vigie_app") + " connect_timeout=60", 1);
    const auto ask = [&pool] {
        return pool.read_now([](Transaction& tx) { return tx.rows(outage_frames).size(); });
    };
    EXPECT_EQ(ask(), 0U);
    auto pids = backends();
    pids.push_back(*cluster_->pid());
    freeze(pids);
    auto stuck = std::async(std::launch::async, ask);
    wait_until([&] { return pool.cut_silent(std::chrono::milliseconds{50}) == 1; });
    EXPECT_EQ(stuck.wait_for(std::chrono::seconds{20}), std::future_status::ready);
    thaw();
    EXPECT_THROW((void)stuck.get(), Unavailable);
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
    submit_together(1, 5, 405);
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
