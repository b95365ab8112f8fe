#include "vigie/live/city_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/live/small_city.hpp"

namespace vigie::live {
namespace {

using namespace vigie::test;
using namespace std::chrono_literals;

struct SeenByWatcher final : Watcher {
    struct Seen {
        assets::AssetId asset;
        int second;
        bool newest;
        bool overtaken;
        friend bool operator==(const Seen&, const Seen&) = default;
    };
    std::vector<Seen> seen;
    std::vector<std::pair<assets::AssetId, bool>> fed;
    int catalogues{};

    void observed(const Change& change) override {
        const auto second = std::chrono::duration_cast<std::chrono::seconds>(
            change.frame.observed_at - small_city_noon);
        seen.push_back(
            {change.asset.id, static_cast<int>(second.count()), change.newest, change.overtaken});
    }
    void fed_changed(assets::AssetId asset, bool is_fed, base::Instant /*at*/) override {
        fed.emplace_back(asset, is_fed);
    }
    void catalogue_changed(const std::shared_ptr<const assets::Catalogue>& /*catalogue*/,
                           base::Instant /*now*/) override {
        ++catalogues;
    }
    void tick(base::Instant /*now*/) override {}
    std::optional<base::Instant> next_due() override { return std::nullopt; }
};

class CityStateTest : public testing::Test {
protected:
    CityStateTest() {
        state.watch(watcher);
        state.adopt(small_city(), noon_plus(0));
    }
    void apply(std::vector<store::Frame> frames, int now) { state.apply(frames, noon_plus(now)); }

    Stream stream{"epoch"};
    CityState state{stream};
    SeenByWatcher watcher;
};

TEST_F(CityStateTest, TheLatestOfEachPropertyIsTheGreatestEventTime) {
    apply({frame(lamp_11, 60, {1, nothing, nothing})}, 61);
    apply({frame(lamp_11, 30, {0, 41.5, nothing})}, 62);  // late: fills in what nobody said since
    const auto values = state.values(lamp_11);
    EXPECT_EQ(values[0], 1);
    EXPECT_EQ(values[1], 41.5);
    EXPECT_TRUE(std::isnan(values[2]));
    EXPECT_EQ(state.newest(lamp_11), noon_plus(60));
    EXPECT_EQ(watcher.seen, (std::vector<SeenByWatcher::Seen>{{lamp_11, 60, true, false},
                                                              {lamp_11, 30, false, false}}));
}

TEST_F(CityStateTest, WhatIsOvertakenOrRepeatedIsNotAChange) {
    apply({frame(lamp_11, 60, {1, 40, 0})}, 61);
    apply({frame(lamp_11, 60, {1, 40, 0})}, 62);
    apply({frame(lamp_11, 59, {0, 10, 1})}, 62);
    EXPECT_EQ(watcher.seen.size(), 1U);
    EXPECT_EQ(state.values(lamp_11)[1], 40);
}

TEST_F(CityStateTest, OfTwoValuesOfOneInstantTheGreaterIsKept) {
    apply({frame(lamp_11, 60, {1, 40, 0})}, 61);
    apply({frame(lamp_11, 60, {0, 42, 0})}, 61);
    EXPECT_EQ(state.values(lamp_11)[0], 1);
    EXPECT_EQ(state.values(lamp_11)[1], 42);
}

TEST_F(CityStateTest, AppliesABatchInEventOrderAndSaysWhatIsOvertaken) {
    apply({frame(lamp_12, 20, {1, 2, 0}), frame(lamp_11, 40, {1, 4, 0}),
           frame(lamp_11, 30, {1, 3, 0}), frame(999, 10, {1})},
          41);
    EXPECT_EQ(watcher.seen, (std::vector<SeenByWatcher::Seen>{{lamp_11, 30, true, true},
                                                              {lamp_11, 40, true, false},
                                                              {lamp_12, 20, true, false}}));
}

TEST_F(CityStateTest, GoesFromFreshToStaleToUnknownAndBack) {
    EXPECT_EQ(state.freshness(car_park), Freshness::unknown);
    apply({frame(car_park, 0, {50, 80})}, 1);
    EXPECT_EQ(state.display(car_park), DisplayState::normal);
    apply({frame(car_park, 60, {50, 80})}, 61);
    state.tick(noon_plus(180));
    EXPECT_EQ(state.freshness(car_park), Freshness::fresh) << "the newest is of 60";
    EXPECT_EQ(state.next_due().has_value(), true);
    state.tick(noon_plus(239));
    EXPECT_EQ(state.freshness(car_park), Freshness::fresh);
    state.tick(noon_plus(240));
    EXPECT_EQ(state.display(car_park), DisplayState::stale);
    state.tick(noon_plus(660));
    EXPECT_EQ(state.display(car_park), DisplayState::unknown);
    apply({frame(car_park, 700, {50, 80})}, 701);
    EXPECT_EQ(state.display(car_park), DisplayState::normal);
}

TEST_F(CityStateTest, ALampWithoutCurrentIsUnpoweredNotSilent) {
    apply({frame(lamp_11, 0, {1, 40, 0}), frame(lamp_21, 0, {1, 40, 0})}, 0);
    apply({frame(cabinet_1, 10, {0, 0, 0})}, 10);
    EXPECT_EQ(state.display(lamp_11), DisplayState::unpowered);
    EXPECT_EQ(state.display(lamp_12), DisplayState::unpowered);
    EXPECT_EQ(state.display(lamp_21), DisplayState::normal) << "fed by another cabinet";
    EXPECT_EQ(watcher.fed,
              (std::vector<std::pair<assets::AssetId, bool>>{{lamp_11, false}, {lamp_12, false}}));
    // Days go by with the cabinet reporting that its feeder is off.
    for (int t = 60; t <= 6000; t += 60)
        apply({frame(cabinet_1, t, {0, 0, 0})}, t);
    state.tick(noon_plus(6000));
    EXPECT_EQ(state.display(lamp_11), DisplayState::unpowered);
    // The current is back: what was seen before is stale until something is seen again.
    apply({frame(cabinet_1, 6060, {1, 0, 0})}, 6060);
    EXPECT_EQ(state.freshness(lamp_11), Freshness::stale);
    EXPECT_EQ(state.freshness(lamp_12), Freshness::unknown) << "never seen";
    EXPECT_EQ(state.fed_since(lamp_11), noon_plus(6060));
    apply({frame(lamp_11, 6070, {1, 40, 0})}, 6070);
    EXPECT_EQ(state.freshness(lamp_11), Freshness::fresh);
}

TEST_F(CityStateTest, ASilentCabinetProvesNothingAboutItsFeeder) {
    apply({frame(lamp_11, 0, {1, 40, 0}), frame(cabinet_1, 0, {0, 0, 0})}, 0);
    EXPECT_FALSE(state.fed(lamp_11));
    state.tick(noon_plus(600));
    EXPECT_EQ(state.freshness(cabinet_1), Freshness::unknown);
    EXPECT_TRUE(state.fed(lamp_11));
    EXPECT_NE(state.freshness(lamp_11), Freshness::unpowered);
}

TEST_F(CityStateTest, AFaultCutsWhatIsFed) {
    apply({frame(cabinet_1, 0, {1, 0, 10}), frame(lamp_11, 0, {1, 40, 0})}, 0);
    state.cut(cabinet_1, true, noon_plus(5), noon_plus(5));
    EXPECT_EQ(state.display(lamp_11), DisplayState::unpowered);
    state.cut(cabinet_1, false, noon_plus(50), noon_plus(50));
    EXPECT_EQ(state.freshness(lamp_11), Freshness::stale);
}

TEST_F(CityStateTest, ShowsTheWorstAndWhatIsNotInService) {
    apply({frame(car_park, 0, {50, 80})}, 0);
    state.show_alarm(car_park, DisplayState::alarm_2);
    EXPECT_EQ(state.display(car_park), DisplayState::alarm_2);
    state.show_alarm(car_park, std::nullopt);
    EXPECT_EQ(state.display(car_park), DisplayState::normal);
    EXPECT_EQ(state.display(circuit_1), DisplayState::silent_kind);
    auto kinds = small_city_kinds();
    auto all = small_city_assets(*kinds);
    all[8].life_stage = assets::LifeStage::works;
    state.adopt(std::make_shared<const assets::Catalogue>(kinds, all), noon_plus(1));
    EXPECT_EQ(state.display(car_park), DisplayState::not_in_service);
    EXPECT_EQ(state.values(car_park)[0], 50) << "values survive a new catalogue";
    EXPECT_EQ(watcher.catalogues, 2);
}

TEST_F(CityStateTest, AnImportAddsAssets) {
    auto kinds = small_city_kinds();
    auto all = small_city_assets(*kinds);
    all.push_back(all[8]);
    all.back().id = 40;
    all.back().code = "CP-2";
    state.adopt(std::make_shared<const assets::Catalogue>(kinds, all), noon_plus(1));
    apply({frame(40, 2, {7, nothing}), frame(39, 2, {7, nothing})}, 2);
    EXPECT_EQ(state.values(40)[0], 7);
    EXPECT_TRUE(state.values(39).empty());
}

struct MapEvents {
    std::vector<std::string> rows;
    Delivery delivery() {
        return [this](const std::shared_ptr<const StreamEvent>& event) {
            for (const auto& row : event->rows)
                rows.push_back(*row.json);
            return true;
        };
    }
};

TEST_F(CityStateTest, StreamsTheMapTwiceASecondAtMost) {
    MapEvents map;
    state.tick(noon_plus(0));
    stream.subscribe("map", map.delivery());
    apply({frame(car_park, 1, {50, 80})}, 1);
    state.tick(noon_plus(1));
    EXPECT_EQ(map.rows, std::vector<std::string>{"[9,8]"});
    map.rows.clear();
    state.show_alarm(car_park, DisplayState::alarm_1);
    state.tick(noon_plus(1) + 499ms);
    EXPECT_TRUE(map.rows.empty());
    EXPECT_EQ(state.next_due(), noon_plus(1) + 500ms);
    state.show_alarm(car_park, DisplayState::alarm_2);
    state.tick(noon_plus(1) + 500ms);
    EXPECT_EQ(map.rows, std::vector<std::string>{"[9,1]"}) << "conflated to the last";
}

TEST_F(CityStateTest, StreamsWhereMobileAssetsAre) {
    MapEvents map;
    state.tick(noon_plus(0));
    stream.subscribe("map", map.delivery());
    apply({frame(bus, 1, {5.5, 47.5, 30})}, 1);
    state.tick(noon_plus(2));
    apply({frame(bus, 3, {5.6, 47.5, 30})}, 3);
    state.tick(noon_plus(4));
    apply({frame(bus, 5, {nothing, nothing, 0})}, 5);
    state.tick(noon_plus(6));
    EXPECT_EQ(map.rows, (std::vector<std::string>{"[10,8,5.5,47.5]", "[10,8,5.6,47.5]"}));
    EXPECT_EQ(state.place(bus), (base::LonLat{5.6, 47.5}));
}

TEST_F(CityStateTest, StreamsValuesSomebodyLooksAt) {
    MapEvents values;
    apply({frame(lamp_11, 1, {1, 41.5, 1}), frame(lamp_12, 1, {1, 41.5, 1})}, 1);
    state.tick(noon_plus(1));
    StreamFilter filter;
    filter.asset = "LP-11";
    stream.subscribe("values", values.delivery(), filter);
    apply({frame(lamp_11, 2, {0, nothing, nothing}), frame(lamp_12, 2, {1, 3, 1})}, 2);
    state.tick(noon_plus(2));
    ASSERT_EQ(values.rows.size(), 1U);
    EXPECT_EQ(values.rows[0],
              R"({"code":"LP-11","freshness":"fresh","display":"normal",)"
              R"("observed_at":"2026-11-22T12:00:02Z","values":[)"
              R"({"property":"lamp_on","value":false,"observed_at":"2026-11-22T12:00:02Z"},)"
              R"({"property":"power_w","value":41.5,"observed_at":"2026-11-22T12:00:01Z"},)"
              R"({"property":"driver","value":"failed","observed_at":"2026-11-22T12:00:01Z"}]})");
}

TEST_F(CityStateTest, StampsEachValueAsItComes) {
    apply({frame(lamp_11, 60, {1, nothing, nothing})}, 61);
    const auto first = state.came();
    EXPECT_EQ(first, base::epoch_us(noon_plus(61)));
    apply({frame(lamp_11, 30, {0, 41.5, nothing})}, 61);
    EXPECT_EQ(state.came(), first + 1) << "ever greater, also when the clock stands still";
    const WantedValues until_first{.came_until = first};
    const WantedValues after_first{.came_after = first};
    EXPECT_TRUE(state.has(lamp_11, until_first) && state.has(lamp_11, after_first));
    EXPECT_THAT(state.live_json(lamp_11, until_first), testing::Not(testing::HasSubstr("41.5")));
    EXPECT_THAT(state.live_json(lamp_11, after_first),
                testing::HasSubstr(R"("values":[{"property":"power_w","value":41.5,)"));
    EXPECT_FALSE(state.has(lamp_11, {.came_after = first + 1}));
    EXPECT_FALSE(state.has(lamp_11, {.came_until = first - 1}));
    EXPECT_FALSE(state.has(lamp_12, {}));
    const auto late = base::epoch_us(noon_plus(30));
    EXPECT_FALSE(state.has(lamp_11, {.observed_after = late, .came_after = first}));
    EXPECT_TRUE(state.has(lamp_11, {.observed_after = late - 1, .came_after = first}));
}

TEST_F(CityStateTest, SaysHowFarAClockIsOffAndCountsThoseBeyond) {
    const auto sent = [](assets::AssetId asset, int at, int received) {
        auto made = frame(asset, at, {1, nothing, nothing});
        made.received_at = noon_plus(received);
        return made;
    };
    auto stamped = sent(lamp_12, 2, 1);
    stamped.stamped = true;
    auto history = sent(lamp_21, 1, 3'000);
    history.backfill = true;
    apply({sent(lamp_11, 45, 1), stamped, history, sent(circuit_1, 5, 5)}, 1);
    EXPECT_EQ(state.clock_skew(lamp_11), 44s);
    EXPECT_EQ(state.clock_skew(lamp_12), std::nullopt) << "a stamp is no clock of its own";
    EXPECT_EQ(state.clock_skew(lamp_21), std::nullopt) << "history says nothing of a clock";
    EXPECT_EQ(state.clock_skew(circuit_1), std::nullopt);
    EXPECT_THAT(state.live_json(lamp_11), testing::HasSubstr(R"(,"clock_skew_s":44,)"));
    EXPECT_THAT(state.live_json(lamp_12), testing::Not(testing::HasSubstr("clock_skew_s")));
    EXPECT_EQ(state.skewed_assets(), 1);
    apply({sent(lamp_11, 2'000, 2'001)}, 2'001);
    EXPECT_EQ(state.skewed_assets(), 0) << "it was set right";
    apply({sent(lamp_11, 4'000, 4'031)}, 4'031);
    EXPECT_EQ(state.skewed_assets(), 1);
    auto kinds = small_city_kinds();
    auto all = small_city_assets(*kinds);
    all.erase(all.begin() + 2);
    state.adopt(std::make_shared<const assets::Catalogue>(kinds, all), noon_plus(4'032));
    EXPECT_EQ(state.skewed_assets(), 0) << "it is gone";
}

TEST_F(CityStateTest, AWatcherThatThrowsCostsNoOtherFrame) {
    struct Thrower final : Watcher {
        void observed(const Change& change) override {
            if (change.asset.id == lamp_11) throw std::runtime_error("this one");
        }
        void fed_changed(assets::AssetId /*asset*/, bool /*fed*/, base::Instant /*at*/) override {}
        void catalogue_changed(const std::shared_ptr<const assets::Catalogue>& /*catalogue*/,
                               base::Instant /*now*/) override {}
        void tick(base::Instant /*now*/) override {}
        std::optional<base::Instant> next_due() override { return std::nullopt; }
    } thrower;
    state.watch(thrower);
    EXPECT_THROW(apply({frame(lamp_11, 1, {1, 40, 0}), frame(lamp_12, 1, {1, 41, 0})}, 1),
                 std::runtime_error);
    EXPECT_EQ(state.values(lamp_12)[1], 41);
}

TEST_F(CityStateTest, TellsAnAssetLookedAtByItselfAtOnceThenTwiceASecondAtMost) {
    MapEvents lamp;
    MapEvents car_parks;
    StreamFilter filter;
    filter.asset = "LP-11";
    stream.subscribe("values", lamp.delivery(), filter);
    filter.asset = "CP-1";
    stream.subscribe("values", car_parks.delivery(), filter);
    apply({frame(car_park, 1, {50, 80})}, 1);
    state.tick(noon_plus(1));
    EXPECT_EQ(car_parks.rows.size(), 1U);
    // Another asset's news a moment ago delays nothing.
    state.apply(std::vector{frame(lamp_11, 1, {1, 40, 0})}, noon_plus(1) + 10ms);
    state.tick(noon_plus(1) + 10ms);
    EXPECT_EQ(lamp.rows.size(), 1U);
    EXPECT_EQ(car_parks.rows.size(), 1U) << "told once";
    state.apply(std::vector{frame(lamp_11, 2, {1, 41, 0})}, noon_plus(1) + 20ms);
    state.tick(noon_plus(1) + 20ms);
    state.apply(std::vector{frame(lamp_11, 3, {1, 42, 0})}, noon_plus(1) + 509ms);
    state.tick(noon_plus(1) + 509ms);
    EXPECT_EQ(lamp.rows.size(), 1U);
    EXPECT_EQ(state.next_due(), noon_plus(1) + 510ms);
    state.tick(noon_plus(1) + 510ms);
    ASSERT_EQ(lamp.rows.size(), 2U);
    EXPECT_THAT(lamp.rows[1], testing::HasSubstr(R"("power_w","value":42,)"))
        << "conflated to the last";
    state.tick(noon_plus(5));
    EXPECT_EQ(lamp.rows.size(), 2U) << "nothing new";
}

TEST_F(CityStateTest, TellsAnAreaTwiceASecondAtMostWhateverIsLookedAtByItself) {
    MapEvents area;
    MapEvents lamp;
    const auto commune = state.catalogue()->find(lamp_11)->commune;
    stream.subscribe("values", area.delivery(), {.kind = "light_point", .commune = commune});
    stream.subscribe("values", lamp.delivery(), {.asset = "LP-11"});
    apply({frame(lamp_12, 1, {1, 40, 0})}, 1);
    state.tick(noon_plus(1));
    EXPECT_EQ(area.rows.size(), 1U);
    state.apply(std::vector{frame(lamp_11, 1, {1, 40, 0})}, noon_plus(1) + 10ms);
    state.tick(noon_plus(1) + 10ms);
    EXPECT_EQ(lamp.rows.size(), 1U);
    EXPECT_EQ(area.rows.size(), 1U);
    state.tick(noon_plus(1) + 500ms);
    EXPECT_EQ(area.rows.size(), 2U);
    EXPECT_EQ(lamp.rows.size(), 1U) << "knows it already";
}

TEST_F(CityStateTest, TellsNobodyOnceNobodyLooks) {
    MapEvents lamp;
    const auto subscribed = stream.subscribe("values", lamp.delivery(), {.asset = "LP-11"});
    apply({frame(lamp_11, 1, {1, 40, 0})}, 1);
    state.tick(noon_plus(1));
    const auto told = stream.last();
    stream.unsubscribe(subscribed.id);
    apply({frame(lamp_11, 3, {1, 41, 0})}, 3);
    state.tick(noon_plus(3));
    EXPECT_EQ(stream.last(), told);
    stream.subscribe("values", lamp.delivery(), {.asset = "LP-11"});
    apply({frame(lamp_11, 5, {1, 42, 0})}, 5);
    state.tick(noon_plus(5));
    EXPECT_EQ(lamp.rows.size(), 2U);
}

TEST_F(CityStateTest, FlushesWhatChangedAndRestoresIt) {
    apply({frame(lamp_11, 1, {1, 41.5, nothing}), frame(car_park, 2, {50, 80})}, 2);
    auto rows = state.take_changed();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_TRUE(state.take_changed().empty());
    state.give_back(rows);
    EXPECT_EQ(state.take_changed().size(), 2U);
    CityState again(stream);
    again.adopt(small_city(), noon_plus(100));
    for (const auto& row : rows)
        again.restore(row, noon_plus(100));
    EXPECT_EQ(again.values(lamp_11)[1], 41.5);
    EXPECT_TRUE(std::isnan(again.values(lamp_11)[2]));
    EXPECT_EQ(again.newest(car_park), noon_plus(2));
    EXPECT_EQ(again.heard(car_park), noon_plus(2));
    EXPECT_EQ(again.freshness(car_park), Freshness::fresh);
}

TEST_F(CityStateTest, HistoryFilledInIsNotHeard) {
    auto old = frame(car_park, -86'400, {50, 80}, 0);
    old.backfill = true;
    apply({old}, 0);
    EXPECT_EQ(state.newest(car_park), noon_plus(-86'400));
    EXPECT_EQ(state.heard(car_park), std::nullopt);
    apply({frame(car_park, -3700, {50, 80}, 0)}, 0);
    EXPECT_EQ(state.heard(car_park), std::nullopt) << "beyond the kind's limit";
    apply({frame(car_park, -3500, {50, 80}, 0)}, 0);
    EXPECT_EQ(state.heard(car_park), noon_plus(-3500));
}

}  // namespace
}  // namespace vigie::live
