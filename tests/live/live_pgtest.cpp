#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "live/last_value_store.hpp"
#include "tests/api/ask.hpp"
#include "tests/live/small_city_store.hpp"
#include "vigie/live/city.hpp"
#include "vigie/live/keeper.hpp"
#include "vigie/live/routes.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::live {
namespace {

using namespace vigie::test;
using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

class LivePgTest : public testing::Test {
protected:
    LivePgTest() {
        registry.publish(small_city());
        store_small_city(database, pool, *registry.current());
        actor.login = "anna";
        actor.grants = {{access::Level::view, "live", {}, {}, {}}};
        add_routes(router, city, stream, registry);
    }

    json get(const std::string& target, unsigned status = 200) {
        const auto answer = ask(router, request_to("GET", target));
        const auto& body = answer.shared_body ? *answer.shared_body : answer.body;
        EXPECT_EQ(answer.status, status) << body;
        return json::parse(body);
    }
    json history(const std::string& code, const std::string& query, unsigned status = 200) {
        return get("/api/v1/assets/" + code + "/observations?" + query, status);
    }
    void note(int asset, int second, int generation) {
        note_for_replay(pool, asset, noon_plus(second), generation);
    }
    static Keeper::RenewNotes always(std::optional<std::int64_t> generation) {
        return [generation](auto) { return generation; };
    }
    // What is stored is flushed: a start would not read it again.
    void settle(Keeper& keeper, const std::vector<store::Frame>& frames) {
        city.start();
        store_frames(pool, frames);
        ASSERT_TRUE(city.observed(frames));
        ASSERT_TRUE(keeper.flush());
        ASSERT_EQ(read_again(), 0U);
    }
    // How many frames a start would read.
    std::size_t read_again() {
        City second(registry, stream, clock);
        load_last_values(second, pool, clock.now());
        return replay_frames(second, pool, database.app_url(), clock.now());
    }
    static std::int64_t ms(int second) { return base::epoch_ms(noon_plus(second)); }
    static std::string range(int from, int to) {
        return "from=" + base::to_rfc3339(noon_plus(from)) +
               "&to=" + base::to_rfc3339(noon_plus(to));
    }

    test::Database database;
    store::Pool pool{database.app_url(), 4};
    assets::Registry registry;
    Stream stream{"E1"};
    base::ManualClock clock{noon_plus(0)};
    City city{registry, stream, clock};
    access::Principal actor;
    api::Router router{
        pool, clock,
        [this](const wire::Request&) -> boost::asio::awaitable<base::Result<access::Principal>> {
            co_return actor;
        }};
};

TEST_F(LivePgTest, FlushedValuesAndTheFramesSinceRebuildTheCity) {
    city.start();
    const std::vector<store::Frame> flushed{frame(lamp_11, 0, {1, nothing, 0}),
                                            frame(lamp_11, 60, {nothing, 41.5, nothing}),
                                            frame(car_park, 60, {50, 80})};
    store_frames(pool, flushed);
    ASSERT_TRUE(city.observed(flushed));
    Keeper keeper(city, pool, clock);
    EXPECT_TRUE(keeper.flush());
    // Committed, not flushed: newer ones, a late one, and an asset never heard of before.
    store_frames(pool, {frame(lamp_11, 120, {0, nothing, nothing}),
                        frame(lamp_11, 30, {nothing, nothing, 1}), frame(lamp_12, 90, {1, 2, 0})});
    note(lamp_11, 30, 1);
    note(lamp_12, 90, 1);
    clock.set(noon_plus(130));
    City second(registry, stream, clock);
    EXPECT_EQ(load_last_values(second, pool, noon_plus(130)), 2U);
    auto& again = second.state();
    EXPECT_EQ(again.values(lamp_11)[0], 1);
    EXPECT_EQ(again.values(lamp_11)[1], 41.5);
    EXPECT_EQ(again.heard(lamp_11), noon_plus(60));
    EXPECT_EQ(again.freshness(car_park), Freshness::fresh);
    EXPECT_EQ(replay_frames(second, pool, database.app_url(), noon_plus(130)), 4U);
    EXPECT_EQ(again.values(lamp_11)[0], 0);
    EXPECT_EQ(again.values(lamp_11)[2], 1) << "late";
    EXPECT_EQ(again.newest(lamp_11), noon_plus(120));
    EXPECT_EQ(again.values(lamp_12)[1], 2);
    EXPECT_EQ(again.newest(bus), std::nullopt);
}

TEST_F(LivePgTest, AStartReadsNoFrameAgainThatTheLastFlushHolds) {
    city.start();
    const std::vector<store::Frame> flushed{frame(lamp_11, 0, {1, nothing, 0}),
                                            frame(lamp_11, 30, {0, nothing, 0}),
                                            frame(lamp_11, 60, {nothing, 41.5, nothing})};
    store_frames(pool, flushed);
    ASSERT_TRUE(city.observed(flushed));
    note(lamp_11, 0, 1);
    Keeper keeper(city, pool, clock);
    clock.set(noon_plus(600));
    EXPECT_EQ(read_again(), 3U);
    keeper.renew_notes_by(always(2));
    EXPECT_TRUE(keeper.flush());
    EXPECT_EQ(read_again(), 0U);
    store_frames(pool, {frame(lamp_11, 45, {nothing, nothing, 1}, 601)});
    note(lamp_11, 45, 2);
    EXPECT_EQ(read_again(), 2U) << "from there on";
    keeper.renew_notes_by(always(std::nullopt));
    EXPECT_TRUE(keeper.flush());
    EXPECT_EQ(read_again(), 2U) << "it may be on its way";
    keeper.renew_notes_by(always(3));
    EXPECT_TRUE(keeper.flush());
    EXPECT_EQ(read_again(), 0U);
    store_frames(pool, {frame(lamp_11, 61, {1, nothing, nothing})});
    EXPECT_EQ(read_again(), 1U) << "what is later needs no note";
}

// On their way while the values are taken: one that set a lesser note is in them, and one that is
// committed meanwhile is read again, whether it is in them or not.
TEST_F(LivePgTest, AFlushWaitsForWhatIsCommittedAndNotHandedOver) {
    Keeper keeper(city, pool, clock);
    settle(keeper, {frame(lamp_11, 60, {1, nothing, nothing})});
    const std::vector<store::Frame> before{frame(lamp_11, 30, {nothing, 41.5, nothing})};
    const std::vector<store::Frame> meanwhile{frame(lamp_11, 31, {nothing, nothing, 1})};
    store_frames(pool, before);
    note(lamp_11, 30, 1);
    keeper.renew_notes_by([&](auto) {
        EXPECT_TRUE(city.observed(before));
        store_frames(pool, meanwhile);
        note(lamp_11, 31, 2);
        return std::optional<std::int64_t>(2);
    });
    EXPECT_TRUE(keeper.flush());
    City second(registry, stream, clock);
    load_last_values(second, pool, clock.now());
    EXPECT_EQ(second.state().values(lamp_11)[1], 41.5);
    EXPECT_EQ(replay_frames(second, pool, database.app_url(), clock.now()), 2U);
    EXPECT_EQ(second.state().values(lamp_11)[2], 1);
}

// The whole way: writers that set notes, the city, flushes, and a start at any moment.
TEST_F(LivePgTest, AStartFindsWhateverCameSinceTheFlushHoweverLateItIs) {
    static constexpr store::Query drop{"test_drop", "drop table frame_small"};
    store::Pool owner(database.owner_url(), 1);
    owner.write_now([](store::Transaction& tx) { tx.execute(drop); });  // writers make their own
    std::atomic<int> told{0};
    store::FrameWriter writer({.app_url = database.app_url(), .owner_url = database.owner_url()},
                              clock, [&](std::vector<store::Submission>& batch) {
                                  auto frames = std::move(batch.front().frames);
                                  EXPECT_TRUE(frames.empty() || city.observed(std::move(frames)));
                                  for (const auto& one : batch)
                                      told += one.ticket != 0 ? 1 : 0;
                              });
    int sent = 0;
    const auto send = [&](std::vector<store::Frame> frames) {
        store::Submission submission;
        submission.frames = std::move(frames);
        submission.ticket = 1;
        ASSERT_TRUE(writer.submit(submission));
        ++sent;
        while (told < sent)
            std::this_thread::yield();
    };
    Keeper keeper(city, pool, clock);
    keeper.renew_notes_by([&writer](auto limit) { return writer.renew_notes(limit); });
    writer.know(car_park, noon_plus(0));
    writer.start();
    city.start();
    send({frame(lamp_11, 60, {1, nothing, nothing}), frame(lamp_21, 60, {1, nothing, nothing})});
    send({frame(car_park, 60, {50, 80})});
    EXPECT_EQ(read_again(), 3U) << "the car park has no note, but was never flushed";
    ASSERT_TRUE(keeper.flush());
    EXPECT_EQ(read_again(), 0U);
    send({frame(lamp_11, -7'200, {nothing, 41.5, nothing}), frame(lamp_12, 10, {0, 1, 0})});
    send({frame(lamp_11, 61, {0, nothing, nothing}), frame(car_park, 62, {40, 80})});
    City second(registry, stream, clock);
    load_last_values(second, pool, clock.now());
    EXPECT_EQ(replay_frames(second, pool, database.app_url(), clock.now()), 5U);
    EXPECT_EQ(second.state().values(lamp_11)[0], 0);
    EXPECT_EQ(second.state().values(lamp_11)[1], 41.5);
    EXPECT_EQ(second.state().values(lamp_12)[1], 1);
    EXPECT_EQ(second.state().values(car_park)[0], 40);
    ASSERT_TRUE(keeper.flush());
    EXPECT_EQ(read_again(), 0U);
    writer.stop(std::chrono::seconds(20));
}

TEST(IsFlushDue, AfterItsTimeAndEarlyAfterAFlood) {
    using namespace std::chrono_literals;
    EXPECT_TRUE(is_flush_due(5s, 3s, 0));
    EXPECT_FALSE(is_flush_due(4'999ms, 1ms, early_flush_frames - 1));
    EXPECT_TRUE(is_flush_due(10ms, 1ms, early_flush_frames));
    EXPECT_FALSE(is_flush_due(9ms, 1ms, early_flush_frames)) << "more than a tenth of the time";
}

constexpr store::Query merge_a_driver{"merge_a_driver",
                                      "update frame set vals[3] = 1 where asset_id = $1"};

TEST_F(LivePgTest, AStartReadsARowAgainThatALaterMessageWasMergedInto) {
    Keeper keeper(city, pool, clock);
    settle(keeper, {frame(lamp_11, 60, {1, nothing, nothing}, 60)});
    // As the writers' upsert does: values are added, the first arrival stays.
    pool.write_now(
        [](store::Transaction& tx) { tx.execute(merge_a_driver, std::int32_t{lamp_11}); });
    note(lamp_11, 60, 1);
    City second(registry, stream, clock);
    load_last_values(second, pool, clock.now());
    EXPECT_EQ(replay_frames(second, pool, database.app_url(), clock.now()), 1U);
    EXPECT_EQ(second.state().values(lamp_11)[2], 1);
}

TEST_F(LivePgTest, ReadsTheFramesOfATime) {
    store_frames(pool, {frame(lamp_11, 0, {1, 1, 1}), frame(lamp_11, 10, {0, nothing, 0}),
                        frame(lamp_11, 20, {1, 2, 0}), frame(lamp_12, 10, {1, 1, 0})});
    const std::vector<FrameSpan> spans{{lamp_11, noon_plus(10), noon_plus(20)},
                                       {bus, noon_plus(0), noon_plus(99)}};
    const auto found =
        pool.read_now([&](store::Transaction& tx) { return read_frames_between(tx, spans); });
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].observed_at, noon_plus(10));
    EXPECT_EQ(found[1].vals, (std::vector<double>{1, 2, 0}));
}

// Whoever asks is told of a flush that began after it asked, and holds all.
TEST_F(LivePgTest, AFlushIsAwaitedThatHoldsAll) {
    using namespace std::chrono_literals;
    city.start();
    Keeper keeper(city, pool, clock);
    std::atomic<int> renewed{0};
    keeper.renew_notes_by([&](auto) -> std::optional<std::int64_t> {
        if (++renewed == 2) return std::nullopt;  // some of what is stored is on its way
        return renewed;
    });
    const auto never = [] { return false; };
    EXPECT_FALSE(keeper.await_flush(1ms, never)) << "nobody flushes";
    EXPECT_FALSE(keeper.await_flush(1h, [] { return true; })) << "nobody waits for it";
    keeper.start();
    ASSERT_TRUE(city.observed({frame(car_park, 60, {50, 80})}));
    for (int i = 0; i < 2; ++i)
        EXPECT_TRUE(keeper.await_flush(60s, never));
    EXPECT_GE(renewed, 3);
    EXPECT_EQ(pool.read_now([](store::Transaction& tx) { return read_last_values(tx); }).size(),
              1U);
    keeper.stop();
    EXPECT_FALSE(keeper.await_flush(60s, never));
}

TEST_F(LivePgTest, FlushesNothingThatIsNotSettled) {
    city.start();
    ASSERT_TRUE(city.observed({frame(car_park, 60, {50, 80})}));
    Keeper keeper(city, pool, clock);
    bool settled = false;
    keeper.settle_before([&settled] { return settled; });
    EXPECT_FALSE(keeper.flush());
    settled = true;
    EXPECT_TRUE(keeper.flush());
    EXPECT_EQ(pool.read_now([](store::Transaction& tx) { return read_last_values(tx); }).size(),
              1U);
}

TEST_F(LivePgTest, WhatCannotBeFlushedWaits) {
    city.start();
    ASSERT_TRUE(city.observed({frame(car_park, 60, {50, 80})}));
    store::Pool nowhere("host=/nonexistent dbname=none", 1);
    EXPECT_FALSE(Keeper(city, nowhere, clock).flush());
    EXPECT_TRUE(Keeper(city, pool, clock).flush());
    const auto rows = pool.read_now([](store::Transaction& tx) { return read_last_values(tx); });
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].asset, car_park);
    EXPECT_THAT(rows[0].values, ElementsAre(50, 80));
}

TEST_F(LivePgTest, ListsTheLatestOfAKindCompactly) {
    city.start();
    ASSERT_TRUE(city.observed({frame(lamp_11, 0, {1, 41.5, 1}), frame(lamp_21, 0, {0, 0, 0})}));
    const auto page = get("/api/v1/live?kind=light_point");
    EXPECT_EQ(page["properties"], json({"lamp_on", "power_w", "driver"}));
    EXPECT_EQ(page["rows"][0], json({"LP-11", "fresh", ms(0), true, 41.5, "failed"}));
    EXPECT_EQ(page["rows"][1], json({"LP-12", "unknown", nullptr, nullptr, nullptr, nullptr}));
    EXPECT_EQ(get("/api/v1/live?kind=light_point&commune=00000")["rows"].size(), 0U);
    EXPECT_EQ(get("/api/v1/live", 422)["errors"][0]["pointer"], "kind");
    get("/api/v1/live?kind=dragon", 404);
    actor.grants = {{access::Level::view, "live", "00000", {}, {}}};
    EXPECT_EQ(get("/api/v1/live?kind=light_point")["rows"].size(), 0U);
    get("/api/v1/live?kind=light_point&commune=21231", 403);
}

TEST_F(LivePgTest, GivesTheMapWithAPlaceToResumeFrom) {
    city.start();
    ASSERT_TRUE(city.observed({frame(bus, 0, {5.5, 47.5, 3})}));
    const auto points = get("/api/v1/map/points");
    EXPECT_EQ(points["epoch"], "E1");
    EXPECT_EQ(points["ids"].size(), 10U);
    EXPECT_EQ(points["codes"][9], "BUS-1");
    EXPECT_EQ(points["kinds"][points["kind"][9].get<std::size_t>()], "bus");
    EXPECT_EQ(points["lon"][9], 5.5);
    EXPECT_EQ(points["states"][points["state"][9].get<std::size_t>()], "normal");
    EXPECT_EQ(points["states"][points["state"][1].get<std::size_t>()], "silent_kind");
    EXPECT_LE(points["sequence"].get<std::uint64_t>(), stream.last());
}

TEST_F(LivePgTest, AnswersRawHistoryPageByPage) {
    clock.set(noon_plus(300));
    std::vector<store::Frame> frames;
    for (int i = 0; i < 5; ++i)
        frames.push_back(frame(lamp_11, i * 60, {1, 40.0 + i, nothing}));
    frames[2].vals[1] = nothing;
    store_frames(pool, frames);
    auto page = history("LP-11", range(0, 300) + "&property=power_w,lamp_on&limit=3");
    EXPECT_EQ(page["series"][0]["unit"], "W");
    EXPECT_EQ(page["series"][0]["points"], json({{ms(0), 40.0}, {ms(60), 41.0}}));
    EXPECT_EQ(page["series"][1]["points"], json({{ms(0), true}, {ms(60), true}, {ms(120), true}}));
    ASSERT_TRUE(page.contains("next"));
    page = history("LP-11", range(0, 300) + "&property=power_w&limit=3&cursor=" +
                                page["next"].get<std::string>());
    EXPECT_EQ(page["series"][0]["points"], json({{ms(180), 43.0}, {ms(240), 44.0}}));
    EXPECT_FALSE(page.contains("next"));
    EXPECT_EQ(history("LP-11", range(0, 300) + "&limit=5").contains("next"), false);
}

TEST_F(LivePgTest, AnswersBucketsWithoutInventingAny) {
    clock.set(noon_plus(7200));
    store_frames(pool, {frame(lamp_11, 0, {1, 10, 0}), frame(lamp_11, 60, {0, 30, 0}),
                        frame(lamp_11, 1800, {1, 50, nothing})});
    auto page = history("LP-11", range(0, 7200) + "&bucket=15m&property=power_w");
    EXPECT_EQ(page["bucket"], "15m");
    EXPECT_EQ(page["series"][0]["points"],
              json({{ms(0), 2, 10.0, 30.0, 20.0, 30.0}, {ms(1800), 1, 50.0, 50.0, 50.0, 50.0}}));
    page = history("LP-11", range(0, 7200) + "&bucket=15m&property=power_w&limit=2");
    EXPECT_EQ(page["series"][0]["points"].size(), 1U);
    page = history("LP-11", range(0, 7200) + "&bucket=15m&property=power_w&limit=2&cursor=" +
                                page["next"].get<std::string>());
    EXPECT_EQ(page["series"][0]["points"].size(), 1U);
    page = history("LP-11", range(0, 7200) + "&bucket=1h");
    EXPECT_EQ(page["series"].size(), 2U) << "numbers and booleans";
    EXPECT_EQ(page["series"][1]["points"][0][1], 3);
    EXPECT_EQ(history("LP-11", "bucket=1w", 422)["errors"][0]["pointer"], "bucket");
    history("LP-11", "bucket=1d&property=driver", 422);
}

TEST_F(LivePgTest, RefusesAHistoryItCannotTell) {
    history("LP-99", "", 404);
    EXPECT_EQ(history("LP-11", "from=yesterday", 422)["errors"][0]["pointer"], "from");
    history("LP-11", range(10, 10), 422);
    history("LP-11", range(0, 401 * 86'400), 422);
    history("LP-11", "property=colour", 422);
    history("LP-11", "cursor=rubbish", 422);
    actor.grants = {{access::Level::view, "live", "00000", {}, {}}};
    history("LP-11", "", 403);
}

TEST_F(LivePgTest, StatesGapsWithWhatIsKnownOfTheirCause) {
    clock.set(noon_plus(10'000));
    std::vector<store::Frame> frames;
    for (int t = 0; t <= 9'960; t += 60) {
        const bool gateway_gap = t > 1'000 && t < 2'000;
        const bool device_gap = t > 4'000 && t < 4'500;
        if (!gateway_gap) frames.push_back(frame(gateway, t, {1}));
        if (!gateway_gap && !device_gap) frames.push_back(frame(car_park, t, {50, 80}));
        const bool off = t >= 6'000 && t < 9'000;
        frames.push_back(frame(cabinet_1, t, {off ? 0.0 : 1.0, 0, 0}));
        if (!off) frames.push_back(frame(lamp_11, t, {1, 40, 0}));
    }
    store_frames(pool, frames);
    auto gaps = history("CP-1", range(0, 9'900))["gaps"];
    ASSERT_EQ(gaps.size(), 2U);
    EXPECT_EQ(gaps[0]["cause"], "gateway");
    EXPECT_EQ(gaps[0]["from"], base::to_rfc3339(noon_plus(960)));
    EXPECT_EQ(gaps[0]["to"], base::to_rfc3339(noon_plus(2'040)));
    EXPECT_EQ(gaps[1]["cause"], "device");
    gaps = history("LP-11", range(7'000, 12'000))["gaps"];
    ASSERT_EQ(gaps.size(), 1U) << "what is yet to come is no gap";
    EXPECT_EQ(gaps[0]["cause"], "unpowered");
    EXPECT_EQ(gaps[0]["from"], base::to_rfc3339(noon_plus(7'000))) << "cut to the range";
    gaps = history("LP-12", range(0, 600))["gaps"];
    ASSERT_EQ(gaps.size(), 1U);
    EXPECT_EQ(gaps[0]["cause"], "unknown");
    EXPECT_THAT(history("CAB-1", range(0, 9'900))["gaps"], IsEmpty());
}

TEST_F(LivePgTest, AGapIsWhereNothingOfWhatIsAskedWasHeard) {
    store_frames(pool, {frame(car_park, 0, {50, 80}), frame(car_park, 60, {50, nothing}),
                        frame(car_park, 120, {50, 80}), frame(car_park, 180, {nothing, 80})});
    clock.set(noon_plus(240));
    EXPECT_THAT(history("CP-1", range(0, 180))["gaps"], IsEmpty());
    const auto gaps = history("CP-1", range(0, 180) + "&property=level")["gaps"];
    ASSERT_EQ(gaps.size(), 1U) << "one report without it is a hole";
    EXPECT_EQ(gaps[0]["from"], base::to_rfc3339(noon_plus(0)));
    EXPECT_EQ(gaps[0]["to"], base::to_rfc3339(noon_plus(120)));
}

TEST_F(LivePgTest, AGapWhileTheServerWasAwayIsThePlatforms) {
    store_frames(pool, {frame(car_park, 0, {1, 1}), frame(car_park, 60, {1, 1}),
                        frame(car_park, 2'000, {1, 1})});
    pool.write_now([](store::Transaction& tx) {
        const auto first = begin_run(tx, noon_plus(-100));
        touch_run(tx, first, noon_plus(70));
        touch_run(tx, begin_run(tx, noon_plus(1'900)), noon_plus(2'000));
    });
    clock.set(noon_plus(2'010));
    const auto gaps = history("CP-1", range(0, 2'010))["gaps"];
    ASSERT_EQ(gaps.size(), 1U);
    EXPECT_EQ(gaps[0]["cause"], "platform");
}

TEST_F(LivePgTest, AGapWhileDevicesHadToWaitIsThePlatforms) {
    store_frames(pool, {frame(car_park, 0, {1, 1}), frame(car_park, 60, {1, 1}),
                        frame(car_park, 2'000, {1, 1}), frame(car_park, 5'000, {1, 1})});
    city.start();
    bool takes_in = true;
    const auto flush_at = [this](Keeper& keeper, int second) {
        clock.set(noon_plus(second));
        return keeper.flush();
    };
    Keeper keeper(city, pool, clock);
    keeper.take_in_while([&takes_in] { return takes_in; });
    ASSERT_TRUE(flush_at(keeper, -100));
    ASSERT_TRUE(flush_at(keeper, 70));
    takes_in = false;
    ASSERT_TRUE(flush_at(keeper, 75));
    ASSERT_TRUE(flush_at(keeper, 1'800));
    takes_in = true;
    ASSERT_TRUE(flush_at(keeper, 1'900));
    ASSERT_TRUE(flush_at(keeper, 4'000));
    ASSERT_TRUE(flush_at(keeper, 5'010));
    const auto gaps = history("CP-1", range(0, 5'000))["gaps"];
    ASSERT_EQ(gaps.size(), 2U);
    EXPECT_EQ(gaps[0]["cause"], "platform");
    EXPECT_EQ(gaps[1]["cause"], "gateway") << "who was made to wait before was not then";
}

}  // namespace
}  // namespace vigie::live
