// Every client sends its window again: nothing is written. Prints both rates, and asserts neither.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>

#include "tests/support/pgtest_database.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::store {
namespace {

constexpr int storm_assets = 1'000;
constexpr int storm_rounds = 20;  // messages of each asset a measurement
constexpr int storm_measurements = 3;

constexpr Query storm_count{"storm_count", "select count(*) as n from frame"};
constexpr Query storm_xmax{"storm_xmax", "select count(*) as n from frame where xmax::text <> '0'"};

class Storm : public testing::Test {
protected:
    Storm()
        : writer_({.app_url = db_.app_url(),
                   .owner_url = db_.owner_url(),
                   .pending_frames_max = 1'000'000},
                  clock_, [this](std::vector<Submission>& batch) {
                      const std::lock_guard lock(mutex_);
                      durable_ += batch.size();
                      changed_.notify_all();
                  }) {
        writer_.start();
    }

    static base::Instant noon() { return *base::parse_rfc3339("2026-11-22T12:00:00Z"); }

    // One message of every asset a second, four values each; messages a second.
    double send(int first_second, int seconds) {
        const auto since = std::chrono::steady_clock::now();
        for (int second = first_second; second < first_second + seconds; ++second) {
            const auto at = noon() + std::chrono::seconds{second};
            for (int asset = 1; asset <= storm_assets; ++asset) {
                Submission submission;
                submission.frames.push_back(
                    {at, at, asset, 1, false, {1.0 * asset, 2.0 * second, 3.5, 4.25}});
                EXPECT_TRUE(writer_.submit(submission));
                ++sent_;
            }
        }
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return durable_ == sent_; });
        return seconds * storm_assets /
               std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
    }

    std::int64_t number(const Query& query) {
        Pool pool(db_.app_url(), 1);
        return pool.read_now(
            [&](Transaction& tx) { return tx.row(query)->get<std::int64_t>("n"); });
    }

    test::Database db_;
    base::ManualClock clock_{noon()};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t durable_ = 0;
    std::size_t sent_ = 0;
    FrameWriter writer_;
};

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

TEST_F(Storm, OfRedeliveriesWritesNothing) {
    std::vector<double> fresh;
    std::vector<double> again;
    send(0, 1);
    for (int i = 0; i < storm_measurements; ++i) {
        fresh.push_back(send(1 + i * storm_rounds, storm_rounds));
        again.push_back(send(1 + i * storm_rounds, storm_rounds));
    }
    std::cout << "new: " << static_cast<int>(median(fresh))
              << " messages a second; sent again: " << static_cast<int>(median(again)) << "; ratio "
              << median(again) / median(fresh) << "\n";
    EXPECT_EQ(number(storm_count),
              storm_assets * (1 + static_cast<std::int64_t>(storm_rounds) * storm_measurements));
    EXPECT_EQ(number(storm_xmax), 0) << "no row was locked or written again";
}

}  // namespace
}  // namespace vigie::store
