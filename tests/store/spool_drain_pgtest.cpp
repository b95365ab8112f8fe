// What lies in the spool goes to the database, and waits while it must: the disk is full, say, and
// there it takes more room.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "store/frame_record.hpp"
#include "tests/store/power_cut_files.hpp"
#include "tests/support/pgtest_database.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::store {
namespace {

constexpr std::chrono::seconds drain_patience{60};
constexpr int kept_frames = 300;
constexpr Query drain_count{"drain_count", "select count(*) as n from frame"};

// A writer whose spool holds what an earlier run left.
class SpoolDrainTest : public testing::Test {
protected:
    SpoolDrainTest() {
        spool_.open();
        std::vector<Frame> frames;
        for (int second = 0; second < kept_frames; ++second)
            frames.push_back(frame(second));
        EXPECT_TRUE(spool_.append(encode_frame_record(frames, {})));
        writer_.hold_drain(true);
        writer_.start();
    }

    static Frame frame(int second) {
        const auto at = *base::parse_rfc3339("2026-11-22T12:00:00Z") + std::chrono::seconds{second};
        return {at, at, 1, 1, false, {1.0 * second}};
    }

    void submit(int second) {
        Submission submission;
        submission.frames.push_back(frame(second));
        ASSERT_TRUE(writer_.submit(submission));
        ++sent_;
        wait_until([this] { return durable_ == sent_; });
    }

    template <typename Condition>
    void wait_until(Condition condition) {
        const auto until = std::chrono::steady_clock::now() + drain_patience;
        std::unique_lock lock(mutex_);
        while (!condition()) {
            ASSERT_LT(std::chrono::steady_clock::now(), until);
            changed_.wait_for(lock, std::chrono::milliseconds{5});
        }
    }

    void expect_to_end_at_once() {
        EXPECT_TRUE(writer_.stop(drain_patience));
        EXPECT_FALSE(spool_.empty());
        EXPECT_EQ(writer_.counters().drained, 0U);
    }

    std::int64_t stored() {
        Pool pool(db_.app_url(), 1);
        return pool.read_now(
            [](Transaction& tx) { return tx.row(drain_count)->get<std::int64_t>("n"); });
    }

    test::Database db_;
    base::ManualClock clock_{*base::parse_rfc3339("2026-11-22T12:00:00Z")};
    test::PowerCutFiles files_{1};
    Spool spool_{files_, {.folder = "s"}};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t durable_ = 0;
    std::size_t sent_ = 0;
    FrameWriter writer_{{.app_url = db_.app_url(), .owner_url = db_.owner_url(), .spool = &spool_},
                        clock_,
                        [this](std::vector<Submission>& batch) {
                            const std::lock_guard lock(mutex_);
                            durable_ += batch.size();
                            changed_.notify_all();
                        }};
};

TEST_F(SpoolDrainTest, LeavesItThereWhileItIsHeldAndGoesOnByItself) {
    for (int second = kept_frames; second < 2 * kept_frames; ++second)
        submit(second);
    EXPECT_EQ(writer_.counters().spooled, 0U) << "what comes goes to the database";
    EXPECT_EQ(writer_.counters().drained, 0U);
    EXPECT_FALSE(spool_.empty());
    EXPECT_EQ(stored(), kept_frames);
    writer_.hold_drain(false);
    wait_until([this] { return spool_.empty(); });
    EXPECT_EQ(stored(), 2 * kept_frames);
}

TEST_F(SpoolDrainTest, FindsOutThatTheDatabaseIsBackAlsoWhileItIsHeld) {
    db_.shut(true);
    submit(kept_frames);
    EXPECT_TRUE(writer_.counters().away);
    db_.shut(false);
    wait_until([this] { return !writer_.counters().away; });
    EXPECT_EQ(writer_.counters().drained, 0U);
    submit(kept_frames + 1);
    EXPECT_EQ(stored(), 1) << "and what lies in the spool stays there";
    writer_.hold_drain(false);
    wait_until([this] { return spool_.empty(); });
    EXPECT_EQ(stored(), kept_frames + 2);
}

TEST_F(SpoolDrainTest, EndsAtOnceWhileItIsHeld) {
    expect_to_end_at_once();
}

TEST_F(SpoolDrainTest, EndsAtOnceWhileItIsHeldAndTheDatabaseAway) {
    db_.shut(true);
    submit(kept_frames);
    expect_to_end_at_once();
    db_.shut(false);
}

}  // namespace
}  // namespace vigie::store
