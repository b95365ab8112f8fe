#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/api/ask.hpp"
#include "tests/live/small_city_store.hpp"
#include "vigie/alarms/service.hpp"
#include "vigie/live/keeper.hpp"

namespace vigie::alarms {
namespace {

using namespace vigie::test;
using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr store::Query forge_transition{"forge_transition",
                                        "update alarm_transition set author = 'nobody'"};
constexpr store::Query drop_transition{"drop_transition", "delete from alarm_transition"};
constexpr store::Query drop_alarm{"drop_alarm", "delete from alarm"};
constexpr store::Query count_transitions{"count_transitions",
                                         "select count(*) as n from alarm_transition"};

// The whole way from frames to the door, stepped by hand.
class AlarmsPgTest : public testing::Test {
protected:
    AlarmsPgTest() {
        registry.publish(catalogue);
        store_small_city(database, pool, *catalogue);
        actor.login = "anna";
        actor.grants = {{access::Level::operate, "alarms", {}, {}, {}}};
        add_routes(router, service, registry);
        add_topic(stream, service, registry);
        stream.subscribe("alarms", [this](const std::shared_ptr<const live::StreamEvent>& event) {
            for (const auto& row : event->rows) {
                streamed.push_back(row.removed
                                       ? row.key.substr(0, 4) + " removed"
                                       : json::parse(*row.json)["state"].get<std::string>());
            }
            return true;
        });
        city.step();
    }

    void apply(const std::vector<store::Frame>& frames, int now) {
        clock.set(noon_plus(now));
        store_frames(pool, frames);
        ASSERT_TRUE(city.observed(frames));
        settle();
    }
    void settle() {
        city.step();
        while (service.recorder().waiting() > 0)
            ASSERT_TRUE(service.recorder().record_batch());
        city.step();
    }
    json get(const std::string& target, unsigned status = 200) {
        const auto answer = ask(router, request_to("GET", target));
        EXPECT_EQ(answer.status, status) << answer.body;
        return json::parse(answer.body);
    }
    json acknowledge(const std::string& id, unsigned status = 200, const std::string& body = "{}",
                     const std::string& key = {}) {
        auto request = request_to("POST", "/api/v1/alarms/" + id + "/acknowledge", body);
        request.headers.set("Idempotency-Key", key.empty() ? "k" + std::to_string(++keys) : key);
        const auto answer = ask(router, request);
        EXPECT_EQ(answer.status, status) << answer.body;
        return json::parse(answer.body);
    }
    std::vector<std::string> open() {
        std::vector<std::string> lines;
        const auto page = get("/api/v1/alarms");
        for (const auto& row : page["rows"]) {
            lines.push_back(row["asset"].get<std::string>() + " " + row["rule"].get<std::string>() +
                            " " + row["state"].get<std::string>());
        }
        return lines;
    }

    test::Database database;
    store::Pool pool{database.app_url(), 4};
    std::shared_ptr<const assets::Catalogue> catalogue = small_city();
    assets::Registry registry;
    live::Stream stream{"E1"};
    base::ManualClock clock{noon_plus(0)};
    live::City city{registry, stream, clock};
    Service service{city, stream, pool, registry, clock};
    access::Principal actor;
    api::Router router{
        pool, clock,
        [this](const wire::Request&) -> boost::asio::awaitable<base::Result<access::Principal>> {
            co_return actor;
        }};
    std::vector<std::string> streamed;
    int keys{};
};

TEST_F(AlarmsPgTest, RaisesAcknowledgesAndReturns) {
    std::vector<std::string> logged;
    std::vector<std::string> followed;
    service.recorder().in_transaction([&logged](store::Transaction&, const AlarmChange& change) {
        logged.push_back(std::string(to_string(change.transition.event)) + " by " +
                         change.transition.author + (change.announced ? " announced" : ""));
    });
    service.recorder().on_recorded(
        [&followed](const AlarmChange& change) { followed.push_back(change.alarm.id); });
    apply({frame(lamp_11, 10, {1, 0.25, 0})}, 10);
    const auto row = get("/api/v1/alarms")["rows"][0];
    const auto id = alarm_id("LP-11", "supply_lost", noon_plus(10));
    EXPECT_EQ(row["id"], id);
    EXPECT_EQ(row["name"]["fr"], "supply_lost (fr)");
    EXPECT_EQ(row["state"], "unacknowledged");
    EXPECT_EQ(row["raised_at"], "2026-11-22T12:00:10Z");
    EXPECT_EQ(row["value"], "0.25 W");
    EXPECT_EQ(row["commune"], "21231");
    EXPECT_EQ(row["occurrences"], 1);
    EXPECT_EQ(row["learnt_late"], false);
    EXPECT_THAT(streamed, ElementsAre("unacknowledged"));

    clock.set(noon_plus(20));
    const auto seen = acknowledge(id, 200, R"({"reason":"crew is there"})", "once");
    EXPECT_EQ(seen["state"], "acknowledged");
    EXPECT_EQ(seen["acknowledged_by"], "anna");
    EXPECT_EQ(acknowledge(id, 200, R"({"reason":"crew is there"})", "once"), seen) << "replayed";
    const auto conflict = acknowledge(id, 409);
    EXPECT_EQ(conflict["state"], "acknowledged");
    city.step();
    apply({frame(lamp_11, 30, {1, 40, 0})}, 30);
    EXPECT_THAT(open(), IsEmpty());
    EXPECT_EQ(city.state().display(lamp_11), live::DisplayState::normal);
    EXPECT_THAT(streamed,
                ElementsAre("unacknowledged", "acknowledged", id.substr(0, 4) + " removed"));
    EXPECT_THAT(logged, ElementsAre("raise by system:rules announced", "acknowledge by anna",
                                    "come_back by system:rules"));
    EXPECT_EQ(followed.size(), 3U);

    const auto detail = get("/api/v1/alarms/" + id);
    ASSERT_EQ(detail["transitions"].size(), 3U);
    EXPECT_EQ(detail["transitions"][1]["author"], "anna");
    EXPECT_EQ(detail["transitions"][1]["cause"], "crew is there");
    EXPECT_EQ(detail["transitions"][2]["to"], "normal");
    EXPECT_EQ(detail["transitions"][2]["at"], "2026-11-22T12:00:30Z");
    EXPECT_EQ(detail["version"], 3);
}

TEST_F(AlarmsPgTest, ACabinetHidesItsLampsAndLeavesNothingOver) {
    apply({frame(lamp_11, 1, {1, 0, 0})}, 1);
    apply({frame(cabinet_1, 2, {1, 1, 0})}, 2);
    apply({frame(lamp_12, 3, {1, 0, 0})}, 3);
    EXPECT_THAT(open(),
                ElementsAre("CAB-1 breaker_tripped unacknowledged", "LP-11 supply_lost suppressed",
                            "LP-12 supply_lost suppressed"));
    const auto cause = alarm_id("CAB-1", "breaker_tripped", noon_plus(2));
    EXPECT_EQ(get("/api/v1/alarms/" + cause)["suppresses"], 2);
    EXPECT_EQ(get("/api/v1/alarms?suppressed_by=" + cause)["rows"].size(), 2U);
    const auto hidden = get("/api/v1/alarms/" + alarm_id("LP-12", "supply_lost", noon_plus(3)));
    EXPECT_EQ(hidden["suppressed_by"], cause);
    EXPECT_EQ(hidden["transitions"][0]["from"], "normal");
    EXPECT_EQ(hidden["transitions"][0]["to"], "suppressed");
    EXPECT_EQ(hidden["transitions"][0]["cause"], cause);
    acknowledge(hidden["id"], 409);
    apply({frame(cabinet_1, 60, {1, 0, 9})}, 60);
    apply({frame(lamp_11, 61, {1, 40, 0}), frame(lamp_12, 62, {1, 40, 0})}, 62);
    EXPECT_THAT(open(), ElementsAre("CAB-1 breaker_tripped returned"));
    acknowledge(cause);
    city.step();
    EXPECT_THAT(open(), IsEmpty());
    EXPECT_EQ(get("/api/v1/alarms/" + cause)["suppresses"], 0);
}

TEST_F(AlarmsPgTest, TheSameAlarmAgainIsAnotherOccurrence) {
    apply({frame(lamp_11, 10, {1, 0, 0})}, 10);
    apply({frame(lamp_11, 20, {1, 40, 0})}, 20);
    EXPECT_THAT(open(), ElementsAre("LP-11 supply_lost returned"));
    apply({frame(lamp_11, 30, {1, 0, 0})}, 30);
    const auto row = get("/api/v1/alarms")["rows"][0];
    EXPECT_EQ(row["occurrences"], 2);
    EXPECT_EQ(row["state"], "unacknowledged");
    EXPECT_EQ(row["raised_at"], "2026-11-22T12:00:30Z");
    EXPECT_FALSE(row.contains("returned_at"));
}

TEST_F(AlarmsPgTest, AnAcknowledgementAndAReturnMayCross) {
    apply({frame(lamp_11, 10, {1, 0, 0})}, 10);
    const auto id = alarm_id("LP-11", "supply_lost", noon_plus(10));
    // The return is decided, not yet recorded, when the operator acknowledges.
    clock.set(noon_plus(20));
    ASSERT_TRUE(city.observed({frame(lamp_11, 20, {1, 40, 0})}));
    city.step();
    acknowledge(id);
    settle();
    EXPECT_THAT(open(), IsEmpty());
    EXPECT_EQ(city.state().display(lamp_11), live::DisplayState::normal);
}

TEST_F(AlarmsPgTest, WhatIsRecordedTwiceIsRecordedOnce) {
    Occurrence raise;
    raise.alarm = alarm_id("LP-11", "supply_lost", noon_plus(1));
    raise.at = raise.learnt_at = noon_plus(1);
    raise.asset = lamp_11;
    raise.kind = "light_point";
    raise.rule = "supply_lost";
    raise.desk = "traffic";
    auto back = raise;
    back.event = Event::come_back;
    back.at = noon_plus(2);
    std::vector<int> confirmed;
    service.recorder().on_answer([&confirmed](std::vector<Standing> answers) {
        for (const auto& answer : answers)
            confirmed.push_back(answer.confirmed);
    });
    service.recorder().submit({raise, back});
    ASSERT_TRUE(service.recorder().record_batch());
    service.recorder().submit({raise, back, raise});
    ASSERT_TRUE(service.recorder().record_batch());
    EXPECT_EQ(pool.read_now([](store::Transaction& tx) {
        return tx.row(count_transitions)->get<std::int64_t>("n");
    }),
              2);
    EXPECT_THAT(open(), ElementsAre("LP-11 supply_lost returned"));
    EXPECT_THAT(confirmed, ElementsAre(2, 3)) << "the engine waits for an answer to each";
}

TEST_F(AlarmsPgTest, WhatTheDatabaseRefusesHoldsBackNoOther) {
    Occurrence wrong;
    wrong.alarm = "not hexadecimal";
    wrong.asset = lamp_11;
    auto right = wrong;
    right.alarm = alarm_id("LP-11", "supply_lost", noon_plus(1));
    right.kind = "light_point";
    right.rule = "supply_lost";
    service.recorder().submit({wrong, right});
    EXPECT_TRUE(service.recorder().record_batch());
    EXPECT_EQ(service.recorder().waiting(), 0U);
    EXPECT_THAT(open(), ElementsAre("LP-11 supply_lost unacknowledged"));
}

TEST_F(AlarmsPgTest, WithoutADatabaseTransitionsWaitInOrder) {
    store::Pool nowhere("host=/nonexistent dbname=none", 1);
    Recorder lonely(nowhere, stream, registry, clock);
    Occurrence raise;
    raise.alarm = alarm_id("LP-11", "supply_lost", noon_plus(1));
    lonely.submit({raise, raise});
    EXPECT_FALSE(lonely.record_batch());
    EXPECT_EQ(lonely.waiting(), 2U);
    EXPECT_FALSE(lonely.settle(std::chrono::milliseconds(0)));
}

TEST_F(AlarmsPgTest, TheHooksFailureRollsBackAndIsTriedAgain) {
    bool fails = true;
    service.recorder().in_transaction([&fails](store::Transaction&, const AlarmChange&) {
        if (fails) throw std::runtime_error("the logbook is not there");
    });
    clock.set(noon_plus(10));
    ASSERT_TRUE(city.observed({frame(lamp_11, 10, {1, 0, 0})}));
    city.step();
    EXPECT_FALSE(service.recorder().record_batch());
    EXPECT_THAT(open(), IsEmpty());
    EXPECT_THAT(streamed, IsEmpty());
    fails = false;
    settle();
    EXPECT_THAT(open(), ElementsAre("LP-11 supply_lost unacknowledged"));
}

TEST_F(AlarmsPgTest, ARestartFindsWhatStoodAndSaysNothingTwice) {
    apply({frame(cabinet_1, 0, {1, 1, 0}), frame(lamp_11, 1, {1, 0, 0})}, 1);
    apply({frame(lamp_21, 2, {1, 0, 0})}, 2);
    apply({frame(lamp_21, 3, {1, 40, 0})}, 3);
    const auto before = open();
    // Committed, never seen by the city that is gone: the delay of a rule is running.
    store_frames(pool, {frame(car_park, 5, {3, 97})});

    clock.set(noon_plus(20));
    live::City again(registry, stream, clock);
    Service second(again, stream, pool, registry, clock);
    live::load_last_values(again, pool, clock.now());
    second.load();
    live::replay_frames(again, pool, database.app_url(), clock.now());
    again.post([&](live::CityState&) {});
    streamed.clear();
    again.step();
    EXPECT_EQ(second.recorder().waiting(), 0U);
    EXPECT_EQ(open(), before);
    EXPECT_EQ(again.state().display(cabinet_1), live::DisplayState::alarm_2);
    EXPECT_EQ(again.state().display(lamp_11), live::DisplayState::unpowered);
    EXPECT_EQ(again.state().display(lamp_21), live::DisplayState::alarm_3) << "returned, unseen";
    clock.set(noon_plus(35));
    again.step();
    ASSERT_TRUE(second.recorder().record_batch());
    EXPECT_EQ(get("/api/v1/alarms?asset=CP-1")["rows"][0]["raised_at"], "2026-11-22T12:00:05Z");
    ASSERT_TRUE(again.observed({frame(cabinet_1, 40, {1, 0, 9}), frame(lamp_11, 41, {1, 40, 0})}));
    again.step();
    ASSERT_TRUE(second.recorder().record_batch());
    EXPECT_THAT(open(), ElementsAre("CAB-1 breaker_tripped returned", "LP-21 supply_lost returned",
                                    "CP-1 full unacknowledged"));
}

TEST_F(AlarmsPgTest, ListsByPageAndFilter) {
    apply({frame(cabinet_2, 1, {1, 1, 0}), frame(lamp_11, 2, {1, 0, 1}), frame(gateway, 3, {0})},
          3);
    EXPECT_THAT(open(),
                ElementsAre("CAB-2 breaker_tripped unacknowledged", "LP-11 lamp_out unacknowledged",
                            "LP-11 supply_lost unacknowledged", "GW-1 offline unacknowledged"))
        << "worst first, then oldest; those of one instant by id";
    std::vector<std::string> seen;
    std::string cursor;
    for (int i = 0; i < 4; ++i) {
        const auto page = get("/api/v1/alarms?limit=1" + cursor);
        ASSERT_EQ(page["rows"].size(), 1U);
        seen.push_back(page["rows"][0]["id"]);
        cursor = page.contains("next") ? "&cursor=" + page["next"].get<std::string>() : "";
    }
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 4U);
    EXPECT_TRUE(cursor.empty());
    EXPECT_EQ(get("/api/v1/alarms?raises=maintenance")["rows"].size(), 1U);
    EXPECT_EQ(get("/api/v1/alarms?kind=gateway")["rows"].size(), 1U);
    EXPECT_EQ(get("/api/v1/alarms?asset=LP-11")["rows"].size(), 2U);
    EXPECT_EQ(get("/api/v1/alarms?commune=21540")["rows"].size(), 0U);
    EXPECT_EQ(get("/api/v1/alarms?state=normal,returned")["rows"].size(), 0U);
    EXPECT_EQ(get("/api/v1/alarms?state=unacknowledged")["rows"].size(), 4U);
    EXPECT_EQ(get("/api/v1/alarms?state=angry", 422)["errors"][0]["pointer"], "state");
    get("/api/v1/alarms?raises=hell", 422);
    get("/api/v1/alarms?asset=LP-99", 422);
    get("/api/v1/alarms/0123", 404);
    acknowledge("0123", 404);
    actor.grants = {{access::Level::operate, "alarms", "21540", {}, {}}};
    EXPECT_THAT(open(), IsEmpty());
    get("/api/v1/alarms/" + seen[0], 403);
    acknowledge(seen[0], 403);
    get("/api/v1/alarms?commune=21231", 403);
}

TEST_F(AlarmsPgTest, TheTopicBeginsWithTheOpenAlarms) {
    apply({frame(lamp_11, 2, {1, 0, 1}), frame(gateway, 3, {0})}, 3);
    const auto snapshot = [this](live::StreamFilter filter) {
        return json::parse(await(stream.topic("alarms")->snapshot(actor, std::move(filter))));
    };
    EXPECT_EQ(snapshot({}).size(), 3U);
    live::StreamFilter filter;
    filter.kind = "gateway";
    EXPECT_EQ(snapshot(filter)[0]["rule"], "offline");
    filter.asset = "LP-99";
    EXPECT_TRUE(snapshot(filter).empty());
}

TEST_F(AlarmsPgTest, AnIncidentTakesItOver) {
    apply({frame(gateway, 3, {0})}, 3);
    const auto id = alarm_id("GW-1", "offline", noon_plus(3));
    streamed.clear();
    const auto attached = pool.write_now(
        [&](store::Transaction& tx) { return service.recorder().attach(tx, id, 17); });
    ASSERT_TRUE(attached.ok());
    EXPECT_EQ(get("/api/v1/alarms/" + id)["incident"], 17);
    EXPECT_EQ(streamed.size(), 1U);
    apply({frame(gateway, 9, {1})}, 9);
    EXPECT_EQ(get("/api/v1/alarms/" + id)["incident"], 17);
    EXPECT_FALSE(pool.write_now([&](store::Transaction& tx) {
                         return service.recorder().attach(tx, "none", 17);
                     })
                     .ok());
}

TEST_F(AlarmsPgTest, TheServerCannotRewriteWhatHappened) {
    apply({frame(gateway, 3, {0})}, 3);
    for (const auto& forbidden : {forge_transition, drop_transition, drop_alarm}) {
        try {
            pool.write_now([&](store::Transaction& tx) { tx.execute(forbidden); });
            FAIL() << forbidden.name;
        } catch (const store::Refused& refused) {
            EXPECT_EQ(refused.sqlstate, "42501") << forbidden.name;
        }
    }
}

}  // namespace
}  // namespace vigie::alarms
