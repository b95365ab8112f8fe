#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/pgtest_database.hpp"
#include "vigie/store/frame_reader.hpp"

namespace vigie::store {
namespace {

constexpr Query numbered_frames{
    "numbered_frames",
    "select $1::int4 as asset_id, 7 as layout, "
    "timestamptz '2026-11-22 12:00:00.000001Z' + n * interval '1 second' as observed_at, "
    "timestamptz '1999-12-31 23:59:59Z' as received_at, "
    "array[n, null, -0.5]::float8[] as vals from generate_series(1, $2::int4) as n order by n"};

class FrameReaderPgTest : public testing::Test {
protected:
    static FrameQuestion question(int asset, int frames) {
        return {to_param(asset), to_param(frames)};
    }
    test::Database database_;
    std::string url_{database_.app_url()};
};

TEST_F(FrameReaderPgTest, ReadsEachFieldAsItIs) {
    const std::vector<FrameQuestion> questions{question(5, 2)};
    std::vector<Frame> frames;
    read_frames(url_, 4, numbered_frames, questions,
                [&frames](std::vector<Frame> came) { frames = std::move(came); });
    ASSERT_EQ(frames.size(), 2U);
    const auto& second = frames[1];
    EXPECT_EQ(second.asset_id, 5);
    EXPECT_EQ(second.layout, 7);
    EXPECT_EQ(base::to_rfc3339(second.observed_at), "2026-11-22T12:00:02.000001Z");
    EXPECT_EQ(base::to_rfc3339(second.received_at), "1999-12-31T23:59:59Z");
    ASSERT_EQ(second.vals.size(), 3U);
    EXPECT_EQ(second.vals[0], 2);
    EXPECT_TRUE(std::isnan(second.vals[1]));
    EXPECT_EQ(second.vals[2], -0.5);
}

TEST_F(FrameReaderPgTest, AnswersEveryQuestionOnceAndLeavesEmptyAnswersOut) {
    std::vector<FrameQuestion> questions;
    for (int asset = 1; asset <= 20; ++asset)
        questions.push_back(question(asset, asset % 4));
    std::vector<std::pair<int, std::size_t>> answers;
    read_frames(url_, 3, numbered_frames, questions, [&answers](std::vector<Frame> frames) {
        answers.emplace_back(frames.front().asset_id, frames.size());
    });
    std::vector<std::pair<int, std::size_t>> expected;
    for (int asset = 1; asset <= 20; ++asset) {
        if (asset % 4 > 0) expected.emplace_back(asset, asset % 4);
    }
    EXPECT_THAT(answers, testing::UnorderedElementsAreArray(expected));
    read_frames(url_, 3, numbered_frames, {}, [](std::vector<Frame>) { FAIL(); });
}

TEST_F(FrameReaderPgTest, SaysWhyItCannot) {
    constexpr Query wrong{"wrong", "select 1 / ($1::int4 - $2::int4)"};
    const std::vector<FrameQuestion> questions{question(1, 1), question(2, 2), question(3, 3)};
    const auto nobody = [](std::vector<Frame>) {};
    EXPECT_THROW(read_frames(url_, 2, wrong, questions, nobody), Refused);
    EXPECT_THROW(read_frames("host=/nonexistent", 2, numbered_frames, questions, nobody),
                 Unavailable);
}

TEST_F(FrameReaderPgTest, EndsItsConnectionsWhenTheTakerThrows) {
    std::vector<FrameQuestion> questions;
    for (int asset = 1; asset <= 50; ++asset)
        questions.push_back(question(asset, 100));
    struct Enough {};
    EXPECT_THROW(read_frames(url_, 2, numbered_frames, questions,
                             [](std::vector<Frame>) { throw Enough{}; }),
                 Enough);
}

}  // namespace
}  // namespace vigie::store
