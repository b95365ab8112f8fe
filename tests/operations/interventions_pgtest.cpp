#include <gmock/gmock.h>

#include "tests/operations/control_room.hpp"

namespace vigie::operations {
namespace {

using nlohmann::json;
using testing::ElementsAre;

std::string intervention_path(const std::string& id) {
    return "/api/v1/interventions/" + id;
}

class Interventions : public ControlRoom {
protected:
    Interventions() {
        alarm = raise("SJ-1", clock.now());
        incident = post("lea", "/api/v1/incidents", {{"alarm", alarm}})
                       .body.at("number")
                       .get<std::int64_t>();
        intervention = dispatch(incident);
    }
    std::string state() {
        return get("lea", intervention_path(intervention)).body.at("state").get<std::string>();
    }
    std::vector<std::string> states_passed() {
        std::vector<std::string> passed;
        for (const auto& step :
             get("lea", intervention_path(intervention)).body.at("transitions")) {
            passed.push_back(step.at("to"));
        }
        return passed;
    }
    std::string alarm;
    std::int64_t incident{};
    std::string intervention;
};

TEST_F(Interventions, AreDispatchedWithWhatTheCrewMustKnow) {
    const auto told = get("zoe", intervention_path(intervention));
    ASSERT_EQ(told.status, 200U);
    EXPECT_EQ(told.body.at("state"), "assigned");
    EXPECT_EQ(told.body.at("asset"), "SJ-1");
    EXPECT_EQ(told.body.at("address"), "Place Wilson");
    EXPECT_EQ(told.body.at("response").at("fr"), "Envoyer une équipe");
    EXPECT_EQ(told.body.at("priority"), 2);
    EXPECT_EQ(told.body.at("incident"), incident);
    EXPECT_EQ(told.body.at("incident_title"), "Junction at flashing amber · SJ-1");
    EXPECT_THAT(told.body.at("allowed"), ElementsAre("accepted", "refused"));
    EXPECT_EQ(told.body.at("transitions")[0].at("author"), "lea");
    EXPECT_THAT(get("lea", intervention_path(intervention)).body.at("allowed"),
                ElementsAre("cancelled"));
    EXPECT_TRUE(get("ada", intervention_path(intervention)).body.at("allowed").empty());

    const std::string path = "/api/v1/incidents/" + std::to_string(incident) + "/interventions";
    EXPECT_EQ(post("lea", path, {{"crew", "EQ9"}}).body.at("errors")[0].at("pointer"), "/crew");
    EXPECT_EQ(
        post("lea", path, {{"crew", "EQ1"}, {"asset", "NONE"}}).body.at("errors")[0].at("pointer"),
        "/asset");
    EXPECT_EQ(post("lea", "/api/v1/incidents/99/interventions", {{"crew", "EQ1"}}).status, 404U);
    EXPECT_EQ(post("zoe", path, {{"crew", "EQ1"}}).status, 403U);
}

TEST_F(Interventions, KeepBothClocksOfEveryStep) {
    clock.advance(std::chrono::minutes{10});
    const std::string done_at = at(-300);
    const auto told = move("zoe", intervention, "accepted",
                           {{"at", done_at}, {"position", {5.01, 47.31}}, {"note", "on our way"}});
    ASSERT_EQ(told.status, 200U) << told.body.dump();
    const auto step = told.body.at("transitions")[1];
    EXPECT_EQ(step.at("from"), "assigned");
    EXPECT_EQ(step.at("to"), "accepted");
    EXPECT_EQ(step.at("author"), "zoe");
    EXPECT_EQ(step.at("at"), done_at);
    EXPECT_EQ(step.at("recorded_at"), at());
    EXPECT_EQ(step.at("position"), json::array({5.01, 47.31}));
    EXPECT_EQ(told.body.at("state_since"), done_at);
    const auto crew = get("lea", "/api/v1/crews").body.at("rows")[0];
    EXPECT_EQ(crew.at("position"), json::array({5.01, 47.31}));
    EXPECT_EQ(crew.at("position_age_s"), 300);

    EXPECT_FALSE(step.contains("clock_off_s"));
}

TEST_F(Interventions, TakeAnswersByClocksThatAreWrong) {
    clock.advance(std::chrono::minutes{10});
    const std::string fast = at(420);
    const auto accepted =
        move("zoe", intervention, "accepted", {{"at", fast}, {"position", {5.01, 47.31}}});
    ASSERT_EQ(accepted.status, 200U) << accepted.body.dump();
    const auto step = accepted.body.at("transitions").back();
    EXPECT_EQ(step.at("at"), fast) << "as she said it";
    EXPECT_EQ(step.at("recorded_at"), at());
    EXPECT_EQ(step.at("clock_off_s"), 420);
    EXPECT_EQ(accepted.body.at("state_since"), at()) << "ours orders it";
    EXPECT_EQ(get("lea", "/api/v1/crews").body.at("rows")[0].at("position_age_s"), 0);
    auto entry = get("lea", "/api/v1/logbook").body.at("rows")[0];
    EXPECT_EQ(entry.at("at"), at());
    EXPECT_EQ(entry.at("text").at("fr"), "Intervention " + intervention +
                                             " (équipe EQ1) : acceptée, selon une horloge en "
                                             "avance de 7 min");

    clock.advance(std::chrono::minutes{1});
    const auto en_route = move("zoe", intervention, "en_route", {{"at", at(-11'000)}});
    ASSERT_EQ(en_route.status, 200U) << "a slow one: " << en_route.body.dump();
    EXPECT_EQ(en_route.body.at("transitions").back().at("clock_off_s"), -11'000 + 60);
    EXPECT_EQ(en_route.body.at("state_since"), at());
    entry = get("lea", "/api/v1/logbook").body.at("rows")[0];
    EXPECT_EQ(entry.at("text").at("en"),
              "Intervention " + intervention + " (crew EQ1): en route, by a clock 3 h behind");

    clock.advance(std::chrono::minutes{1});
    EXPECT_EQ(move("zoe", intervention, "on_site").status, 200U) << "set right, it goes on";
    const auto nonsense = move("zoe", intervention, "made_safe", {{"at", "2020-01-01T00:00:00Z"}});
    EXPECT_EQ(nonsense.status, 422U);
    EXPECT_EQ(nonsense.body.at("errors")[0].at("pointer"), "/at");
}

TEST_F(Interventions, AreReopenedWhateverTheCrewsClockSaid) {
    give_back(alarm, clock.now());
    for (const char* to : {"accepted", "on_site"})
        move("zoe", intervention, to);
    ASSERT_EQ(move("zoe", intervention, "restored", {{"at", at(3600)}}).body.at("state"),
              "verified");
    clock.advance(std::chrono::minutes{5});
    rise_again(alarm, clock.now());
    operations->work_once();
    EXPECT_EQ(state(), "assigned") << "it rose after it was restored, by our clock";
}

TEST_F(Interventions, RefuseIllegalMovesWithWhatIsAllowed) {
    const auto illegal = move("zoe", intervention, "on_site");
    EXPECT_EQ(illegal.status, 409U);
    EXPECT_EQ(illegal.body.at("state"), "assigned");
    EXPECT_THAT(illegal.body.at("allowed"), ElementsAre("accepted", "refused"));
    EXPECT_EQ(move("lea", intervention, "accepted").status, 403U) << "the crew's word, not ours";
    EXPECT_EQ(move("zoe", intervention, "cancelled", {{"reason", "duplicate"}}).status, 403U);
    EXPECT_EQ(move("zoe", intervention, "reopened").status, 422U);
    EXPECT_EQ(move("zoe", intervention, "refused").body.at("errors")[0].at("pointer"), "/reason");
    EXPECT_EQ(move("zoe", "4711", "accepted").status, 404U);
    EXPECT_EQ(move("zoe", "x", "accepted").status, 404U);
    EXPECT_THAT(states_passed(), ElementsAre("assigned"));
    EXPECT_EQ(move("zoe", intervention, "refused", {{"reason", "no_skill"}}).status, 200U);
    EXPECT_EQ(move("zoe", intervention, "accepted").status, 409U);
}

TEST_F(Interventions, AreTheirOwnCrewsOnly) {
    EXPECT_EQ(get("tom", intervention_path(intervention)).status, 404U);
    EXPECT_EQ(move("tom", intervention, "accepted").status, 404U);
    EXPECT_TRUE(get("tom", "/api/v1/interventions").body.at("rows").empty());
    EXPECT_TRUE(get("tom", "/api/v1/interventions?crew=EQ1").body.at("rows").empty());
    const auto own = get("zoe", "/api/v1/interventions");
    ASSERT_EQ(own.body.at("rows").size(), 1U);
    EXPECT_EQ(own.body.at("rows")[0].at("id"), intervention);
    EXPECT_THAT(own.body.at("rows")[0].at("allowed"), ElementsAre("accepted", "refused"));
    EXPECT_TRUE(get("zoe", "/api/v1/interventions?status=closed").body.at("rows").empty());
    EXPECT_EQ(get("zoe", "/api/v1/incidents").status, 403U);
    EXPECT_EQ(get("zoe", "/api/v1/crews").body.at("rows").size(), 1U);
}

TEST_F(Interventions, ResumeWhereTheyWerePaused) {
    move("zoe", intervention, "accepted");
    move("zoe", intervention, "on_site");
    move("zoe", intervention, "made_safe");
    EXPECT_EQ(move("zoe", intervention, "paused", {{"reason", "parts"}}).status, 200U);
    EXPECT_THAT(get("zoe", intervention_path(intervention)).body.at("allowed"),
                ElementsAre("accepted", "en_route", "on_site", "made_safe"));
    EXPECT_EQ(move("zoe", intervention, "made_safe").status, 200U);
    EXPECT_EQ(state(), "made_safe");
}

TEST_F(Interventions, AreVerifiedByWhatTelemetryProves) {
    work_up_to_restored(intervention);
    EXPECT_EQ(state(), "restored") << "the crew's word alone";
    operations->work_once();
    EXPECT_EQ(state(), "restored") << "the alarm still stands";
    clock.advance(std::chrono::minutes{1});
    const std::string returned_at = at();
    give_back(alarm, clock.now());
    clock.advance(std::chrono::seconds{3});
    operations->work_once();
    const auto told = get("lea", intervention_path(intervention)).body;
    EXPECT_EQ(told.at("state"), "verified");
    EXPECT_EQ(told.at("verified_by"), "telemetry");
    const auto step = told.at("transitions").back();
    EXPECT_EQ(step.at("author"), "system:telemetry");
    EXPECT_EQ(step.at("at"), returned_at);
    EXPECT_EQ(step.at("recorded_at"), at());
    EXPECT_EQ(move("lea", intervention, "closed").status, 200U);

    const auto story = get("lea", "/api/v1/incidents/" + std::to_string(incident)).body.at("story");
    EXPECT_THAT(entry_types(story),
                ElementsAre("incident_opened", "dispatched", "intervention_accepted",
                            "intervention_en_route", "intervention_on_site",
                            "intervention_made_safe", "intervention_restored", "alarm_returned",
                            "intervention_verified", "intervention_closed"));
    EXPECT_EQ(story[8].at("author"), "system:telemetry");
    EXPECT_EQ(story[8].at("text").at("fr"), "Intervention " + intervention +
                                                " (équipe EQ1) : vérifiée, prouvée par la "
                                                "télémesure");
}

TEST_F(Interventions, AreVerifiedAtOnceWhenTheProofCameFirst) {
    give_back(alarm, clock.now());
    work_up_to_restored(intervention);
    const auto told = get("lea", intervention_path(intervention)).body;
    EXPECT_EQ(told.at("state"), "verified");
    EXPECT_EQ(told.at("transitions").back().at("at"), at()) << "not before it was restored";
}

TEST_F(Interventions, WaitForEveryAlarmOfTheirAsset) {
    const auto second = raise("SJ-1", clock.now());
    const auto other = raise("SJ-2", clock.now());
    work_up_to_restored(intervention);
    clock.advance(std::chrono::minutes{1});
    give_back(alarm, clock.now());
    operations->work_once();
    EXPECT_EQ(state(), "restored") << "another alarm of the junction stands";
    record(second, alarms::Event::suppress, clock.now(), other);
    operations->work_once();
    EXPECT_EQ(state(), "restored") << "what is suppressed proves nothing";
    clock.advance(std::chrono::minutes{1});
    record(second, alarms::Event::release, clock.now());
    give_back(second, clock.now());
    operations->work_once();
    EXPECT_EQ(state(), "verified");
}

TEST_F(Interventions, AreReopenedWhenItRisesAgain) {
    give_back(alarm, clock.now());
    work_up_to_restored(intervention);
    ASSERT_EQ(state(), "verified");
    clock.advance(std::chrono::minutes{5});
    const std::string risen_at = at();
    rise_again(alarm, clock.now());
    operations->work_once();
    const auto told = get("zoe", intervention_path(intervention)).body;
    EXPECT_EQ(told.at("state"), "assigned");
    EXPECT_FALSE(told.contains("verified_by"));
    EXPECT_EQ(told.at("transitions").back().at("reason"), "reopened_by_telemetry");
    EXPECT_EQ(told.at("transitions").back().at("at"), risen_at);
    EXPECT_THAT(told.at("allowed"), ElementsAre("accepted", "refused"));
    operations->work_once();
    EXPECT_EQ(get("zoe", intervention_path(intervention)).body.at("transitions").size(),
              told.at("transitions").size())
        << "once";
}

TEST_F(Interventions, AreVerifiedByAPersonOnlyWithAReason) {
    const auto place = post("lea", "/api/v1/incidents",
                            {{"title", "Fallen sign"}, {"desk", "police"}, {"asset", "SJ-2"}});
    intervention = dispatch(place.body.at("number").get<std::int64_t>());
    work_up_to_restored(intervention);
    operations->work_once();
    EXPECT_EQ(state(), "restored") << "without an alarm telemetry proves nothing";
    EXPECT_EQ(move("zoe", intervention, "verified", {{"reason", "override"}, {"note", "x"}}).status,
              403U);
    EXPECT_EQ(move("lea", intervention, "verified").body.at("errors")[0].at("pointer"), "/reason");
    const auto verified =
        move("lea", intervention, "verified", {{"reason", "override"}, {"note", "photo seen"}});
    ASSERT_EQ(verified.status, 200U) << verified.body.dump();
    EXPECT_EQ(verified.body.at("verified_by"), "lea");
    EXPECT_THAT(verified.body.at("allowed"), ElementsAre("closed"));
}

TEST_F(Interventions, LoseNothingWhenTheServerWasAway) {
    work_up_to_restored(intervention);
    give_back(alarm, clock.now());
    // Another server on the same database, which never heard of the change.
    live::Stream other_stream("other");
    alarms::Recorder other_recorder(pool, other_stream, registry, clock);
    Operations other(Parts{.pool = pool,
                           .clock = clock,
                           .stream = other_stream,
                           .registry = registry,
                           .recorder = other_recorder,
                           .commune_of = {},
                           .vehicle_position = {}});
    other.work_once();
    EXPECT_EQ(state(), "verified");
}

TEST_F(Interventions, AreProvedThoughAnotherCannotBeWritten) {
    const auto other_alarm = raise("SJ-2", clock.now());
    const auto other = post("lea", "/api/v1/incidents", {{"alarm", other_alarm}});
    const auto later = dispatch(other.body.at("number").get<std::int64_t>());
    work_up_to_restored(intervention);
    work_up_to_restored(later);
    give_back(alarm, clock.now());
    give_back(other_alarm, clock.now());
    sql(database.superuser_url(),
        "create function stuck() returns trigger language plpgsql as "
        "$$ begin raise exception 'this row is stuck'; end $$");
    sql(database.superuser_url(),
        "create trigger stuck before update on intervention for each row when (old.id = " +
            intervention + ") execute function stuck()");
    operations->work_once();
    EXPECT_EQ(state(), "restored");
    EXPECT_EQ(get("lea", intervention_path(later)).body.at("state"), "verified");
    sql(database.superuser_url(), "drop trigger stuck on intervention");
    operations->work_once();
    EXPECT_EQ(state(), "verified") << "as soon as it can be";
}

TEST_F(Interventions, AnswerAReplayedStepOnce) {
    const json body{{"to", "accepted"}, {"at", at()}};
    const auto path = intervention_path(intervention) + "/transitions";
    const auto first = ask("zoe", "POST", path, body, "outbox-1");
    const auto second = ask("zoe", "POST", path, body, "outbox-1");
    EXPECT_EQ(first.status, 200U);
    EXPECT_EQ(second.status, 200U);
    EXPECT_EQ(first.body, second.body);
    EXPECT_THAT(states_passed(), ElementsAre("assigned", "accepted"));
}

}  // namespace
}  // namespace vigie::operations
