#include "vigie/live/stream.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace vigie::live {
namespace {

StreamRow stream_row(std::string key, std::string desk = {}) {
    StreamRow row;
    row.key = key;
    row.json = std::make_shared<const std::string>("\"" + key + "\"");
    row.desk = std::move(desk);
    return row;
}

struct StreamEar {
    std::vector<std::uint64_t> heard;
    Delivery delivery() {
        return [this](const std::shared_ptr<const StreamEvent>& event) {
            heard.push_back(event->sequence);
            return true;
        };
    }
};

TEST(Stream, NumbersEventsOverAllTopicsAndDeliversTheirOwn) {
    Stream stream("one");
    StreamEar ear;
    EXPECT_EQ(stream.subscribe("alarms", ear.delivery()).after, 0U);
    EXPECT_EQ(stream.publish("alarms", {stream_row("a")}), 1U);
    EXPECT_EQ(stream.publish("crews", {stream_row("b")}), 2U);
    EXPECT_EQ(stream.publish("alarms", {stream_row("c")}), 3U);
    EXPECT_EQ(ear.heard, (std::vector<std::uint64_t>{1, 3}));
    EXPECT_EQ(stream.last(), 3U);
}

TEST(Stream, ResumesAfterTheNumberGiven) {
    Stream stream("one");
    for (int i = 0; i < 5; ++i)
        stream.publish(i % 2 == 0 ? "alarms" : "crews", {stream_row("x")});
    StreamEar ear;
    const auto resumed = stream.resume("alarms", "one", 1, ear.delivery());
    ASSERT_TRUE(resumed);
    EXPECT_EQ(resumed->after, 1U);
    stream.publish("alarms", {stream_row("y")});
    EXPECT_EQ(ear.heard, (std::vector<std::uint64_t>{3, 5, 6}));
}

TEST(Stream, RefusesToResumeWhatItDoesNotKnow) {
    Stream stream("two", 3);
    for (int i = 0; i < 5; ++i)
        stream.publish("alarms", {stream_row("x")});
    StreamEar ear;
    EXPECT_FALSE(stream.resume("alarms", "one", 3, ear.delivery())) << "another epoch";
    EXPECT_FALSE(stream.resume("alarms", "two", 1, ear.delivery())) << "number 2 is forgotten";
    EXPECT_FALSE(stream.resume("alarms", "two", 6, ear.delivery())) << "from the future";
    EXPECT_TRUE(ear.heard.empty());
    ASSERT_TRUE(stream.resume("alarms", "two", 2, ear.delivery()));
    EXPECT_EQ(ear.heard, (std::vector<std::uint64_t>{3, 4, 5}));
}

TEST(Stream, ForgetsByBytesToo) {
    Stream stream("one");
    auto heavy = stream_row("x");
    heavy.json = std::make_shared<const std::string>(Stream::kept_bytes_max / 2, 'x');
    for (int i = 0; i < 3; ++i)
        stream.publish("map", {heavy});
    StreamEar ear;
    EXPECT_FALSE(stream.resume("map", "one", 0, ear.delivery()));
    EXPECT_TRUE(stream.resume("map", "one", 2, ear.delivery()));
}

TEST(Stream, TopicsThatAreNotKeptCannotBeResumed) {
    Stream stream("one");
    stream.add_topic({.name = "values", .service = "live", .snapshot = {}, .kept = false});
    StreamEar ear;
    EXPECT_FALSE(stream.resume("values", "one", 0, ear.delivery()))
        << "nobody looked: nothing was said, whatever changed";
    stream.publish("values", {stream_row("a")});
    EXPECT_FALSE(stream.resume("values", "one", 0, ear.delivery()));
}

TEST(Stream, ForgetsSubscribersThatAreGone) {
    Stream stream("one");
    StreamEar ear;
    const auto first = stream.subscribe("alarms", ear.delivery());
    stream.subscribe("alarms", [](const auto&) { return false; });
    EXPECT_EQ(stream.subscribers(), 2U);
    stream.publish("alarms", {stream_row("a")});
    EXPECT_EQ(stream.subscribers(), 1U);
    stream.unsubscribe(first.id);
    EXPECT_EQ(stream.subscribers(), 0U);
}

TEST(Stream, TellsAnAssetByItselfAndAsOneOfManyToWhomThatIsFor) {
    Stream stream("one");
    StreamEar named;
    StreamEar other;
    StreamEar area;
    stream.subscribe("values", named.delivery(), {.asset = "LP-1"});
    stream.subscribe("values", other.delivery(), {.asset = "LP-2"});
    stream.subscribe("values", area.delivery(), {.kind = "light_point", .commune = "21231"});
    auto row = stream_row("LP-1");
    row.asset = "LP-1";
    row.kind = "light_point";
    row.commune = "21231";
    stream.publish("values", {row}, Audience::by_asset);
    stream.publish("values", {row}, Audience::by_area);
    stream.publish("values", {row});
    EXPECT_EQ(named.heard, (std::vector<std::uint64_t>{1, 3}));
    EXPECT_EQ(other.heard, (std::vector<std::uint64_t>{3}));
    EXPECT_EQ(area.heard, (std::vector<std::uint64_t>{2, 3}));
}

TEST(Stream, CountsWhoBeginsAndEndsToLook) {
    Stream stream("one");
    StreamEar ear;
    const auto at_first = stream.subscriber_changes();
    const auto subscribed = stream.subscribe("values", ear.delivery(), {.asset = "LP-1"});
    const auto begun = stream.subscriber_changes();
    EXPECT_NE(begun, at_first);
    stream.publish("values", {stream_row("a")});
    EXPECT_EQ(stream.subscriber_changes(), begun);
    stream.unsubscribe(subscribed.id);
    const auto ended = stream.subscriber_changes();
    EXPECT_NE(ended, begun);
    stream.subscribe("values", [](const auto&) { return false; });
    const auto again = stream.subscriber_changes();
    stream.publish("values", {stream_row("a")});
    EXPECT_NE(stream.subscriber_changes(), again) << "one that is gone";
}

TEST(Stream, TellsWhatIsLookedAt) {
    Stream stream("one");
    StreamEar ear;
    EXPECT_TRUE(stream.filters("values").empty());
    const auto subscribed = stream.subscribe("values", ear.delivery(), {.asset = "LP-1"});
    ASSERT_EQ(stream.filters("values").size(), 1U);
    EXPECT_EQ(stream.filters("values").front().asset, "LP-1");
    stream.unsubscribe(subscribed.id);
    EXPECT_TRUE(stream.filters("values").empty());
}

TEST(Stream, FiltersByEveryFieldThatIsSet) {
    auto row = stream_row("a", "traffic");
    row.kind = "signal_junction";
    EXPECT_TRUE(StreamFilter{}.matches(row));
    EXPECT_TRUE(StreamFilter{.desk = "traffic"}.matches(row));
    EXPECT_TRUE((StreamFilter{.kind = "signal_junction", .desk = "traffic"}.matches(row)));
    EXPECT_FALSE((StreamFilter{.kind = "camera", .desk = "traffic"}.matches(row)));
    EXPECT_FALSE(StreamFilter{.commune = "21231"}.matches(row)) << "the row says no commune";
}

// Fit for ThreadSanitizer: publishers, and a subscriber that is cut and resumes all the time.
TEST(Stream, ResumesWithoutGapOrDuplicateWhileOthersPublish) {
    Stream stream("one");
    constexpr int publishers = 3;
    constexpr std::uint64_t events = 2'000;
    std::atomic<bool> done{false};
    std::vector<std::uint64_t> heard;
    std::thread reader([&] {
        std::uint64_t last = 0;
        for (bool finished = false; !finished;) {
            finished = done.load();
            auto live = std::make_shared<std::pair<std::mutex, std::vector<std::uint64_t>>>();
            const auto subscribed = stream.resume(
                "alarms", "one", last, [live](const std::shared_ptr<const StreamEvent>& event) {
                    const std::lock_guard lock(live->first);
                    live->second.push_back(event->sequence);
                    return true;
                });
            ASSERT_TRUE(subscribed);
            stream.unsubscribe(subscribed->id);
            const std::lock_guard lock(live->first);
            heard.insert(heard.end(), live->second.begin(), live->second.end());
            if (!heard.empty()) last = heard.back();
        }
    });
    std::vector<std::thread> writers;
    for (int i = 0; i < publishers; ++i) {
        writers.emplace_back([&stream] {
            for (std::uint64_t n = 0; n < events; ++n) {
                stream.publish("alarms", {stream_row("x")});
            }
        });
    }
    for (auto& writer : writers)
        writer.join();
    done = true;
    reader.join();
    ASSERT_EQ(heard.size(), publishers * events);
    for (std::size_t i = 0; i < heard.size(); ++i)
        ASSERT_EQ(heard[i], i + 1);
}

}  // namespace
}  // namespace vigie::live
