#include "vigie/ingest/inbox.hpp"

#include <gtest/gtest.h>

#include "tests/live/small_city.hpp"
#include "vigie/base/limits.hpp"

namespace vigie::ingest {
namespace {

using namespace vigie::test;
using namespace std::chrono_literals;

TEST(InboxStamp, GrowsWhileTheClockGoesOnAndGoesBackWithIt) {
    struct Case {
        const char* what;
        std::int64_t last;
        std::int64_t now;
        std::int64_t stamp;
    };
    constexpr std::int64_t us = 1'000'000;
    const Case cases[] = {
        {"the first", 0, 5 * us, 5 * us},
        {"later", 5 * us, 6 * us, 6 * us},
        {"at the same instant", 5 * us, 5 * us, 5 * us + 1},
        {"after a burst", 5 * us + 900, 5 * us + 10, 5 * us + 901},
        {"the clock was set back a little", 7 * us - 1, 5 * us, 7 * us},
        {"the clock was set back", 7 * us, 5 * us, 5 * us},
        {"after a jump of a day", 86'405 * us, 5 * us, 5 * us},
    };
    for (const auto& each : cases)
        EXPECT_EQ(next_stamp_us(each.last, each.now), each.stamp) << each.what;
}

class InboxTest : public testing::Test {
protected:
    struct Anybody final : Sender {
        [[nodiscard]] const std::string& name() const override { return name_; }
        [[nodiscard]] bool may(assets::AssetId /*asset*/) const override { return true; }
        [[nodiscard]] bool may_backfill() const override { return false; }
        [[nodiscard]] std::uint32_t number() const override { return 7; }
        std::string name_ = "gw";
    };

    InboxTest() { registry_.publish(small_city()); }
    Sorted sort(base::Instant at, std::string_view topic = "vigie/v1/LP-11/observations") {
        return inbox_.sort_topic({&sender_, "mqtt", topic, R"({"values":{"power_w":41}})", at});
    }

    base::ManualClock clock_{small_city_noon};
    assets::Registry registry_;
    store::FrameWriter writer_{{}, clock_, [](std::vector<store::Submission>&) {}};
    Inbox inbox_{registry_, writer_};
    Anybody sender_;
};

TEST_F(InboxTest, AClockThatJumpedAheadDoesNotStampWhatComesAfterIt) {
    EXPECT_EQ(sort(noon_plus(86'400)).submission.frames.at(0).observed_at, noon_plus(86'400));
    EXPECT_EQ(sort(noon_plus(1)).submission.frames.at(0).observed_at, noon_plus(1));
}

TEST_F(InboxTest, SaysWhoseItIsSoThatRoomIsShared) {
    EXPECT_EQ(sort(noon_plus(0)).submission.sender, 7U);
    const auto refused = sort(noon_plus(0), "vigie/v1/NOBODY/observations");
    ASSERT_TRUE(refused.refusal);
    EXPECT_EQ(refused.submission.sender, 7U);
}

TEST_F(InboxTest, KeepsOfALongTopicItsBeginning) {
    const std::string topic = "x" + std::string(30'000, '/') + "\u00e9";
    const auto sorted = sort(noon_plus(0), topic);
    ASSERT_TRUE(sorted.refusal);
    EXPECT_EQ(sorted.submission.quarantined.at(0).topic,
              topic.substr(0, base::limits::quarantine_text_bytes_max));
}

}  // namespace
}  // namespace vigie::ingest
