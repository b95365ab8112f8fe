// Writers on a database of their own, and what they stored.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/pgtest_database.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::store {

inline constexpr Query frame_dump{
    "frame_dump",
    "select string_agg(asset_id || '@' || observed_at || '<' || received_at || vals::text, ' ' "
    "order by asset_id, observed_at) as dump, count(*) as n from frame"};
inline constexpr Query hold_frames{"hold_frames", "lock table frame in access exclusive mode"};
inline constexpr Query waits_for_a_lock{
    "waits_for_a_lock",
    "select count(*) as n from pg_stat_activity where datname = "
    "current_database() and wait_event_type = 'Lock'"};

class FrameWriterTest : public testing::Test {
protected:
    static base::Instant noon() { return *base::parse_rfc3339("2026-11-22T12:00:00Z"); }

    void open(std::size_t pending_max = 100'000) {
        open(FrameWriterSettings{
            .app_url = app_url_, .owner_url = db_.owner_url(), .pending_frames_max = pending_max});
    }

    void open(FrameWriterSettings settings) {
        make(std::move(settings));
        writer_->start();
    }

    void make(FrameWriterSettings settings) {
        writer_ = std::make_unique<FrameWriter>(std::move(settings), clock_,
                                                [this](std::vector<Submission>& batch) {
                                                    const std::lock_guard lock(mutex_);
                                                    for (const auto& submission : batch)
                                                        durable_ += submission.ticket != 0 ? 1 : 0;
                                                    changed_.notify_all();
                                                });
    }

    // One writer, whose only answer limit is ours; `batch_max` frames at most in a commit.
    void open_one(std::size_t batch_max) {
        open(FrameWriterSettings{.app_url = app_url_,
                                 .owner_url = db_.owner_url(),
                                 .writers = 1,
                                 .batch_frames_max = batch_max,
                                 .answer_limit = std::chrono::milliseconds{0}});
    }

    // The commits that `count` submissions cost which came while the writer stood in the commit of
    // one before them.
    std::uint64_t commits_for(int count) {
        Pool holder(db_.superuser_url(), 1);
        const auto before = writer_->counters().commits.load();
        holder.write_now([&](Transaction& tx) {
            tx.execute(hold_frames);
            submit(frame(1, ++second_, {1}));
            wait_for_locked(1);
            for (int i = 0; i < count; ++i)
                submit(frame(2 + i, ++second_, {1}));
        });
        wait_all();
        return writer_->counters().commits - before - 1;
    }

    // Until so many of our connections wait for a lock.
    void wait_for_locked(std::int64_t connections) {
        Pool looker(db_.superuser_url(), 1);
        const auto waiting = [&] {
            return looker.read_now([](Transaction& seen) {
                return seen.row(waits_for_a_lock)->get<std::int64_t>("n");
            });
        };
        while (waiting() != connections) {
        }
    }

    static Frame frame(int asset, int second, std::vector<double> vals, int layout = 1) {
        const auto at = noon() + std::chrono::seconds{second};
        return {at, at + std::chrono::milliseconds{5}, asset, layout, false, std::move(vals)};
    }

    void submit_refused(std::vector<Quarantined> rows) {
        Submission submission;
        submission.quarantined = std::move(rows);
        submission.ticket = 1;
        ASSERT_TRUE(writer_->submit(submission));
        ++sent_;
    }

    void submit(Frame f) { submit(std::vector{std::move(f)}); }

    void submit(std::vector<Frame> frames) {
        Submission submission;
        submission.frames = std::move(frames);
        submission.ticket = 1;
        ASSERT_TRUE(writer_->submit(submission));
        ++sent_;
    }

    void wait_all() {
        std::unique_lock lock(mutex_);
        ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20),
                                      [this] { return durable_ == sent_; }));
    }

    std::string dump(const Query& query = frame_dump) {
        Pool pool(db_.app_url(), 1);
        return pool.read_now([&](Transaction& tx) {
            return tx.row(query)->maybe<std::string>("dump").value_or("");
        });
    }

    test::Database db_;
    std::string app_url_{db_.app_url()};
    base::ManualClock clock_{noon()};
    std::mutex mutex_;
    std::condition_variable changed_;
    int durable_ = 0;
    int sent_ = 0;
    int second_ = 0;
    std::unique_ptr<FrameWriter> writer_;
};

}  // namespace vigie::store
