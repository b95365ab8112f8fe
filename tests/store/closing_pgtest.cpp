#include "vigie/store/closing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "tests/support/pgtest_database.hpp"
#include "vigie/store/series.hpp"

namespace vigie::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr double absent = std::numeric_limits<double>::quiet_NaN();
constexpr Day closing_today{std::chrono::year{2026} / 11 / 22};
constexpr Day old_day{std::chrono::year{2026} / 11 / 18};

constexpr Query day_state{
    "day_state",
    "select (closed_at is not null)::int + (dropped_at is not null)::int as state, frames, present "
    "from storage_day where day = $1::date"};
constexpr Query table_there{"table_there", "select to_regclass($1::text) is not null as there"};
constexpr Query chunk_count{"chunk_count", "select count(*) as n from chunk"};
constexpr Query late_count{"late_count", "select count(*) as n from frame_late"};
constexpr Query rollup_count{"rollup_count", "select count(*) as n from rollup"};
constexpr Query cut_owner{"cut_owner",
                          "select pg_terminate_backend(pid) from pg_stat_activity "
                          "where datname = current_database() and usename = 'vigie_owner'"};
constexpr Query look{"look", "select count(*) as n from frame where observed_at < '2026-11-19'"};
constexpr Query bend_chunk{"bend_chunk",
                           "update chunk set body = set_byte(body, 20, get_byte(body, 20) # 1)"};
constexpr Query add_kind{"add_kind", "insert into asset_kind (code) values ('k') returning id"};
constexpr Query add_asset{
    "add_asset",
    "insert into asset (id, code, kind_id, lon, lat, life_stage) overriding system value "
    "values ($1, $2, $3, 5, 47, 'in_service')"};
constexpr Query add_rollup{
    "add_rollup",
    "insert into rollup (asset_id, day, counts, mins, maxs, sums, lasts, body) values "
    "($1, $2::date, '{}', '{}', '{}', '{}', '{}', '')"};
constexpr Query forget_all_marks{"forget_all_marks", "delete from rollup_dirty"};

// A writer, what it was given, and the closing beside it.
class ClosingTest : public testing::Test {
protected:
    ClosingTest() { open_writer(); }

    void open_writer() {
        writer_.reset();
        writer_ = std::make_unique<FrameWriter>(
            FrameWriterSettings{.app_url = db_.app_url(), .owner_url = db_.owner_url()}, clock_,
            [this](std::vector<Submission>& batch) {
                const std::lock_guard lock(mutex_);
                durable_ += batch.size();
                changed_.notify_all();
            });
        writer_->start();
    }

    Closing closing(std::function<void(ClosingStep)> at_step = {}) {
        return Closing({.app_url = db_.app_url(),
                        .owner_url = db_.owner_url(),
                        .linger = 0s,
                        .wait_max = 300ms,
                        .at_step = std::move(at_step)},
                       clock_, [this](Day day) { writer_->route_late(day); });
    }

    void put(int asset, base::Instant at, std::vector<double> vals) {
        Submission submission;
        submission.frames.push_back({at, at + 1234us, asset, 1, false, vals});
        ASSERT_TRUE(writer_->submit(submission));
        ++sent_;
        auto& row = stored_[asset][at];
        row.resize(std::max(row.size(), vals.size()), absent);
        for (std::size_t i = 0; i < vals.size(); ++i) {
            if (!std::isnan(vals[i]) && !(row[i] >= vals[i])) row[i] = vals[i];
        }
    }
    void settle() {
        std::unique_lock lock(mutex_);
        ASSERT_TRUE(changed_.wait_for(lock, 60s, [this] { return durable_ == sent_; }));
    }
    void fill(Day day, int assets = 5, int frames = 200) {
        for (int i = 0; i < frames; ++i) {
            for (int asset = 1; asset <= assets; ++asset) {
                put(asset, base::Instant(day) + i * 61s + asset * 7ms,
                    {i * 0.1, i % 3 == 0 ? absent : 1.0 * asset});
            }
        }
        settle();
    }

    // The series of every asset is what was given, whatever state its days are in.
    void expect_series() {
        Pool pool(db_.app_url(), 0);
        for (const auto& [asset, rows] : stored_) {
            const auto found = pool.read_now([&, id = asset](Transaction& tx) {
                hold_series(tx);
                return read_series(tx, {.asset = id,
                                        .from = base::Instant(closing_today) - 24h * 30,
                                        .to = base::Instant(closing_today) + 24h,
                                        .positions = std::nullopt});
            });
            ASSERT_EQ(found.size(), rows.size());
            std::size_t i = 0;
            for (const auto& [at, values] : rows) {
                ASSERT_EQ(found.observed_us[i], base::epoch_us(at));
                for (std::size_t p = 0; p < values.size(); ++p) {
                    const double value = found.value(i, p);
                    ASSERT_TRUE(value == values[p] || (std::isnan(value) && std::isnan(values[p])));
                }
                ++i;
            }
        }
    }

    std::int64_t number(const Query& query) {
        return pool_.read_now(
            [&](Transaction& tx) { return tx.row(query)->get<std::int64_t>("n"); });
    }
    int state(Day day) {
        return pool_.read_now([&](Transaction& tx) {
            const auto row = tx.optional_row(day_state, base::to_rfc3339(base::Instant(day)));
            return row ? row->get<std::int32_t>("state") : -1;
        });
    }
    bool has_table(const char* name) {
        return pool_.read_now(
            [&](Transaction& tx) { return tx.row(table_there, name)->get<bool>("there"); });
    }

    test::Database db_;
    base::ManualClock clock_{base::Instant(closing_today) + 12h};
    Pool pool_{db_.app_url(), 0};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t durable_ = 0;
    std::size_t sent_ = 0;
    std::map<int, std::map<base::Instant, std::vector<double>>> stored_;
    std::unique_ptr<FrameWriter> writer_;
};

TEST_F(ClosingTest, PacksADayAndTheSeriesStaysWhatItWas) {
    fill(old_day);
    fill(old_day + std::chrono::days{1}, 2, 50);
    expect_series();
    auto c = closing();
    EXPECT_THAT(c.open_days(closing_today - std::chrono::days{2}),
                ElementsAre(old_day, old_day + std::chrono::days{1}));
    const auto closed = c.close(old_day);
    ASSERT_TRUE(closed.ok()) << closed.error().detail.en;
    EXPECT_EQ(closed->frames, 1'000);
    EXPECT_EQ(closed->values, 5 * (200 + 133));
    EXPECT_EQ(number(chunk_count), 5);
    EXPECT_EQ(state(old_day), 1);
    expect_series();
    EXPECT_TRUE(has_table("frame_20261118"));
    EXPECT_EQ(c.drop_closed(), 0U);
    EXPECT_FALSE(has_table("frame_20261118"));
    EXPECT_EQ(state(old_day), 2);
    expect_series();
    EXPECT_EQ(c.close(old_day).error().code, base::Errc::conflict);
    EXPECT_EQ(c.close(old_day - std::chrono::days{9}).error().code, base::Errc::not_found);
    EXPECT_THAT(c.open_days(closing_today - std::chrono::days{2}),
                ElementsAre(old_day + std::chrono::days{1}));
}

TEST_F(ClosingTest, WaitsBeforeItDropsWhatAReaderMayStillWant) {
    fill(old_day, 1, 10);
    Closing c(
        {.app_url = db_.app_url(), .owner_url = db_.owner_url(), .linger = 1min, .at_step = {}},
        clock_, [this](Day day) { writer_->route_late(day); });
    ASSERT_TRUE(c.close(old_day).ok());
    EXPECT_EQ(c.drop_closed(), 1U);
    clock_.advance(59s);
    EXPECT_EQ(c.drop_closed(), 1U);
    clock_.advance(1s);
    EXPECT_EQ(c.drop_closed(), 0U);
}

TEST_F(ClosingTest, MergesWhatComesLateAndPacksItToo) {
    fill(old_day);
    auto c = closing();
    ASSERT_TRUE(c.close(old_day).ok());
    put(1, base::Instant(old_day) + 7ms, {absent, 42});  // fills a value in
    put(1, base::Instant(old_day) + 7ms, {-5, absent});  // less than what is there
    put(2, base::Instant(old_day) + 23h, {7, 8, 9});     // a wider one, after all others
    put(9, base::Instant(old_day) + 1h, {1});            // an asset that had said nothing
    settle();
    EXPECT_GE(number(late_count), 3) << "those of one instant may have been one batch";
    expect_series();
    EXPECT_EQ(c.drop_closed(), 0U);
    expect_series();
    const auto first = c.newest_late();
    put(4, base::Instant(old_day) + 2h, {4});
    settle();
    EXPECT_GT(c.newest_late(), first);
    const auto repacked = c.repack(first);
    EXPECT_EQ(repacked.days, 3U);
    EXPECT_EQ(repacked.conflicts, 1U) << "what was filled in is none";
    EXPECT_EQ(number(late_count), 1) << "it came after";
    expect_series();
    EXPECT_EQ(c.repack().days, 1U);
    EXPECT_EQ(number(late_count), 0);
    EXPECT_EQ(c.newest_late(), 0);
    EXPECT_EQ(c.repack().days, 0U);
    open_writer();  // it knows the closed day again
    put(3, base::Instant(old_day) + 5h, {77});
    settle();
    EXPECT_EQ(number(late_count), 1);
    expect_series();
}

// Whatever step it breaks off at, and however (an exception, or the database connection cut): the
// series is whole, and the next attempt goes on.
TEST_F(ClosingTest, GoesOnFromWhereItBrokeOff) {
    using enum ClosingStep;
    const std::vector steps{routed, locked, packed, compared, closed, detached, dropped};
    Day day = old_day;
    Pool superuser(db_.superuser_url(), 0);
    for (const bool cut : {false, true}) {
        for (const auto at : steps) {
            fill(day, 2, 30);
            auto c = closing([&](ClosingStep step) {
                if (step != at) return;
                if (cut) {
                    superuser.write_now([](Transaction& tx) { (void)tx.rows(cut_owner); });
                } else {
                    throw Unavailable("broken off");
                }
            });
            try {
                (void)c.close(day);
                (void)c.drop_closed();
            } catch (const Unavailable&) {
            }
            expect_series();
            put(1, base::Instant(day) + 23h, {5, 5});
            settle();
            expect_series();
            auto again = closing();
            const auto found = again.close(day);
            EXPECT_TRUE(found.ok() || found.error().code == base::Errc::conflict ||
                        found.error().code == base::Errc::not_found);
            expect_series();
            EXPECT_EQ(again.drop_closed(), 0U);
            EXPECT_EQ(state(day), 2);
            (void)again.repack();
            expect_series();
            day -= std::chrono::days{1};
        }
    }
    EXPECT_EQ(number(late_count), 0);
}

// A reader in the middle of a long look: closing goes on behind it, dropping waits, and neither the
// closed day nor a day that must be made now holds up a writer.
class ClosingBeside : public ClosingTest {
protected:
    // With what `begin` does first in a transaction that stays open.
    void closes_and_takes_in_beside(void (*begin)(Transaction&)) {
        fill(old_day, 2, 50);
        Pool reader(db_.owner_url(), 0);
        reader.read_now([&](Transaction& tx) {
            begin(tx);
            EXPECT_EQ(tx.row(look)->get<std::int64_t>("n"), 100);
            auto c = closing();
            ASSERT_TRUE(c.close(old_day).ok());
            EXPECT_EQ(c.drop_closed(), 1U) << "the reader holds it";
            EXPECT_EQ(c.drop_closed(), 1U) << "and still does";
            put(1, base::Instant(closing_today) + 1h, {1, 1});
            put(1, base::Instant(old_day) + 22h, {2, 2});
            put(1, base::Instant(old_day) - 24h * 10, {3, 3});  // its partition is made now
            settle();
            expect_series();
            EXPECT_EQ(tx.row(look)->get<std::int64_t>("n"), 100) << "its snapshot is what it was";
        });
        auto c = closing();
        EXPECT_EQ(c.drop_closed(), 0U);
        EXPECT_FALSE(has_table("frame_20261118"));
        expect_series();
    }
};

TEST_F(ClosingBeside, AReaderMakesIngestionWaitForNothing) {
    closes_and_takes_in_beside([](Transaction&) {});
}

// What pg_dump takes for as long as it runs.
TEST_F(ClosingBeside, ABackupMakesIngestionWaitForNothing) {
    closes_and_takes_in_beside([](Transaction& tx) {
        static constexpr Query hold_all{"closing_hold_all", R"sql(
            do $$ declare one record; begin
                for one in select format('%I.%I', schemaname, tablename) as name from pg_tables
                            where schemaname = 'public' loop
                    execute 'lock table ' || one.name || ' in access share mode';
                end loop;
            end $$)sql"};
        (void)tx.rows(hold_all);
    });
}

// Writers that send for the very day while it is being closed, step by step.
TEST_F(ClosingTest, LosesNothingThatRacesWithIt) {
    fill(old_day, 3, 100);
    bool over = false;
    int allowed = 200;
    std::jthread sender([&] {
        for (int i = 0;; ++i) {
            {
                std::unique_lock lock(mutex_);
                changed_.wait(lock, [&] { return over || i < allowed; });
                if (over) return;
            }
            put(1 + i % 3, base::Instant(old_day) + 10h + i * 1s, {1.0 * i, 2});
        }
    });
    auto c = closing([&](ClosingStep) {
        // At every step some are stored and more are on their way, so that the race is real.
        std::unique_lock lock(mutex_);
        const auto until = durable_ + 20;
        allowed += 200;
        changed_.notify_all();
        changed_.wait_for(lock, 10s, [&] { return durable_ >= until; });
    });
    EXPECT_TRUE(c.close(old_day).ok());
    EXPECT_EQ(c.drop_closed(), 0U);
    (void)c.repack();
    {
        const std::lock_guard lock(mutex_);
        over = true;
        changed_.notify_all();
    }
    sender.join();
    settle();
    expect_series();
    (void)c.repack();
    EXPECT_EQ(number(late_count), 0);
    expect_series();
}

TEST_F(ClosingTest, SplitsWhatDoesNotFitOneChunk) {
    std::vector<double> wide(chunk_positions_max, 1.5);
    for (int i = 0; i < 1'030; ++i)
        put(1, base::Instant(old_day) + i * 1s, wide);
    settle();
    auto c = closing();
    ASSERT_TRUE(c.close(old_day).ok());
    EXPECT_EQ(number(chunk_count), 2);
    EXPECT_EQ(c.drop_closed(), 0U);
    expect_series();
    put(1, base::Instant(old_day) + 1s + 1ms, {2.5});
    settle();
    EXPECT_EQ(c.repack().days, 1U);
    expect_series();
}

TEST_F(ClosingTest, ForgetsByKind) {
    const auto kind = pool_.write_now([](Transaction& tx) {
        const auto id = tx.row(add_kind)->get<std::int32_t>("id");
        tx.execute(add_asset, 1, "A-1", id);
        return id;
    });
    fill(old_day, 2, 20);
    auto c = closing();
    ASSERT_TRUE(c.close(old_day).ok());
    pool_.write_now([](Transaction& tx) { tx.execute(add_rollup, 1, "2026-11-18"); });
    put(1, base::Instant(old_day) + 23h, {3, 4});
    settle();
    const auto keep = [&](int raw, int rollups) {
        return std::vector<Retention>{{kind, std::chrono::days{raw}, std::chrono::days{rollups}}};
    };
    EXPECT_EQ(c.expire(keep(3, 4)).chunks, 0U) << "what is marked waits for its roll-up";
    EXPECT_EQ(number(late_count), 1) << "what came late, too";
    pool_.write_now([](Transaction& tx) { tx.execute(forget_all_marks); });
    EXPECT_EQ(c.expire(keep(4, 4)).chunks, 0U) << "four days old";
    const auto gone = c.expire(keep(3, 4));
    EXPECT_EQ(gone.chunks, 1U);
    EXPECT_EQ(gone.rollups, 0U);
    EXPECT_EQ(number(late_count), 0);
    EXPECT_EQ(number(chunk_count), 1) << "an asset of another kind";
    EXPECT_EQ(c.expire(keep(3, 3)).rollups, 1U);
    EXPECT_EQ(number(rollup_count), 0);
}

TEST_F(ClosingTest, ADamagedChunkLeavesTheRestReadable) {
    fill(old_day, 1, 20);
    put(1, base::Instant(closing_today), {1, 2});
    settle();
    auto c = closing();
    ASSERT_TRUE(c.close(old_day).ok());
    pool_.write_now([](Transaction& tx) { tx.execute(bend_chunk); });
    put(1, base::Instant(old_day) + 23h, {3, 4});
    settle();
    EXPECT_EQ(c.repack().days, 0U) << "nothing is packed upon what cannot be read";
    EXPECT_EQ(number(late_count), 1);
    stored_[1].erase(stored_[1].begin(), std::prev(stored_[1].end(), 2));
    expect_series();
}

}  // namespace
}  // namespace vigie::store
