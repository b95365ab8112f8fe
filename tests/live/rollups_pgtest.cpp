#include "vigie/live/rollups.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "live/history_store.hpp"
#include "live/rollup_store.hpp"
#include "tests/live/small_city_store.hpp"

namespace vigie::live {
namespace {

using namespace vigie::test;
using namespace std::chrono_literals;

constexpr store::Query rollup_counts{"rollup_counts",
                                     "select (select count(*) from rollup) as rollups, (select "
                                     "count(*) from rollup_dirty) as marks"};
constexpr store::Query rollup_sql_day{
    "rollup_sql_day", "select counts[2] as n, sums[2] as total from rollup where asset_id = $1"};
constexpr store::Query merge_frame{
    "merge_frame",
    "insert into frame (observed_at, received_at, asset_id, layout, vals) values "
    "($1::timestamptz, $1::timestamptz, $2, 1, $3::float8[]) on conflict (asset_id, observed_at) "
    "do update set vals = excluded.vals"};
constexpr store::Query mark_hour{
    "mark_hour",
    "insert into rollup_dirty (asset_id, hour, generation) values ($1, $2, $3) "
    "on conflict (asset_id, hour) do update set generation = excluded.generation"};

constexpr assets::AssetId lamp = lamp_11;

using Stored = std::map<base::Instant, std::vector<double>>;

class RollupsPgTest : public testing::Test {
protected:
    RollupsPgTest() {
        registry.publish(small_city());
        store_small_city(database, pool, *registry.current());
    }

    void put(base::Instant at, std::vector<double> values) {
        pool.write_now([&](store::Transaction& tx) {
            tx.execute(merge_frame, at, lamp, values);
            tx.execute(small_mark_add, lamp, at);
        });
        stored[at] = std::move(values);
    }

    // What read_buckets should say, from the sorted set alone.
    std::vector<Bucket> by_hand(const Interval& range, std::chrono::seconds width,
                                std::int32_t position) const {
        std::map<std::int64_t, std::vector<double>> values;
        for (const auto& [at, row] : stored) {
            const double value = row[static_cast<std::size_t>(position)];
            if (at < range.from || at >= range.to || std::isnan(value)) continue;
            values[std::chrono::floor<std::chrono::seconds>(at).time_since_epoch() / width]
                .push_back(value);
        }
        std::vector<Bucket> buckets;
        for (const auto& [number, in] : values) {
            double sum = 0;
            for (const double value : in)
                sum += value;
            buckets.push_back({.position = position,
                               .start = base::Instant{number * width},
                               .count = static_cast<std::int64_t>(in.size()),
                               .min = std::ranges::min(in),
                               .max = std::ranges::max(in),
                               .mean = sum / static_cast<double>(in.size()),
                               .last = in.back()});
        }
        return buckets;
    }

    std::vector<Interval> stretches_by_hand(const Interval& range, base::Duration hole_min,
                                            std::optional<std::size_t> position) const {
        std::vector<Interval> out;
        for (const auto& [at, row] : stored) {
            if (at <= range.from - hole_min || at >= range.to + hole_min) continue;
            if (position && std::isnan(row[*position])) continue;
            if (!out.empty() && at - out.back().to <= hole_min) {
                out.back().to = at;
            } else {
                out.push_back({at, at});
            }
        }
        return out;
    }

    void compare(const Interval& range, std::chrono::seconds width) {
        pool.read_now([&](store::Transaction& tx) {
            const auto found = read_buckets(tx, lamp, range, width, {0, 1},
                                            read_rollups_around(tx, lamp, range, base::Duration{}));
            auto expected = by_hand(range, width, 0);
            for (auto& bucket : by_hand(range, width, 1))
                expected.push_back(bucket);
            ASSERT_EQ(found.size(), expected.size());
            for (std::size_t i = 0; i < found.size(); ++i) {
                EXPECT_EQ(found[i].start, expected[i].start);
                EXPECT_EQ(found[i].count, expected[i].count);
                EXPECT_EQ(found[i].min, expected[i].min);
                EXPECT_EQ(found[i].max, expected[i].max);
                EXPECT_EQ(found[i].mean, expected[i].mean);
                EXPECT_EQ(found[i].last, expected[i].last);
            }
        });
    }

    // The holes count: a stretch that begins before the range may be told longer.
    void compare_holes(const Interval& range, std::optional<std::size_t> position) {
        const auto hole_min = hole_min_of(*registry.current()->find(lamp)->kind);
        std::vector<std::int64_t> wanted;
        if (position) wanted.push_back(static_cast<std::int64_t>(*position));
        pool.read_now([&](store::Transaction& tx) {
            const auto found = holes(read_stretches(tx, lamp, range, hole_min, wanted,
                                                    read_rollups_around(tx, lamp, range, hole_min)),
                                     range, hole_min);
            EXPECT_EQ(found, holes(stretches_by_hand(range, hole_min, position), range, hole_min));
        });
    }

    [[nodiscard]] std::pair<std::int64_t, std::int64_t> counts() {
        return pool.read_now([](store::Transaction& tx) {
            const auto row = tx.row(rollup_counts);
            return std::pair{row->get<std::int64_t>("rollups"), row->get<std::int64_t>("marks")};
        });
    }

    test::Database database;
    store::Pool pool{database.app_url(), 1};
    assets::Registry registry;
    base::ManualClock clock{noon_plus(0)};
    std::int64_t generation = 0;
    Rollups rollups{database.app_url(), registry, clock,
                    [this](std::int32_t) { return generation; }};
    Stored stored;
};

// Days of random reports with holes, late ones, doubles and changed ones, computed now and then:
// whatever is stored and whatever is computed, the answer is that of the sorted set.
TEST_F(RollupsPgTest, SayWhatFramesSayWhateverTheOrder) {
    std::mt19937 random(11);
    const auto start = noon_plus(-3 * 86'400);
    base::Instant at = start;
    for (int round = 0; round < 12; ++round) {
        for (int i = 0; i < 60; ++i) {
            at += std::chrono::seconds{random() % 20 == 0 ? 4'000 : 20 + random() % 100};
            const double power = std::ldexp(static_cast<double>(random() % 4'000), -4);
            put(at, {static_cast<double>(random() % 2), random() % 5 == 0 ? nothing : power, 0});
        }
        for (int i = 0; i < 5; ++i) {  // late, or said again with another value
            const auto late = start + (at - start) / 100 * static_cast<int>(random() % 100);
            put(late, {1, std::ldexp(static_cast<double>(random() % 4'000), -4), 0});
        }
        clock.set(at + 10min);
        if (round % 3 != 1) rollups.compute();
        const auto from = start + std::chrono::seconds{random() % 100'000};
        const Interval range{from, from + std::chrono::seconds{1 + random() % 200'000}};
        compare(range, 900s);
        compare(range, 3'600s);
        compare(range, 86'400s);
        compare_holes(range, std::nullopt);
        compare_holes(range, 1);
        compare_holes({start - 1h, at + 1h}, 0);
    }
    clock.set(at + 3h);
    rollups.compute();
    EXPECT_EQ(counts().second, 0) << "every hour is over";
    compare({start, at + 1h}, 3'600s);
    compare_holes({start, at + 1h}, 1);
}

// Silence that is shorter than a hole where the range ends may belong to a hole that goes on.
TEST_F(RollupsPgTest, AHoleIsKnownByTheFirstFrameBehindTheRange) {
    const auto hole_min = hole_min_of(*registry.current()->find(lamp)->kind);
    const auto last = noon_plus(0);
    const Interval range{last - 3 * hole_min, last + hole_min / 2};
    for (auto at = range.from; at <= last; at += hole_min / 2)
        put(at, {1, 10, 0});
    compare_holes(range, std::nullopt);
    const auto holes_now = [&] {
        return pool.read_now([&](store::Transaction& tx) {
            return holes(read_stretches(tx, lamp, range, hole_min, {},
                                        read_rollups_around(tx, lamp, range, hole_min)),
                         range, hole_min);
        });
    };
    EXPECT_TRUE(holes_now().empty());
    for (int i = 0; i < 3; ++i)
        put(last + hole_min * 5 / 4 + std::chrono::seconds{i}, {1, nothing, 0});
    EXPECT_EQ(holes_now(), (std::vector<Interval>{{last, range.to}}));
    compare_holes(range, std::nullopt);
    compare_holes(range, 0);
    compare_holes(range, 1);
    put(last + hole_min * 3 / 4, {1, 10, 0});
    EXPECT_TRUE(holes_now().empty());
    compare_holes(range, 1);
}

TEST_F(RollupsPgTest, LeaveTheOpenHourToFrames) {
    clock.set(noon_plus(1'800));
    put(noon_plus(-60), {1, 10, 0});
    put(noon_plus(60), {1, 20, 0});
    rollups.compute();
    EXPECT_EQ(counts(), (std::pair<std::int64_t, std::int64_t>{1, 1}));
    put(noon_plus(120), {1, 30, 0});
    compare({noon_plus(-3'600), noon_plus(3'600)}, 3'600s);
}

TEST_F(RollupsPgTest, KeepAMarkThatWasSetAnewMeanwhile) {
    put(noon_plus(-7'200), {1, 10, 0});
    pool.write_now([](store::Transaction& tx) { tx.execute(mark_hour, lamp, 498'706, 1); });
    rollups.compute();
    EXPECT_EQ(counts().second, 1) << "of a generation that is not settled";
    generation = 1;
    rollups.compute();
    EXPECT_EQ(counts(), (std::pair<std::int64_t, std::int64_t>{1, 0}));
}

TEST_F(RollupsPgTest, KeepTheDayWhereSqlCanAddItUp) {
    put(noon_plus(-7'300), {1, 10, 0});
    put(noon_plus(-7'200), {nothing, 32.5, 0});
    rollups.compute();
    pool.read_now([](store::Transaction& tx) {
        const auto row = tx.row(rollup_sql_day, lamp);
        EXPECT_EQ(row->get<std::int64_t>("n"), 2);
        EXPECT_EQ(row->get<double>("total"), 42.5);
    });
}

// Once computed, the frames are not asked any more.
TEST_F(RollupsPgTest, AnswerWithoutFrames) {
    for (int i = 0; i < 100; ++i)
        put(noon_plus(-86'400 + i * 60), {1, 1.0 * i, 0});
    rollups.compute();
    store::Pool owner(database.owner_url(), 1);
    static constexpr store::Query empty{"empty", "truncate frame"};
    owner.write_now([](store::Transaction& tx) { tx.execute(empty); });
    compare({noon_plus(-2 * 86'400), noon_plus(0)}, 3'600s);
    compare_holes({noon_plus(-2 * 86'400), noon_plus(0)}, std::nullopt);
}

}  // namespace
}  // namespace vigie::live
