#include "vigie/alarms/engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/live/small_city.hpp"

namespace vigie::alarms {
namespace {

using namespace vigie::test;
using live::DisplayState;
using testing::ElementsAre;
using testing::IsEmpty;

// "LP-11 supply_lost raise 10" and, when hidden, "... by CAB-1 breaker_tripped".
class EngineTest : public testing::Test {
protected:
    EngineTest() { state.adopt(catalogue, noon_plus(0)); }

    void apply(std::vector<store::Frame> frames, int now) {
        state.apply(frames, noon_plus(now));
        state.tick(noon_plus(now));
    }
    // What was decided since the last look.
    std::vector<std::string> heard() {
        std::vector<std::string> lines;
        for (const auto& occurrence : std::exchange(decided, {}))
            lines.push_back(line(occurrence));
        return lines;
    }
    std::string line(const Occurrence& occurrence) {
        const auto* asset = catalogue->find(occurrence.asset);
        const auto name = (asset ? asset->code : "?") + " " + occurrence.rule;
        names[occurrence.alarm] = name;
        const auto second =
            std::chrono::duration_cast<std::chrono::seconds>(occurrence.at - small_city_noon);
        auto text = name + " " + std::string(to_string(occurrence.event)) + " " +
                    std::to_string(second.count());
        if (occurrence.learnt_late) text += " late";
        if (!occurrence.suppressed_by.empty()) text += " by " + names[occurrence.suppressed_by];
        if (!occurrence.cause.empty()) text += " (" + occurrence.cause + ")";
        return text;
    }
    Standing answer(const std::string& alarm, State to, int confirmed) {
        Standing standing;
        standing.alarm = alarm;
        standing.asset = car_park;
        standing.rule = "full";
        standing.state = to;
        standing.confirmed = confirmed;
        return standing;
    }

    std::shared_ptr<const assets::Catalogue> catalogue = small_city();
    live::Stream stream{"epoch"};
    live::CityState state{stream};
    std::vector<Occurrence> decided;
    std::map<std::string, std::string> names;
    Engine engine{state,
                  [this](std::vector<Occurrence> more) {
                      for (auto& each : more)
                          decided.push_back(std::move(each));
                  },
                  noon_plus(0)};
};

TEST_F(EngineTest, RaisesAfterTheDelayByTheClockAndReturns) {
    apply({frame(car_park, 10, {5, 95})}, 10);
    EXPECT_THAT(heard(), IsEmpty());
    state.tick(noon_plus(39));
    EXPECT_THAT(heard(), IsEmpty());
    EXPECT_EQ(engine.next_due(), noon_plus(40));
    state.tick(noon_plus(40));
    EXPECT_THAT(heard(), ElementsAre("CP-1 full raise 10"));
    EXPECT_EQ(state.display(car_park), DisplayState::alarm_3);
    apply({frame(car_park, 60, {12, 95})}, 60);
    EXPECT_THAT(heard(), IsEmpty()) << "within the dead band";
    apply({frame(car_park, 70, {15, 95})}, 70);
    EXPECT_THAT(heard(), ElementsAre("CP-1 full come_back 70"));
    EXPECT_EQ(state.display(car_park), DisplayState::alarm_3) << "returned, not acknowledged";
}

TEST_F(EngineTest, CarriesWhatTheAlarmIs) {
    apply({frame(lamp_11, 5, {1, 0.5, 1})}, 5);
    ASSERT_EQ(decided.size(), 2U);
    const auto& notice = decided[0];
    EXPECT_EQ(notice.alarm, alarm_id("LP-11", "lamp_out", noon_plus(5)));
    EXPECT_EQ(notice.alarm.size(), 32U);
    EXPECT_EQ(notice.raises, assets::Raises::maintenance);
    EXPECT_EQ(notice.value, "failed");
    EXPECT_EQ(notice.desk, "traffic");
    EXPECT_EQ(notice.commune, "21231");
    EXPECT_EQ(decided[1].value, "0.5 W");
    EXPECT_EQ(state.display(lamp_11), DisplayState::alarm_3) << "an alarm before a notice";
}

TEST_F(EngineTest, AReturnedAlarmThatRaisesAgainIsTheSameAlarm) {
    apply({frame(lamp_11, 10, {1, 0, 0})}, 10);
    apply({frame(lamp_11, 20, {1, 40, 0})}, 20);
    apply({frame(lamp_11, 30, {1, 0, 0})}, 30);
    ASSERT_EQ(decided.size(), 3U);
    EXPECT_EQ(decided[0].alarm, decided[2].alarm);
    EXPECT_EQ(engine.standing_count(), 1U);
}

TEST_F(EngineTest, ANoticeThatReturnsLeavesNothing) {
    apply({frame(lamp_11, 10, {1, 40, 1})}, 10);
    EXPECT_EQ(state.display(lamp_11), DisplayState::maintenance);
    apply({frame(lamp_11, 20, {1, 40, 0})}, 20);
    EXPECT_EQ(engine.standing_count(), 0U);
    EXPECT_EQ(state.display(lamp_11), DisplayState::normal);
    apply({frame(lamp_11, 30, {1, 40, 1})}, 30);
    ASSERT_EQ(decided.size(), 3U);
    EXPECT_NE(decided[0].alarm, decided[2].alarm);
}

TEST_F(EngineTest, ALateObservationThatBecomesTheLatestIsLearntLate) {
    apply({frame(lamp_11, 10, {1, 0, 0}, 100)}, 100);
    EXPECT_THAT(heard(), ElementsAre("LP-11 supply_lost raise 10 late"));
    apply({frame(lamp_12, 200, {1, 40, 0}), frame(lamp_11, 200, {1, 0, 0})}, 200);
    apply({frame(lamp_12, 100, {1, 0, 0}, 210)}, 210);
    EXPECT_THAT(heard(), IsEmpty()) << "overtaken by what was known";
    apply({frame(lamp_12, 210, {1, 0, 0}, 400), frame(lamp_12, 220, {1, 40, 0}, 400)}, 400);
    EXPECT_THAT(heard(), IsEmpty()) << "overtaken by what came with it";
    apply({frame(lamp_12, 410, {1, 0, 0}, 410), frame(lamp_12, 411, {1, 40, 0}, 411)}, 411);
    EXPECT_THAT(heard(),
                ElementsAre("LP-12 supply_lost raise 410", "LP-12 supply_lost come_back 411"))
        << "short, but not late";
}

TEST_F(EngineTest, BeyondTheLimitAndBackfilledRaisesNothing) {
    apply({frame(lamp_11, -3601, {1, 0, 0}, 0)}, 0);
    auto history = frame(lamp_12, 10, {1, 0, 0}, 11);
    history.backfill = true;
    apply({history}, 11);
    EXPECT_THAT(heard(), IsEmpty());
    apply({frame(lamp_12, 12, {1, 0, 0})}, 12);
    EXPECT_THAT(heard(), ElementsAre("LP-12 supply_lost raise 12"));
    apply({frame(lamp_11, 20, {1, 0, 0})}, 20);
    EXPECT_THAT(heard(), ElementsAre("LP-11 supply_lost raise 20"));
}

TEST_F(EngineTest, SilenceIsRaisedAtItsInstantAndEndsWithAWord) {
    engine.begin(noon_plus(0));
    state.tick(noon_plus(5000));
    EXPECT_THAT(heard(), IsEmpty()) << "never heard of";
    apply({frame(car_park, 5000, {50, 80})}, 5000);
    apply({frame(car_park, 5060, {50, 80})}, 5060);
    state.tick(noon_plus(5239));
    EXPECT_THAT(heard(), IsEmpty());
    state.tick(noon_plus(5240));
    EXPECT_THAT(heard(), ElementsAre("CP-1 silent raise 5240"));
    apply({frame(car_park, 5300, {50, 80})}, 5300);
    EXPECT_THAT(heard(), ElementsAre("CP-1 silent come_back 5300"));
}

TEST_F(EngineTest, SilenceIsJudgedOnlyWhileFed) {
    apply({frame(cabinet_1, 0, {1, 0, 0}), frame(lamp_11, 0, {1, 40, 0})}, 0);
    apply({frame(cabinet_1, 60, {0, 0, 0})}, 60);
    for (int t = 120; t <= 3000; t += 60)
        apply({frame(cabinet_1, t, {0, 0, 0})}, t);
    EXPECT_THAT(heard(), IsEmpty());
    for (int t = 3060; t <= 3300; t += 60)
        apply({frame(cabinet_1, t, {1, 0, 0})}, t);
    EXPECT_THAT(heard(), IsEmpty()) << "the clock starts anew with the current, at 3060";
    apply({frame(cabinet_1, 3360, {1, 0, 0})}, 3360);
    EXPECT_THAT(heard(), ElementsAre("LP-11 silent raise 3360"));
}

TEST_F(EngineTest, ACauseHidesWhatItExplains) {
    apply({frame(cabinet_1, 0, {1, 0, 9}), frame(lamp_11, 5, {1, 0, 0})}, 5);
    EXPECT_THAT(heard(), ElementsAre("LP-11 supply_lost raise 5"));
    apply({frame(cabinet_1, 6, {1, 1, 0})}, 6);
    EXPECT_THAT(heard(), ElementsAre("CAB-1 breaker_tripped raise 6",
                                     "LP-11 supply_lost suppress 6 by CAB-1 breaker_tripped"));
    apply({frame(lamp_12, 7, {1, 0, 0}), frame(lamp_21, 7, {1, 0, 0})}, 7);
    EXPECT_THAT(heard(), ElementsAre("LP-12 supply_lost raise 7 by CAB-1 breaker_tripped",
                                     "LP-21 supply_lost raise 7"));
    EXPECT_EQ(state.display(lamp_11), DisplayState::unpowered);
    EXPECT_EQ(state.display(lamp_21), DisplayState::alarm_3) << "fed by another cabinet";
    EXPECT_EQ(state.display(cabinet_1), DisplayState::alarm_2);
}

TEST_F(EngineTest, NothingIsLeftOverWhenTheCauseEnds) {
    apply({frame(cabinet_1, 0, {1, 1, 0})}, 0);
    apply({frame(lamp_11, 1, {1, 0, 0}), frame(lamp_12, 1, {1, 0, 0})}, 1);
    apply({frame(lamp_11, 50, {1, 40, 0})}, 50);
    heard();
    EXPECT_EQ(engine.standing_count(), 2U) << "what ended while hidden is gone";
    apply({frame(cabinet_1, 60, {1, 0, 9})}, 60);
    EXPECT_THAT(heard(), ElementsAre("CAB-1 breaker_tripped come_back 60"));
    apply({frame(lamp_12, 70, {1, 40, 0})}, 70);
    EXPECT_THAT(heard(), ElementsAre("LP-12 supply_lost come_back 70"));
    EXPECT_EQ(engine.standing_count(), 1U) << "the cabinet's own, to be acknowledged";
    EXPECT_EQ(state.display(lamp_12), DisplayState::normal);
}

TEST_F(EngineTest, AChildStillTrueIsAnnouncedByItsNextObservation) {
    apply({frame(cabinet_1, 0, {1, 1, 0}), frame(lamp_11, 1, {1, 0, 0})}, 1);
    apply({frame(cabinet_1, 60, {1, 0, 9})}, 60);
    heard();
    apply({frame(lamp_11, 59, {1, 0.1, 0}, 61)}, 61);
    EXPECT_THAT(heard(), IsEmpty()) << "from before the return";
    apply({frame(lamp_11, 65, {1, 0, 0})}, 65);
    EXPECT_THAT(heard(), ElementsAre("LP-11 supply_lost release 65"));
    EXPECT_EQ(state.display(lamp_11), DisplayState::alarm_3);
}

TEST_F(EngineTest, AChildThatSaysNothingIsAnnouncedAfterTwoPeriods) {
    apply({frame(cabinet_1, 0, {1, 1, 0}), frame(lamp_11, 1, {1, 0, 0})}, 1);
    apply({frame(cabinet_1, 60, {1, 0, 9})}, 60);
    heard();
    state.tick(noon_plus(179));
    EXPECT_THAT(heard(), IsEmpty());
    state.tick(noon_plus(180));
    EXPECT_THAT(heard(), ElementsAre("LP-11 supply_lost release 180"));
}

TEST_F(EngineTest, ACauseThatComesAgainHidesAgain) {
    apply({frame(cabinet_1, 0, {1, 1, 0}), frame(lamp_11, 1, {1, 0, 0})}, 1);
    apply({frame(cabinet_1, 60, {1, 0, 9})}, 60);
    heard();
    apply({frame(cabinet_1, 70, {1, 1, 9})}, 70);
    EXPECT_THAT(heard(), ElementsAre("CAB-1 breaker_tripped raise 70",
                                     "LP-11 supply_lost suppress 70 by CAB-1 breaker_tripped"));
    state.tick(noon_plus(500));
    EXPECT_THAT(heard(), IsEmpty()) << "held no more";
}

TEST_F(EngineTest, TheCommunicationGraphExplainsSilence) {
    apply({frame(gateway, 0, {1}), frame(car_park, 0, {50, 80})}, 0);
    apply({frame(gateway, 170, {0})}, 170);
    EXPECT_THAT(heard(), ElementsAre("GW-1 offline raise 170"));
    state.tick(noon_plus(180));
    EXPECT_THAT(heard(), ElementsAre("CP-1 silent raise 180 by GW-1 offline"));
    apply({frame(gateway, 300, {1})}, 300);
    EXPECT_THAT(heard(), ElementsAre("GW-1 offline come_back 300"));
    apply({frame(car_park, 310, {50, 80})}, 310);
    EXPECT_THAT(heard(), ElementsAre("CP-1 silent come_back 310"));
    EXPECT_EQ(state.display(car_park), DisplayState::normal);
}

TEST_F(EngineTest, WorksRaiseNothingAndEndWhatStood) {
    apply({frame(cabinet_1, 0, {1, 1, 0}), frame(lamp_11, 1, {1, 0, 0}),
           frame(lamp_21, 1, {1, 0, 0})},
          1);
    heard();
    auto kinds = small_city_kinds();
    auto all = small_city_assets(*kinds);
    all[0].life_stage = assets::LifeStage::works;
    all[6].life_stage = assets::LifeStage::works;
    state.adopt(std::make_shared<const assets::Catalogue>(kinds, all), noon_plus(10));
    state.tick(noon_plus(10));
    EXPECT_THAT(heard(), ElementsAre("CAB-1 breaker_tripped come_back 10 (life_stage)",
                                     "LP-21 supply_lost come_back 10 (life_stage)"));
    apply({frame(lamp_21, 20, {1, 0, 0}), frame(cabinet_1, 20, {1, 1, 0})}, 20);
    EXPECT_THAT(heard(), IsEmpty());
    state.tick(noon_plus(200));
    EXPECT_THAT(heard(), ElementsAre("LP-11 supply_lost release 130")) << "its cause ended";
    all[6].life_stage = assets::LifeStage::in_service;
    state.adopt(std::make_shared<const assets::Catalogue>(kinds, all), noon_plus(210));
    apply({frame(lamp_21, 220, {1, 0, 0})}, 220);
    EXPECT_THAT(heard(), testing::Contains("LP-21 supply_lost raise 220"));
}

TEST_F(EngineTest, TheDatabaseHasTheLastWord) {
    apply({frame(car_park, 0, {5, 95})}, 0);
    apply({frame(car_park, 30, {5, 95})}, 30);
    ASSERT_EQ(decided.size(), 1U);
    const auto id = decided[0].alarm;
    // The operator acknowledges while our raise is still on its way to the database: not yet.
    engine.recorded(answer(id, {true, true, Suppression::none}, 0));
    apply({frame(car_park, 40, {50, 80})}, 40);
    EXPECT_EQ(engine.standing_count(), 1U);
    // Both are recorded, the acknowledgement between them: nothing is left to see.
    engine.recorded(answer(id, {false, true, Suppression::none}, 2));
    EXPECT_EQ(engine.standing_count(), 0U);
    EXPECT_EQ(state.display(car_park), DisplayState::normal);
    // The other way round: forgotten here, still open there.
    engine.recorded(answer(id, {false, false, Suppression::none}, 0));
    EXPECT_EQ(engine.standing_count(), 1U);
    EXPECT_EQ(state.display(car_park), DisplayState::alarm_3);
    engine.recorded(answer(id, {false, true, Suppression::none}, 0));
    EXPECT_EQ(engine.standing_count(), 0U);
}

// A restart in the middle of the tripped cabinet, frames replayed: nothing new is said, and the end
// comes out as it would have.
TEST_F(EngineTest, ARestartChangesNothing) {
    const std::vector<store::Frame> frames{frame(cabinet_1, 0, {1, 1, 0}),
                                           frame(lamp_11, 1, {1, 0, 0}),
                                           frame(lamp_12, 1, {1, 40, 1})};
    apply(frames, 1);
    ASSERT_EQ(decided.size(), 3U);
    std::map<std::string, Standing> rows;
    std::vector<JudgedThrough> judged;
    for (const auto& each : decided) {
        Standing row;
        row.alarm = each.alarm;
        row.asset = each.asset;
        row.rule = each.rule;
        row.raised_at = each.at;
        row.suppressed_by = each.suppressed_by;
        row.state = decide({}, each.event, {!each.suppressed_by.empty(), true}).to;
        rows[each.alarm] = row;
        judged.push_back({each.asset, each.rule, each.at});
    }
    std::vector<Standing> standing;
    for (const auto& [id, row] : rows)
        standing.push_back(row);

    live::Stream other("second");
    live::CityState again(other);
    again.adopt(catalogue, noon_plus(20));
    std::vector<Occurrence> said;
    Engine second(
        again, [&said](auto more) { said.insert(said.end(), more.begin(), more.end()); },
        noon_plus(20));
    second.restore(standing, judged, noon_plus(20));
    again.apply(frames, noon_plus(20));
    second.begin(noon_plus(20));
    again.tick(noon_plus(20));
    EXPECT_TRUE(said.empty());
    EXPECT_EQ(again.display(cabinet_1), DisplayState::alarm_2);
    EXPECT_EQ(again.display(lamp_11), DisplayState::unpowered);
    again.apply(std::vector{frame(cabinet_1, 60, {1, 0, 9}), frame(lamp_11, 61, {1, 40, 0})},
                noon_plus(61));
    again.tick(noon_plus(61));
    ASSERT_EQ(said.size(), 2U);
    EXPECT_EQ(said[0].event, Event::come_back);
    EXPECT_EQ(said[1].alarm, alarm_id("LP-11", "supply_lost", noon_plus(1)));
    EXPECT_EQ(said[1].event, Event::come_back);
}

// The values were flushed while a delay was running, and the property was seen again since it
// began.
TEST_F(EngineTest, ARestartDoesNotBeginADelayAnew) {
    const std::vector<store::Frame> frames{
        frame(car_park, 0, {50, 80}), frame(car_park, 10, {5, 95}), frame(car_park, 20, {5, 95})};
    const auto restart = [&](int judged_to, auto check) {
        live::Stream other("second");
        live::CityState again(other);
        again.adopt(catalogue, noon_plus(25));
        again.restore({.asset = car_park,
                       .layout = 1,
                       .newest = noon_plus(20),
                       .heard = noon_plus(20),
                       .times = {base::epoch_us(noon_plus(20)), base::epoch_us(noon_plus(20))},
                       .values = {5, 95}},
                      noon_plus(25));
        std::vector<Occurrence> said;
        Engine second(
            again, [&said](auto more) { said.insert(said.end(), more.begin(), more.end()); },
            noon_plus(25));
        second.restore({}, std::vector<JudgedThrough>{{car_park, "full", noon_plus(judged_to)}},
                       noon_plus(25));
        const auto spans = second.running_delays();
        ASSERT_EQ(spans.size(), 1U);
        EXPECT_EQ(spans[0].asset, car_park);
        EXPECT_EQ(spans[0].from, noon_plus(-10)) << "the rule's 30 s before the latest";
        EXPECT_EQ(spans[0].to, noon_plus(20));
        second.recall(frames);
        second.begin(noon_plus(25));
        check(again, said);
    };
    restart(-100, [&](live::CityState& again, std::vector<Occurrence>& said) {
        again.tick(noon_plus(39));
        EXPECT_THAT(said, IsEmpty());
        again.tick(noon_plus(40));
        ASSERT_EQ(said.size(), 1U);
        EXPECT_EQ(line(said[0]), "CP-1 full raise 10");
    });
    restart(-100, [&](live::CityState& again, std::vector<Occurrence>& said) {
        again.apply(std::vector{frame(car_park, 30, {50, 80})}, noon_plus(30));
        again.tick(noon_plus(90));
        EXPECT_THAT(said, IsEmpty()) << "it ended before the delay was over";
    });
    restart(15, [&](live::CityState& again, std::vector<Occurrence>& said) {
        again.tick(noon_plus(49));
        EXPECT_THAT(said, IsEmpty());
        again.tick(noon_plus(50));
        ASSERT_EQ(said.size(), 1U);
        EXPECT_EQ(line(said[0]), "CP-1 full raise 20") << "what is judged is over";
    });
}

TEST_F(EngineTest, WhatWasNotRecordedBeforeACrashIsFoundAgainUnderTheSameName) {
    const std::vector<store::Frame> frames{frame(lamp_11, 1, {1, 0, 0}),
                                           frame(lamp_11, 2, {1, 40, 0})};
    apply({frames[0]}, 1);
    apply({frames[1]}, 2);
    live::Stream other("second");
    live::CityState again(other);
    again.adopt(catalogue, noon_plus(20));
    std::vector<Occurrence> said;
    Engine second(
        again, [&said](auto more) { said.insert(said.end(), more.begin(), more.end()); },
        noon_plus(20));
    second.restore({}, {}, noon_plus(20));
    again.apply(frames, noon_plus(20));
    again.tick(noon_plus(20));
    ASSERT_EQ(said.size(), decided.size());
    for (std::size_t i = 0; i < said.size(); ++i) {
        EXPECT_EQ(said[i].alarm, decided[i].alarm);
        EXPECT_EQ(said[i].event, decided[i].event);
        EXPECT_EQ(said[i].at, decided[i].at);
    }
}

}  // namespace
}  // namespace vigie::alarms
