#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <thread>

#include "store/turns.hpp"
#include "tests/store/frame_writer_run.hpp"
#include "vigie/base/limits.hpp"

namespace vigie::store {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr Query quarantine_dump{
    "quarantine_dump",
    "select string_agg(reason || ':' || convert_from(payload, 'UTF8'), ' ' order by id) as dump "
    "from quarantine"};
constexpr Query quarantine_details{
    "quarantine_details",
    "select string_agg(detail, ' ' order by detail collate \"C\") as dump from quarantine"};
constexpr Query quarantine_count{
    "quarantine_count",
    "select count(*) filter (where detail = 'old') || ' old, ' || count(*) filter (where detail = "
    "'new') || ' new' as dump from quarantine"};
constexpr Query fill_quarantine{
    "fill_quarantine",
    "insert into quarantine (received_at, credential, channel, topic, reason, detail, payload) "
    "select '2026-11-22T11:00:00Z', 'gw', 'mqtt', 't', 'not_json', 'old', '{' "
    "from generate_series(1, $1::int)"};
constexpr Query kill_others{"kill_others",
                            "select pg_terminate_backend(pid) from pg_stat_activity "
                            "where datname = current_database() and pid <> pg_backend_pid()"};
constexpr Query refuse_detail{"refuse_detail",
                              "alter table quarantine add check (detail <> 'bad')"};
constexpr Query refuse_payload{"refuse_payload",
                               "alter table quarantine add check (payload <> 'bad')"};
constexpr Query refuse_unsafe{
    "refuse_unsafe", "alter table frame add check (current_setting('synchronous_commit') = 'on')"};
constexpr Query commit_setting{"commit_setting",
                               "select current_setting('synchronous_commit') as dump"};
constexpr Query refuse_layout{"refuse_layout", "alter table frame add check (layout <> 99)"};

constexpr Query mark_dump{
    "mark_dump",
    "select string_agg(asset_id || '@' || hour || '/' || generation, ' ' order by asset_id, hour) "
    "as dump from rollup_dirty"};
constexpr Query late_dump{
    "late_dump",
    "select string_agg(asset_id || '@' || observed_at::time || vals::text, ' ' order by id) as "
    "dump from frame_late"};
constexpr Query forget_marks{"forget_marks", "delete from rollup_dirty"};
constexpr Query close_day{"close_day",
                          "insert into storage_day (day, closing_at) values ($1::date, now())"};

TEST_F(FrameWriterTest, StoresWhatItSaysItStored) {
    open();
    submit(frame(1, 0, {1.5, nothing}));
    wait_all();
    EXPECT_EQ(dump(), "1@2026-11-22 12:00:00+00<2026-11-22 12:00:00.005+00{1.5,NULL}");
}

TEST_F(FrameWriterTest, TheSameDayThreeTimesShuffledIsStoredOnce) {
    std::vector<Frame> day;
    for (int i = 0; i < 400; ++i) {
        day.push_back(frame(1 + i % 7, i * 60, {static_cast<double>(i), nothing}));
        day.push_back(frame(1 + i % 7, i * 60, {nothing, static_cast<double>(-i)}));
    }
    open();
    for (const Frame& f : day) {
        submit(f);
        if (&f - day.data() == 20) wait_all();  // what follows is later than what is known
    }
    wait_all();
    const std::string once = dump();
    std::mt19937 random(3);
    for (int round = 0; round < 3; ++round) {
        std::ranges::shuffle(day, random);
        for (const Frame& f : day)
            submit(f);
        wait_all();
        ASSERT_EQ(dump(), once);
    }
    EXPECT_GT(writer_->counters().copied, 0U);
    EXPECT_GT(writer_->counters().upserted, 0U);
}

TEST_F(FrameWriterTest, CountsTwoValuesForOneInstantInAndBetweenBatches) {
    open();
    submit(frame(1, 0, {1, 7, nothing}));
    wait_all();
    submit(frame(1, 0, {1, 7, nothing}));  // the same again
    submit(frame(2, 0, {5}));
    wait_all();
    submit(frame(1, 0, {1, nothing, 3}));  // and what was missing
    wait_all();
    EXPECT_EQ(writer_->counters().conflicts, 0U);
    submit(frame(1, 0, {2, 6, 3}));
    wait_all();
    EXPECT_EQ(writer_->counters().conflicts, 2U);
    EXPECT_NE(dump().find("{2,7,3}"), std::string::npos) << "the greater of both: " << dump();
    Submission both;
    both.frames = {frame(3, 0, {1}), frame(3, 0, {2})};
    both.ticket = 1;
    ASSERT_TRUE(writer_->submit(both));
    ++sent_;
    wait_all();
    EXPECT_EQ(writer_->counters().conflicts, 3U);
}

TEST_F(FrameWriterTest, MakesTheDayThatAnOldFrameNeeds) {
    open();
    submit(frame(1, -86'400 * 400, {1}));
    submit(frame(1, 0, {2}));
    wait_all();
    EXPECT_NE(dump().find("2025-10-18"), std::string::npos);
}

TEST_F(FrameWriterTest, ARowTheDatabaseRefusesHoldsBackNoOther) {
    {
        Pool owner(db_.owner_url(), 1);
        owner.write_now([](Transaction& tx) { tx.execute(refuse_layout); });
    }
    open();
    for (int i = 0; i < 50; ++i)
        submit(frame(i + 1, i, {static_cast<double>(i)}, i == 17 || i == 31 ? 99 : 1));
    wait_all();
    Pool pool(db_.app_url(), 1);
    EXPECT_EQ(
        pool.read_now([](Transaction& tx) { return tx.row(frame_dump)->get<std::int64_t>("n"); }),
        48);
    EXPECT_EQ(dump(quarantine_dump), "database_refused:{17} database_refused:{31}");
}

TEST_F(FrameWriterTest, GoesOnAfterItsConnectionsWereCut) {
    open();
    submit(frame(1, 0, {1}));
    wait_all();
    Pool superuser(db_.superuser_url(), 1);
    for (int i = 1; i <= 200; ++i) {
        submit(frame(1 + i % 5, i, {static_cast<double>(i)}));
        if (i % 50 == 0) superuser.write_now([](Transaction& tx) { (void)tx.rows(kill_others); });
    }
    wait_all();
    Pool pool(db_.app_url(), 1);
    EXPECT_EQ(
        pool.read_now([](Transaction& tx) { return tx.row(frame_dump)->get<std::int64_t>("n"); }),
        201);
}

// 2026-11-22T12:00 is hour 498,708 since 1970.
TEST_F(FrameWriterTest, MarksEachHourItTouchesOnce) {
    open();
    submit(frame(1, 0, {1}));
    submit(frame(1, 3'599, {1}));
    submit(frame(2, -1, {1}));
    wait_all();
    EXPECT_EQ(dump(mark_dump), "1@498708/1 2@498707/1");
    Pool pool(db_.app_url(), 1);
    pool.write_now([](Transaction& tx) { tx.execute(forget_marks); });
    submit(frame(1, 60, {1}));
    submit(frame(2, -2, {1}));
    wait_all();
    EXPECT_EQ(dump(mark_dump), "") << "it remembers what it marked";
    EXPECT_EQ(writer_->settle_marks(498'708), 1);
    submit(frame(1, 61, {1}));
    submit(frame(2, -3, {1}));
    wait_all();
    EXPECT_EQ(dump(mark_dump), "2@498707/2")
        << "what may be taken is marked anew, the open hour not";
}

TEST_F(FrameWriterTest, AMarkSetAgainCarriesTheGreaterGeneration) {
    open();
    submit(frame(1, 0, {1}));
    wait_all();
    EXPECT_EQ(writer_->settle_marks(498'709), 1);
    submit(frame(1, 1, {1}));
    wait_all();
    EXPECT_EQ(dump(mark_dump), "1@498708/2");
    writer_->stop(std::chrono::seconds(20));
    open();
    EXPECT_EQ(writer_->settle_marks(498'709), 3) << "greater than any that is stored";
}

TEST_F(FrameWriterTest, WhatComesForAPackedDayGoesApart) {
    open();
    submit(frame(1, 0, {1}));
    wait_all();
    const auto stored = dump();
    writer_->route_late(std::chrono::floor<std::chrono::days>(noon()));
    submit(frame(1, 60, {2}));
    submit(frame(1, 60, {2}));
    submit(frame(1, 86'400, {3}));
    wait_all();
    EXPECT_THAT(dump(late_dump), testing::StartsWith("1@12:01:00{2}"));
    EXPECT_EQ(dump(), stored + " 1@2026-11-23 12:00:00+00<2026-11-23 12:00:00.005+00{3}");
    EXPECT_GE(writer_->counters().late.load(), 1U);
}

TEST_F(FrameWriterTest, KnowsThePackedDaysAfterARestart) {
    Pool pool(db_.app_url(), 1);
    pool.write_now([](Transaction& tx) { tx.execute(close_day, "2026-11-20"); });
    open();
    submit(frame(1, -2 * 86'400, {7}));
    wait_all();
    EXPECT_EQ(dump(late_dump), "1@12:00:00{7}");
    EXPECT_EQ(dump(), "");
}

TEST_F(FrameWriterTest, TakesNoMoreThanItsLimitAndTellsWhenThereIsRoom) {
    open(10);
    std::mutex mutex;
    std::condition_variable told;
    bool room = false;
    writer_->on_room([&] {
        const std::lock_guard lock(mutex);
        room = true;
        told.notify_all();
    });
    Submission ten;
    for (int i = 0; i < 10; ++i)
        ten.frames.push_back(frame(1, i, {1}));
    Submission eleven = ten;
    eleven.frames.push_back(frame(1, 10, {1}));
    EXPECT_FALSE(writer_->submit(eleven));
    EXPECT_EQ(eleven.frames.size(), 11U) << "a refused submission stays with its owner";
    EXPECT_TRUE(writer_->submit(ten));
    std::unique_lock lock(mutex);
    EXPECT_TRUE(told.wait_for(lock, std::chrono::seconds(20), [&] { return room; }));
}

TEST_F(FrameWriterTest, WhateverARefusedMessageHoldsItIsKept) {
    open();
    const std::string nul("/values/a\0b", 11);
    for (const std::string& text : {nul, std::string("\xff\xfe"), std::string("\"{}\\,")}) {
        Submission refused;
        refused.quarantined.push_back({noon(), text, "mqtt", text, "not_json", text, "p" + text});
        refused.ticket = 1;
        ASSERT_TRUE(writer_->submit(refused));
        ++sent_;
    }
    submit(frame(1, 0, {1}));
    wait_all();
    EXPECT_EQ(dump(quarantine_details), "\"{}\\, /values/a\u2400b fffe");
    EXPECT_EQ(writer_->counters().refused_rows, 0U);
}

TEST_F(FrameWriterTest, HoldsQuarantineToItsBoundWhileItFills) {
    constexpr int rows_max = base::limits::quarantine_rows_max;
    constexpr int between = base::limits::quarantine_rows_between_bounds;
    Pool superuser(db_.superuser_url(), 1);
    superuser.write_now([&](Transaction& tx) { tx.execute(fill_quarantine, rows_max); });
    open_one(100'000);
    int sent = 0;
    const auto refuse = [&](int count) {
        std::vector<Quarantined> rows;
        for (int i = 0; i < count; ++i)
            rows.push_back({noon(), "gw", "mqtt", "t", "not_json", "new", std::to_string(++sent)});
        submit_refused(std::move(rows));
        wait_all();
    };
    refuse(between - 1);
    EXPECT_EQ(dump(quarantine_count), fmt::format("{} old, {} new", rows_max, between - 1));
    refuse(1);
    EXPECT_EQ(dump(quarantine_count), fmt::format("{} old, {} new", rows_max - between, between));
    refuse(between);
    EXPECT_EQ(dump(quarantine_count),
              fmt::format("{} old, {} new", rows_max - 2 * between, 2 * between));
}

TEST_F(FrameWriterTest, ARefusedMessageTakesRoomByItsSize) {
    using Q = Quarantined;
    for (auto part : {&Q::credential, &Q::topic, &Q::detail, &Q::payload}) {
        open(10);
        Submission refused;
        refused.quarantined.push_back({noon(), "gw", "mqtt", "t", "not_json", "d", "p"});
        refused.quarantined[0].*part = std::string(1'000, 'x');
        EXPECT_FALSE(writer_->submit(refused)) << "more than 10";
        refused.quarantined[0].*part = std::string(900, 'x');
        EXPECT_TRUE(writer_->submit(refused));
    }
}

TEST_F(FrameWriterTest, AQuarantineRowTheDatabaseRefusesIsKeptWithoutWhatItRefuses) {
    {
        Pool owner(db_.owner_url(), 1);
        owner.write_now([](Transaction& tx) {
            tx.execute(refuse_detail);
            tx.execute(refuse_payload);
        });
    }
    open();
    submit_refused({{noon(), "gw", "mqtt", "t", "not_json", "d", "1"},
                    {noon(), "gw", "mqtt", "t", "not_json", "bad", "2"},
                    {noon(), "gw", "mqtt", "t", "not_json", "d", "bad"},
                    {noon(), "gw", "mqtt", "t", "not_json", "d", "4"}});
    submit(frame(1, 0, {1}));
    wait_all();
    EXPECT_EQ(dump(quarantine_dump), "not_json:1 not_json:2 database_refused: not_json:4");
    EXPECT_EQ(writer_->counters().refused_rows, 2U);
    EXPECT_NE(dump(), "");
}

TEST_F(FrameWriterTest, ACommitIsSafeWhateverTheServersDefaultIs) {
    {
        Pool owner(db_.owner_url(), 1);
        owner.write_now([](Transaction& tx) { tx.execute(refuse_unsafe); });
    }
    const auto with = [this](const char* setting) {
        return db_.app_url() +
               " options='-c timezone=UTC -c datestyle=ISO -c synchronous_commit=" + setting + "'";
    };
    app_url_ = with("off");
    open();
    submit(frame(1, 0, {1}));
    submit(frame(1, 0, {2}));
    wait_all();
    EXPECT_EQ(writer_->counters().refused_rows, 0U);
    for (const auto& [given, kept] : {std::pair{"off", "on"}, {"remote_apply", "remote_apply"}}) {
        Pool pool(with(given), 0);
        pool.read_now([&](Transaction& tx) {
            EXPECT_EQ(tx.row(commit_setting)->get<std::string>("dump"), kept);
        });
    }
}

// Neither a second submission nor a timer is waited for: the quickest of many shows it, however
// busy the machine is.
TEST_F(FrameWriterTest, IdleItCommitsEachSubmissionByItselfAndAtOnce) {
    open_one(1'000);
    auto quickest = std::chrono::steady_clock::duration::max();
    for (std::uint64_t i = 1; i <= 50; ++i) {
        const auto began = std::chrono::steady_clock::now();
        submit(frame(1, ++second_, {1}));
        wait_all();
        quickest = std::min(quickest, std::chrono::steady_clock::now() - began);
        EXPECT_EQ(writer_->counters().commits, i);
    }
    EXPECT_LT(quickest, std::chrono::milliseconds{20});
}

TEST_F(FrameWriterTest, BusyItTakesAllThatCameMeanwhileInOneCommit) {
    open_one(1'000);
    EXPECT_EQ(commits_for(300), 1U);
    EXPECT_EQ(commits_for(1), 1U);
}

TEST_F(FrameWriterTest, LittleOfTwoWritersGoesInOneCommitAndMuchInOneOfEach) {
    open();
    EXPECT_EQ(commits_for(frames_together_max), 1U);
    Pool holder(db_.superuser_url(), 1);
    holder.write_now([&](Transaction& tx) {
        tx.execute(hold_frames);
        std::vector<Frame> frames;
        ++second_;
        for (int i = 0; i < 2 * static_cast<int>(frames_together_max + 1); ++i)
            frames.push_back(frame(2 + i, second_, {1}));
        submit(std::move(frames));
        wait_for_locked(2);
    });
    wait_all();
    EXPECT_EQ(commits_for(1), 1U);
}

// Bursts of all sizes, so that the writers go together and side by side in turns.
TEST_F(FrameWriterTest, TheListenerHearsOfEachAssetInOrderHoweverMuchComes) {
    constexpr int assets = 7;
    std::map<std::int32_t, base::Instant> heard;
    std::size_t frames = 0;
    FrameWriter writer({.app_url = app_url_, .owner_url = db_.owner_url(), .writers = 3}, clock_,
                       [&](std::vector<Submission>& batch) {
                           const std::lock_guard lock(mutex_);
                           for (const Frame& f : batch.front().frames) {
                               EXPECT_GT(f.observed_at,
                                         std::exchange(heard[f.asset_id], f.observed_at));
                               ++frames;
                           }
                       });
    for (int asset = 1; asset <= assets; ++asset)
        writer.know(asset, noon());
    writer.start();
    std::mt19937 random(11);
    std::size_t sent = 0;
    for (int burst = 0; burst < 60; ++burst) {
        const auto size = std::uniform_int_distribution<int>(1, 3 * frames_together_max)(random);
        for (int i = 0; i < size; ++i) {
            const auto second = static_cast<int>(++sent);
            Submission one;
            one.frames = {frame(1 + second % assets, second, {1})};
            ASSERT_TRUE(writer.submit(one));
        }
        while (burst % 2 == 0 && writer.counters().pending > 0)
            std::this_thread::yield();
    }
    EXPECT_TRUE(writer.stop(std::chrono::seconds{60}));
    EXPECT_EQ(frames, sent);
    EXPECT_EQ(writer.counters().copied, sent) << "each is later than what was known";
}

TEST_F(FrameWriterTest, ACommitHoldsItsLimitAtNAndNPlusOne) {
    open_one(10);
    EXPECT_EQ(commits_for(10), 1U);
    EXPECT_EQ(commits_for(11), 2U);
}

TEST_F(FrameWriterTest, DrainsBeforeItStops) {
    open();
    for (int i = 0; i < 1000; ++i)
        submit(frame(1 + i % 3, i, {1}));
    EXPECT_TRUE(writer_->stop(std::chrono::seconds(20)));
    EXPECT_EQ(durable_, 1000);
    Submission late;
    EXPECT_FALSE(writer_->submit(late));
}

}  // namespace
}  // namespace vigie::store
