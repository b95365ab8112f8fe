#include "app/self_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vigie::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr DiskLimits limits{.alarm_bytes = 4'000, .min_bytes = 1'000};

std::vector<std::string> codes_of(const std::vector<Trouble>& troubles) {
    std::vector<std::string> codes;
    for (const auto& trouble : troubles) {
        EXPECT_NE(trouble.text.en, "");
        EXPECT_NE(trouble.text.fr, "");
        codes.push_back(trouble.code);
    }
    return codes;
}

std::vector<std::string> judged(const Vitals& vitals) {
    return codes_of(troubles_of(vitals, limits));
}

Vitals well() {
    return {.spool_bytes_max = 1'000, .disk_free = 10'000};
}

TEST(SelfWatchTest, NamesWhatIsWrongFromTheFirstMomentAndTheWorstFirst) {
    EXPECT_THAT(judged(well()), IsEmpty());
    auto vitals = well();
    vitals.disk_free = 3'999;
    vitals.database_away = true;
    EXPECT_THAT(judged(vitals), ElementsAre("database_away", "disk_low"));
}

TEST(SelfWatchTest, HoldsEachLimitAtNAndNextToIt) {
    const auto with = [](auto change) {
        auto vitals = well();
        change(vitals);
        return judged(vitals);
    };
    using V = Vitals;
    EXPECT_THAT(with([](V& v) { v.disk_free = 4'000; }), IsEmpty());
    EXPECT_THAT(with([](V& v) { v.disk_free = 3'999; }), ElementsAre("disk_low"));
    EXPECT_THAT(with([](V& v) { v.disk_free = 1'000; }), ElementsAre("disk_low"));
    EXPECT_THAT(with([](V& v) { v.disk_free = 999; }), ElementsAre("disk_full"));
    EXPECT_THAT(with([](V& v) { v.disk_free.reset(); }), IsEmpty());
    EXPECT_THAT(with([](V& v) { v.spool_bytes = 1; }), ElementsAre("spool_emptying"));
    EXPECT_THAT(with([](V& v) { v.spool_bytes = 899; }), ElementsAre("spool_emptying"));
    EXPECT_THAT(with([](V& v) { v.spool_bytes = 900; }),
                ElementsAre("spool_full", "spool_emptying"));
    EXPECT_THAT(with([](V& v) { v.database_silent = std::chrono::milliseconds{399}; }), IsEmpty());
    EXPECT_THAT(with([](V& v) { v.database_silent = std::chrono::milliseconds{400}; }),
                ElementsAre("database_silent"));
    EXPECT_THAT(with([](V& v) { v.storing_waits = std::chrono::milliseconds{999}; }), IsEmpty());
    EXPECT_THAT(with([](V& v) { v.storing_waits = std::chrono::milliseconds{1'000}; }),
                ElementsAre("database_slow"));
    EXPECT_THAT(with([](V& v) { v.spool_damaged_bytes = 1; }), ElementsAre("spool_damaged"));
    EXPECT_THAT(with([](V& v) { v.alarms_crowded = true; }), ElementsAre("spool_full"));
}

TEST(SelfWatchTest, MakesDevicesWaitBeforeTheDiskIsFullAndUntilThereIsMore) {
    auto vitals = well();
    const auto is_short = [&vitals](std::uint64_t free, bool was_short) {
        vitals.disk_free = free;
        return is_disk_short(vitals, limits, was_short);
    };
    EXPECT_FALSE(is_short(1'000, false));
    EXPECT_TRUE(is_short(999, false));
    EXPECT_TRUE(is_short(1'099, true));
    EXPECT_FALSE(is_short(1'100, true));
    vitals.disk_short = true;
    EXPECT_EQ(hold_of(vitals), (Hold{.devices = true}));
    vitals.database_shares_disk = true;
    EXPECT_EQ(hold_of(vitals), (Hold{.devices = true, .drain = true}));
    vitals.disk_short = false;
    EXPECT_EQ(hold_of(vitals), Hold{});
    vitals.alarms_crowded = true;
    EXPECT_EQ(hold_of(vitals), (Hold{.devices = true}));
}

// Also while it has more room again, but not enough to go on.
TEST(SelfWatchTest, SaysThatTheSpoolWaitsForTheDiskAsLongAsItDoes) {
    base::ManualClock clock{*base::parse_rfc3339("2026-11-22T12:00:00Z")};
    live::Stream stream{"E1"};
    auto vitals = well();
    vitals.spool_bytes = 10;
    vitals.database_shares_disk = true;
    std::vector<Hold> held;
    SelfWatch watch(
        stream, clock, limits, [&vitals] { return vitals; },
        [&held](Hold hold) { held.push_back(hold); });
    const auto with_free = [&](std::uint64_t bytes) {
        vitals.disk_free = bytes;
        watch.look();
        EXPECT_EQ(nlohmann::json::parse(watch.rows()).size(), watch.troubles().size());
        return codes_of(watch.troubles());
    };
    EXPECT_THAT(with_free(1'000), ElementsAre("disk_low", "spool_emptying"));
    EXPECT_THAT(with_free(999), ElementsAre("disk_full", "spool_waits"));
    EXPECT_THAT(with_free(1'099), ElementsAre("disk_full", "spool_waits"));
    EXPECT_THAT(with_free(1'100), ElementsAre("disk_low", "spool_emptying"));
    EXPECT_THAT(held, ElementsAre(Hold{.devices = true, .drain = true}, Hold{}));
    vitals.database_shares_disk = false;
    EXPECT_THAT(with_free(999), ElementsAre("disk_full", "spool_emptying"))
        << "emptying it makes room";
}

TEST(SelfWatchTest, StreamsWhatBeginsAndWhatIsOverOnce) {
    base::ManualClock clock{*base::parse_rfc3339("2026-11-22T12:00:00Z")};
    live::Stream stream{"E1"};
    auto vitals = well();
    std::vector<bool> held;
    SelfWatch watch(
        stream, clock, limits, [&vitals] { return vitals; },
        [&held](Hold hold) { held.push_back(hold.devices); });
    std::vector<std::string> heard;
    stream.subscribe("system", [&heard](const std::shared_ptr<const live::StreamEvent>& event) {
        for (const auto& row : event->rows) {
            if (row.removed) {
                heard.push_back(row.key + " over");
            } else {
                const auto json = nlohmann::json::parse(*row.json);
                heard.push_back(json["code"].get<std::string>() + " since " +
                                json["since"].get<std::string>());
            }
        }
        return true;
    });
    watch.look();
    vitals.database_away = true;
    vitals.disk_free = 0;
    watch.look();
    clock.advance(std::chrono::seconds{1});
    watch.look();
    EXPECT_THAT(codes_of(watch.troubles()), ElementsAre("database_away", "disk_full"));
    vitals = well();
    watch.look();
    EXPECT_THAT(heard, ElementsAre("database_away since 2026-11-22T12:00:00Z",
                                   "disk_full since 2026-11-22T12:00:00Z", "database_away over",
                                   "disk_full over"));
    EXPECT_THAT(held, ElementsAre(true, false));
}

TEST(SelfWatchTest, ADatabaseThatWasSilentIsAwaySinceThen) {
    base::ManualClock clock{*base::parse_rfc3339("2026-11-22T12:00:00Z")};
    live::Stream stream{"E1"};
    auto vitals = well();
    SelfWatch watch(stream, clock, limits, [&vitals] { return vitals; }, [](Hold) {});
    vitals.database_silent = std::chrono::milliseconds{400};
    watch.look();
    clock.advance(std::chrono::seconds{2});
    vitals.database_away = true;
    watch.look();
    auto rows = nlohmann::json::parse(watch.rows());
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0]["code"], "database_away");
    EXPECT_EQ(rows[0]["since"], "2026-11-22T12:00:00Z");
    vitals = well();
    watch.look();
    vitals.storing_waits = std::chrono::seconds{2};
    watch.look();
    clock.advance(std::chrono::seconds{1});
    vitals.database_away = true;
    watch.look();
    rows = nlohmann::json::parse(watch.rows());
    EXPECT_EQ(rows[0]["since"], "2026-11-22T12:00:03Z") << "it was slow, not away";
}

TEST(SelfWatchTest, SilenceThatComesAgainAndAgainIsOneTrouble) {
    base::ManualClock clock{*base::parse_rfc3339("2026-11-22T12:00:00Z")};
    live::Stream stream{"E1"};
    auto vitals = well();
    SelfWatch watch(stream, clock, limits, [&vitals] { return vitals; }, [](Hold) {});
    const auto stands_after = [&](std::chrono::microseconds passed,
                                  std::chrono::milliseconds quiet) {
        clock.advance(passed);
        vitals.database_silent = quiet;
        watch.look();
        const auto rows = nlohmann::json::parse(watch.rows());
        return rows.empty() ? "nothing" : rows[0]["since"].get<std::string>();
    };
    using std::chrono::milliseconds;
    using std::chrono::seconds;
    EXPECT_EQ(stands_after(seconds{0}, milliseconds{400}), "2026-11-22T12:00:00Z");
    EXPECT_EQ(stands_after(seconds{1}, milliseconds{0}), "2026-11-22T12:00:00Z");
    EXPECT_EQ(stands_after(seconds{0}, milliseconds{400}), "2026-11-22T12:00:00Z");
    const auto less = seconds{2} - std::chrono::microseconds{1};
    EXPECT_EQ(stands_after(less, milliseconds{0}), "2026-11-22T12:00:00Z");
    EXPECT_EQ(stands_after(std::chrono::microseconds{1}, milliseconds{0}), "nothing");
}

}  // namespace
}  // namespace vigie::app
