#include "vigie/live/archive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/api/ask.hpp"
#include "tests/live/small_city_store.hpp"
#include "vigie/live/rollups.hpp"

namespace vigie::live {
namespace {

using namespace vigie::test;
using namespace std::chrono_literals;
using nlohmann::json;

constexpr assets::AssetId park = car_park;
constexpr store::Query drop_small{"drop_small", "drop table frame_small"};
constexpr store::Query make_day{
    "make_day",
    "create table frame_20261118 partition of frame for values from ('2026-11-18T00:00:00Z') to "
    "('2026-11-19T00:00:00Z')"};
constexpr store::Query bend_rollup{
    "bend_rollup", "update rollup set body = set_byte(body, 9, get_byte(body, 9) # 1)"};
constexpr store::Query late_frame{
    "late_frame",
    "insert into frame_late (observed_at, received_at, asset_id, layout, vals) values "
    "($1::timestamptz, $1::timestamptz, $2, 1, '{99}')"};
constexpr store::Query late_left{"late_left", "select count(*) as n from frame_late"};
constexpr store::Query rollup_lasts{"rollup_lasts", "select maxs[1] as top from rollup"};

base::Instant in_paris_at(int hour) {  // winter: an hour before
    return noon_plus(0) + std::chrono::hours{hour - 13};
}

class ArchivePgTest : public testing::Test {
protected:
    ArchivePgTest() {
        registry.publish(small_city());
        store_small_city(database, pool, *registry.current());
        store::Pool owner(database.owner_url(), 0);
        owner.write_now([](store::Transaction& tx) {
            tx.execute(drop_small);
            tx.execute(make_day);
        });
        std::vector<store::Frame> frames;
        for (int i = 0; i < 600; ++i)
            frames.push_back(frame(park, -4 * 86'400 + i * 60, {1.0 * (i % 50), 80}));
        store_frames(pool, frames);
        add_storage_admin_routes(router, archive);
        actor.login = "root";
    }

    json get(const std::string& method, const std::string& target, unsigned status = 200) {
        const auto answer = ask(router, request_to(method, target));
        EXPECT_EQ(answer.status, status) << answer.body;
        return json::parse(answer.body);
    }

    // For a closed day, with a value greater than all others.
    void come_late(int second) {
        pool.write_now([second](store::Transaction& tx) {
            tx.execute(late_frame, noon_plus(second), park);
            tx.execute(small_mark_add, park, noon_plus(second));
        });
    }

    std::int64_t late() {
        return pool.read_now(
            [](store::Transaction& tx) { return tx.row(late_left)->get<std::int64_t>("n"); });
    }

    double greatest() {
        return pool.read_now(
            [](store::Transaction& tx) { return tx.row(rollup_lasts)->get<double>("top"); });
    }

    test::Database database;
    store::Pool pool{database.app_url(), 1};
    assets::Registry registry;
    base::ManualClock clock{in_paris_at(2)};
    std::vector<store::Day> routed;
    Archive::AwaitFlush await_flush = [](const auto&) { return true; };
    Archive archive{{.app_url = database.app_url(),
                     .owner_url = database.owner_url(),
                     .time_zone = "Europe/Paris",
                     .close_hour = 3,
                     .close_after_days = 2},
                    registry,
                    clock,
                    [this](store::Day day) { routed.push_back(day); },
                    [this](const auto& given_up) { return await_flush(given_up); }};
    Rollups rollups{database.app_url(), registry, clock, [](std::int32_t) { return 0; }};
    access::Principal actor;
    api::Router router{
        pool, clock,
        [this](const wire::Request&) -> boost::asio::awaitable<base::Result<access::Principal>> {
            co_return actor;
        }};
};

TEST_F(ArchivePgTest, ClosesByNightInLocalTimeAndOnceADay) {
    archive.tend();
    EXPECT_EQ(archive.counters().closed_days, 0U) << "two in the morning";
    clock.set(in_paris_at(3) - 1s);
    archive.tend();
    EXPECT_EQ(archive.counters().closed_days, 0U);
    clock.set(in_paris_at(3));
    archive.tend();
    EXPECT_EQ(archive.counters().closed_days, 1U);
    EXPECT_EQ(routed.size(), 1U);
    auto status = get("GET", "/admin/v1/storage");
    EXPECT_EQ(status["closed"]["frames"], 600);
    EXPECT_EQ(status["closed"]["values"], 1'200);
    EXPECT_EQ(status["partitions_to_drop"], 1);
    clock.advance(1min);
    archive.tend();
    status = get("GET", "/admin/v1/storage");
    EXPECT_EQ(status["partitions_to_drop"], 0);
    EXPECT_EQ(status["latest_days"][0]["day"], "2026-11-18");
    EXPECT_EQ(status["latest_days"][0]["partition_dropped"], true);
    EXPECT_EQ(status["open_partitions"].size(), 0U);
    EXPECT_EQ(status["kept"].size(), registry.current()->kinds().size());
}

TEST_F(ArchivePgTest, ClosesWhenAskedAndSaysWhyNot) {
    EXPECT_EQ(get("POST", "/admin/v1/storage/close?day=yesterday", 422)["errors"][0]["pointer"],
              "day");
    get("POST", "/admin/v1/storage/close?day=2026-11-21", 409);
    get("POST", "/admin/v1/storage/close?day=2026-11-10", 404);
    const auto closed = get("POST", "/admin/v1/storage/close?day=2026-11-18");
    EXPECT_EQ(closed["closed"][0]["frames"], 600);
    get("POST", "/admin/v1/storage/close?day=2026-11-18", 409);
    EXPECT_EQ(get("POST", "/admin/v1/storage/close")["closed"].size(), 0U);
}

TEST_F(ArchivePgTest, VerifiesChunksAndRollups) {
    rollups.compute();
    archive.close_due();
    auto found = get("GET", "/admin/v1/storage/verify?sample=all");
    EXPECT_EQ(found["whole"], true);
    EXPECT_EQ(found["chunks"], 1);
    EXPECT_EQ(found["frames"], 600);
    EXPECT_EQ(found["rollups"], 1);
    get("GET", "/admin/v1/storage/verify?sample=0", 422);
    // Stored beside every rule: unmarked, so that the roll-up is not what it should be.
    pool.write_now(
        [](store::Transaction& tx) { tx.execute(late_frame, noon_plus(-4 * 86'400), park); });
    found = get("GET", "/admin/v1/storage/verify");
    EXPECT_EQ(found["whole"], false);
    EXPECT_THAT(found["faults"][0].get<std::string>(),
                testing::HasSubstr("asset 9, 2026-11-18: the roll-up is not what"));
    pool.write_now([](store::Transaction& tx) { tx.execute(bend_rollup); });
    EXPECT_THAT(get("GET", "/admin/v1/storage/verify")["faults"][0].get<std::string>(),
                testing::HasSubstr("cannot be read"));
}

// What comes late for a day whose observations are forgotten does not replace what they came to,
// also once it is packed by itself; nor is that a fault.
TEST_F(ArchivePgTest, KeepsTheRollupOfForgottenObservations) {
    rollups.compute();
    archive.close_due();
    clock.set(in_paris_at(4) + 24h * 401);
    archive.tend();
    EXPECT_EQ(archive.counters().expired_chunks, 1U);
    EXPECT_EQ(archive.counters().expired_rollups, 0U);
    come_late(-4 * 86'400);
    rollups.compute();
    EXPECT_EQ(greatest(), 49);
    clock.advance(10min);
    archive.tend();
    EXPECT_EQ(archive.counters().repacked, 1U);
    EXPECT_EQ(get("GET", "/admin/v1/storage/verify?sample=all")["whole"], true);
    come_late(-4 * 86'400 + 60);
    rollups.compute();
    EXPECT_EQ(greatest(), 49);
    EXPECT_EQ(get("GET", "/admin/v1/storage/verify?sample=all")["skipped"], 1);
    clock.advance(24h * 4'000);
    archive.tend();
    EXPECT_EQ(archive.counters().expired_rollups, 1U);
}

// A start finds what came late where it lies by itself, or in the flushed values.
TEST_F(ArchivePgTest, MergesOnlyWhatIsInTheFlushedValues) {
    archive.close_due();
    come_late(-4 * 86'400);
    bool holds = false;
    int asked = 0;
    await_flush = [&](const auto&) {
        if (holds && asked == 1) come_late(-4 * 86'400 + 60);
        ++asked;
        return holds;
    };
    EXPECT_THROW(archive.tend(), store::Unavailable);
    EXPECT_EQ(archive.counters().repacked, 0U);
    holds = true;
    clock.advance(1min);
    archive.tend();
    EXPECT_EQ(archive.counters().repacked, 1U);
    EXPECT_EQ(late(), 1) << "it came while the flush was awaited";
    clock.advance(10min);
    archive.tend();
    EXPECT_EQ(late(), 0);
    clock.advance(10min);
    archive.tend();
    EXPECT_EQ(asked, 3) << "there was nothing to merge, nor to drop";
}

TEST_F(ArchivePgTest, DropsADayOnlyOnceItIsInTheFlushedValues) {
    bool holds = false;
    await_flush = [&](const auto&) { return holds; };
    clock.set(in_paris_at(3));
    archive.tend();
    EXPECT_EQ(archive.counters().closed_days, 1U);
    clock.advance(1min);
    EXPECT_THROW(archive.tend(), store::Unavailable);
    EXPECT_EQ(get("GET", "/admin/v1/storage")["partitions_to_drop"], 1);
    holds = true;
    archive.tend();
    EXPECT_EQ(get("GET", "/admin/v1/storage")["partitions_to_drop"], 0);
}

// As history does that is filled in: until its day is closed nothing of it is forgotten.
TEST_F(ArchivePgTest, CountsWhatComesForAnOldDayThatIsNotClosed) {
    rollups.compute();
    clock.set(in_paris_at(2) + 24h * 401);
    store_frames(pool, {frame(park, -4 * 86'400 + 30, {99, 80})});
    rollups.compute();
    EXPECT_EQ(greatest(), 99);
    EXPECT_EQ(get("GET", "/admin/v1/storage/verify?sample=all")["rollups"], 1);
}

}  // namespace
}  // namespace vigie::live
