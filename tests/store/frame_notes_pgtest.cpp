// What writers leave for a start to read again, and messages that go to several of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>

#include "store/turns.hpp"
#include "tests/store/frame_writer_run.hpp"

namespace vigie::store {
namespace {

constexpr Query note_dump{
    "note_dump",
    "select string_agg(asset_id || '@' || observed_at::time || '/' || generation, ' ' order by "
    "asset_id, generation, observed_at) as dump from replay_from"};

TEST_F(FrameWriterTest, NotesWhatIsNotLaterThanAllItsAssetHadSaid) {
    open();
    submit(frame(1, 10, {1}));
    wait_all();
    EXPECT_EQ(dump(note_dump), "1@12:00:10/2") << "nothing was known of it";
    for (const int second : {11, 5, 7, 20}) {
        submit(frame(1, second, {1}));
        wait_all();
    }
    EXPECT_EQ(dump(note_dump), "1@12:00:05/2 1@12:00:10/2") << "from the earliest on";
    EXPECT_EQ(writer_->renew_notes(std::chrono::seconds{20}), 3);
    submit(frame(1, 21, {1}));
    submit(frame(1, 8, {1}));
    submit(frame(1, -2 * 86'400, {1}));
    wait_all();
    EXPECT_THAT(dump(note_dump), testing::HasSubstr("1@12:00:00/3"));
    writer_->stop(std::chrono::seconds{20});
    open();
    EXPECT_EQ(writer_->renew_notes(std::chrono::seconds{20}), 5) << "greater than any stored";
}

TEST_F(FrameWriterTest, WhatIsLaterThanWhatWasKnownBeforeTheStartNeedsNoNote) {
    make({.app_url = app_url_, .owner_url = db_.owner_url()});
    writer_->know(1, noon());
    writer_->know(2, noon());
    writer_->start();
    submit(frame(1, 1, {1}));
    submit(frame(2, 0, {1}));
    wait_all();
    EXPECT_EQ(dump(note_dump), "2@12:00:00/2");
    EXPECT_EQ(writer_->counters().copied, 1U);
}

// Much of both writers' assets goes by both of them at once, little by the first of them.
TEST_F(FrameWriterTest, WhatOneWriterStoredTheOtherKnows) {
    make({.app_url = app_url_, .owner_url = db_.owner_url()});
    constexpr int assets = 2 * (frames_together_max + 1);
    for (int asset = 1; asset <= assets; ++asset)
        writer_->know(asset, noon());
    writer_->start();
    const auto all_at = [&](int second) {
        std::vector<Frame> frames;
        for (int asset = 1; asset <= assets; ++asset)
            frames.push_back(frame(asset, second, {1}));
        submit(std::move(frames));
        wait_all();
    };
    all_at(10);
    submit(frame(1, 100, {1}));
    wait_all();
    all_at(50);
    EXPECT_EQ(writer_->counters().commits, 5U);
    EXPECT_EQ(dump(note_dump), "1@12:00:50/2");
}

// Its note went into no transaction either.
TEST_F(FrameWriterTest, WhatTheDatabaseRefusedIsNoReasonToNoteNothingAfterIt) {
    static constexpr Query refuse{"refuse_layout_99", "alter table frame add check (layout <> 99)"};
    Pool owner(db_.owner_url(), 1);
    owner.write_now([](Transaction& tx) { tx.execute(refuse); });
    open();
    submit(frame(1, 20, {1}));
    wait_all();
    ASSERT_TRUE(writer_->renew_notes(std::chrono::seconds{20}));
    submit(frame(1, 10, {1}, 99));
    wait_all();
    submit(frame(1, 12, {1}));
    wait_all();
    EXPECT_THAT(dump(note_dump), testing::EndsWith(" 1@12:00:12/3"));
}

TEST_F(FrameWriterTest, RenewsItsNotesOnceTheListenerHasHeardOfTheOldOnes) {
    std::promise<void> told;
    std::promise<void> go_on;
    FrameWriter writer({.app_url = db_.app_url(), .owner_url = db_.owner_url()}, clock_,
                       [&](std::vector<Submission>&) {
                           told.set_value();
                           go_on.get_future().wait();
                       });
    writer.start();
    EXPECT_TRUE(writer.renew_notes(std::chrono::milliseconds{0})) << "nothing is under way";
    Submission submission;
    submission.frames = {frame(1, 0, {1})};
    ASSERT_TRUE(writer.submit(submission));
    told.get_future().wait();
    EXPECT_FALSE(writer.renew_notes(std::chrono::milliseconds{0}));
    go_on.set_value();
    EXPECT_TRUE(writer.renew_notes(std::chrono::seconds{60}));
}

// Who waits for a message of several is told after the last of them.
TEST_F(FrameWriterTest, AMessageOfSeveralAssetsIsToldOnceAllOfItIsDurable) {
    constexpr int messages = 200;
    std::set<std::pair<int, int>> heard;  // asset, second
    int durable = 0;
    const auto listen = [&](std::vector<Submission>& batch) {
        const std::lock_guard lock(mutex_);
        for (const auto& f : batch.front().frames)
            heard.emplace(
                f.asset_id,
                std::chrono::duration_cast<std::chrono::seconds>(f.observed_at - noon()).count());
        for (const auto& submission : batch) {
            if (submission.ticket == 0) continue;
            const auto second = static_cast<int>(submission.ticket);
            for (const int asset : {1, 2, 3})
                EXPECT_TRUE(heard.contains({asset, second})) << asset << " at " << second;
            ++durable_;
            changed_.notify_all();
        }
    };
    FrameWriter writer({.app_url = db_.app_url(), .owner_url = db_.owner_url(), .writers = 3},
                       clock_, listen);
    writer.start();
    for (int second = 1; second <= messages; ++second) {
        Submission submission;
        submission.frames = {frame(1, second, {1}), frame(2, second, {2}), frame(3, second, {3})};
        submission.quarantined.push_back(
            {noon(), "gw", "mqtt", "t", "not_json", std::to_string(second), "p"});
        submission.ticket = static_cast<std::uint64_t>(second);
        submission.durable = [&] {
            const std::lock_guard lock(mutex_);
            ++durable;
        };
        ASSERT_TRUE(writer.submit(submission));
        ++sent_;
    }
    wait_all();
    EXPECT_TRUE(writer.stop(std::chrono::seconds{20}));
    EXPECT_EQ(durable, messages);
    EXPECT_EQ(writer.counters().frames, 3U * messages);
    EXPECT_EQ(writer.counters().quarantined, static_cast<std::uint64_t>(messages));
    EXPECT_EQ(writer.counters().pending, 0U) << "its room is given back";
}

}  // namespace
}  // namespace vigie::store
