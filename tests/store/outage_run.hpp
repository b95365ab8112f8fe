// A cluster of the test's own, to be stopped and started; a writer with a spool on the disk.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tests/store/outage_queries.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/frames.hpp"
#include "vigie/store/migrate.hpp"
#include "vigie/store/postgres.hpp"

namespace vigie::store {

namespace fs = std::filesystem;

inline constexpr std::chrono::seconds outage_patience{60};

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
                                .answer_limit = answer_limit_,
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

    std::vector<pid_t> backends() { return outage_pids(cluster_->url("vigie")); }
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
    std::string quarantined() { return outage_payloads(cluster_->url("vigie_app")); }

    static inline fs::path folder_;
    static inline std::unique_ptr<Cluster> cluster_;
    std::chrono::milliseconds answer_limit_{400};
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

}  // namespace vigie::store
