// Commands from the order to the end, against the database and without a socket: what is promised
// holds whatever crosses what.
#include <gmock/gmock.h>

#include "control/dispatcher.hpp"
#include "tests/control/command_bench.hpp"
#include "vigie/base/limits.hpp"

namespace vigie::control {
namespace {

using net::MqttOutcome;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

class ControlTest : public CommandBench {};

TEST_F(ControlTest, BringsACommandFromTheOrderToItsEnd) {
    come("LP-1");
    const auto id = order();
    EXPECT_EQ(state(id), "queued");
    work();
    ASSERT_THAT(sent, SizeIs(1));
    EXPECT_EQ(sent[0].topic, "vigie/v1/LP-1/commands");
    EXPECT_EQ(sent[0].qos, wire::mqtt::Qos::at_least_once);
    EXPECT_EQ(sent[0].expires_at, clock.now() + 60s);
    EXPECT_EQ(json::parse(sent[0].payload), json({{"id", std::to_string(id)},
                                                  {"name", "report"},
                                                  {"params", json::object()},
                                                  {"expires_at", "2026-11-22T18:01:00Z"}}));
    EXPECT_EQ(state(id), "sent");
    outcome(id, MqttOutcome::acknowledged);
    work();
    EXPECT_EQ(state(id), "delivered");
    clock.advance(2s);
    EXPECT_EQ(result(id, "accepted"), "ok");
    EXPECT_EQ(result(id, "done", "LP-1", "41 W"), "ok");
    EXPECT_EQ(story(id), "queued sent delivered accepted done");
    const auto shown = command(id);
    EXPECT_EQ(shown.at("detail"), "41 W");
    EXPECT_EQ(shown.at("label").at("fr"), "Rapport immédiat");
    const auto& last = shown.at("transitions").back();
    EXPECT_EQ(last.at("author"), "device:gateway");
    EXPECT_EQ(last.at("at"), "2026-11-22T18:00:02Z");
    EXPECT_EQ(shown.at("transitions")[0].at("author"), "lea");
}

TEST_F(ControlTest, HoldsOneOutstandingPerDevice) {
    come("LP-1");
    come("LP-2");
    const auto first = order();
    const auto second = order();
    const auto other = order("LP-2");
    work();
    work();
    EXPECT_THAT(sent, SizeIs(2)) << "one of each";
    EXPECT_EQ(state(second), "queued");
    EXPECT_EQ(state(other), "sent");
    outcome(first, MqttOutcome::acknowledged);
    work();
    result(first, "accepted");
    EXPECT_EQ(state(second), "queued") << "accepted is not the end";
    result(first, "failed");
    work();
    EXPECT_EQ(state(second), "sent");
    EXPECT_THAT(sent, SizeIs(3));
    // Whoever writes: the database holds it, too.
    const auto third = order();
    EXPECT_THROW(sql(database.app_url(),
                     "update command set state = 'sent' where id = " + std::to_string(third)),
                 store::Refused);
}

TEST_F(ControlTest, SendsNothingAtOrAfterItsExpiry) {
    const auto id = order("LP-1", 30);
    work();
    clock.advance(30s);
    come("LP-1");
    work();
    EXPECT_THAT(sent, IsEmpty());
    const auto shown = command(id);
    EXPECT_EQ(shown.at("state"), "expired");
    EXPECT_EQ(shown.at("cause"), "never_sent");
    EXPECT_EQ(shown.at("state_since"), shown.at("expires_at"));
}

TEST_F(ControlTest, WaitsForItsDeviceAndGoesOutWhenItHears) {
    const auto id = order();
    work();
    EXPECT_THAT(sent, IsEmpty());
    heard.insert("vigie/v1/LP-1/commands");
    control->taker().listening("vigie/v1/LP-2/commands");
    work();
    EXPECT_THAT(sent, IsEmpty()) << "that is another one";
    control->taker().listening("vigie/v1/+/commands");
    work();
    EXPECT_THAT(sent, SizeIs(1));
    EXPECT_EQ(state(id), "sent");
}

TEST_F(ControlTest, GoesBackToTheQueueOnlyWhenNothingWasGivenToASocket) {
    struct Case {
        const char* why;
        std::vector<MqttOutcome> outcomes;
        const char* state;
        const char* cause;
    };
    using enum MqttOutcome;
    const Case cases[] = {
        {"its connection ended before", {unsent}, "queued", "unsent"},
        {"its queue was full", {no_room}, "queued", "no_room"},
        {"it may have been seen", {lost}, "sent", ""},
        {"one of two may have seen it", {unsent, lost}, "sent", ""},
        {"one of two has it", {acknowledged, lost}, "delivered", "acknowledged"},
        {"given to the socket at QoS 0", {written}, "delivered", "written"},
        {"the device refused it", {rejected}, "failed", "rejected"},
        {"greater than it takes", {refused}, "failed", "too_large"},
    };
    for (const Case& each : cases) {
        SCOPED_TRACE(each.why);
        connections = each.outcomes.size();
        sent.clear();
        come("LP-1");
        const auto id = order();
        work();
        ASSERT_THAT(sent, SizeIs(1));
        go("LP-1");
        for (const auto one : each.outcomes)
            outcome(id, one);
        work();
        EXPECT_EQ(state(id), each.state);
        if (*each.cause != 0) EXPECT_EQ(command(id).at("cause"), each.cause);
        clock.advance(60s);
        work();
        EXPECT_THAT(sent, SizeIs(1));
    }
}

TEST_F(ControlTest, NobodyAfterAllIsNoDelivery) {
    come("LP-1");
    connections = 0;
    const auto id = order();
    work();
    work();
    EXPECT_EQ(state(id), "queued");
    EXPECT_THAT(story(id), HasSubstr("queued sent queued"));
}

TEST_F(ControlTest, AFullQueueOfAConnectionIsNotTriedAgainAtOnce) {
    come("LP-1");
    const auto id = order();
    work();
    outcome(id, MqttOutcome::no_room);
    work();
    work();
    EXPECT_THAT(sent, SizeIs(1));
    restart();  // as looking at the rows does
    work();
    EXPECT_THAT(sent, SizeIs(2));
}

TEST_F(ControlTest, WhatWasSentWithoutAnAnswerIsNeverSentAgain) {
    come("LP-1");
    const auto id = order();
    work();
    outcome(id, MqttOutcome::lost);
    go("LP-1");
    work();
    come("LP-1");
    work();
    restart();
    come("LP-1");
    work();
    EXPECT_THAT(sent, SizeIs(1));
    EXPECT_EQ(state(id), "sent");
    EXPECT_EQ(result(id, "done"), "ok") << "its result still counts";
    EXPECT_EQ(state(id), "done");
}

TEST_F(ControlTest, ARestartFindsWhatWaitsAndWhatIsOver) {
    const auto waits = order("LP-1", 60);
    const auto over = order("LP-2", 10);
    come("LP-2");
    work();
    EXPECT_EQ(state(over), "sent");
    control.reset();
    clock.advance(10s);
    heard.clear();
    restart();
    work();
    EXPECT_EQ(state(over), "expired");
    EXPECT_EQ(command(over).at("cause"), "no_answer");
    come("LP-1");
    work();
    EXPECT_EQ(state(waits), "sent");
    EXPECT_THAT(sent, SizeIs(2));
}

TEST_F(ControlTest, AResultAfterTheExpiryIsLearntLateAndResurrectsNothing) {
    come("LP-1");
    const auto id = order();
    work();
    clock.advance(60s);
    work();
    const auto next = order();
    work();
    EXPECT_EQ(state(next), "sent") << "the expiry made way";
    EXPECT_EQ(result(id, "done", "LP-1", "late, but done"), "ok");
    auto shown = command(id);
    EXPECT_EQ(shown.at("state"), "expired");
    EXPECT_EQ(shown.at("late_result").at("status"), "done");
    EXPECT_EQ(shown.at("late_result").at("detail"), "late, but done");
    EXPECT_EQ(shown.at("cause"), "no_answer");
    EXPECT_EQ(shown.at("transitions").back().at("cause"), "learnt_late_done");
    EXPECT_EQ(result(id, "done"), "ok") << "said again";
    EXPECT_EQ(result(id, "failed"), "contradiction");
    EXPECT_THAT(command(id).at("transitions"), SizeIs(4));
}

TEST_F(ControlTest, ResultsThatCannotBeAreRefusedWithAReason) {
    come("LP-1");
    const auto id = order();
    const auto waits = order();
    EXPECT_EQ(result(999'999, "done"), "unknown_command");
    work();
    EXPECT_EQ(result(id, "done", "LP-2"), "unknown_command") << "another asset's";
    EXPECT_EQ(result(waits, "done"), "not_sent");
    EXPECT_EQ(result(id, "done"), "ok");
    EXPECT_EQ(result(id, "done"), "ok") << "a repetition changes nothing";
    EXPECT_EQ(result(id, "accepted"), "ok") << "overtaken";
    EXPECT_EQ(result(id, "failed"), "contradiction");
    EXPECT_EQ(story(id), "queued sent done");
}

TEST_F(ControlTest, AResultThatOvertakesItsPubackCounts) {
    come("LP-1");
    const auto id = order();
    work();
    EXPECT_EQ(result(id, "done"), "ok");
    outcome(id, MqttOutcome::acknowledged);
    work();
    EXPECT_EQ(story(id), "queued sent done");
}

TEST_F(ControlTest, IsCancelledOnlyBeforeItGoesOut) {
    const auto id = order();
    EXPECT_EQ(cancel(id).status, 200U);
    EXPECT_EQ(state(id), "cancelled");
    EXPECT_EQ(cancel(id).status, 409U);
    EXPECT_EQ(result(id, "done"), "not_sent");
    come("LP-1");
    work();
    EXPECT_THAT(sent, IsEmpty());
    const auto next = order();
    work();
    const auto told = cancel(next);
    EXPECT_EQ(told.status, 409U);
    EXPECT_EQ(told.body.at("state"), "sent");
    EXPECT_EQ(cancel(999'999).status, 404U);
}

TEST_F(ControlTest, QueuesAreBounded) {
    std::int64_t last = 0;
    for (std::size_t i = 0; i < base::limits::commands_queued_max; ++i)
        last = order();
    const auto refused = ask("lea", "POST", "/api/v1/assets/LP-1/commands", {{"name", "report"}});
    EXPECT_EQ(refused.status, 409U);
    EXPECT_EQ(refused.body.at("queued_max"), base::limits::commands_queued_max);
    EXPECT_GT(order("LP-2"), 0) << "of each asset by itself";
    EXPECT_EQ(cancel(last).status, 200U);
    order();
    come("LP-1");
    work();
    order();  // what has gone out waits no longer
}

TEST_F(ControlTest, WithTheDatabaseAwayResultsAreKeptAcknowledgedAndRecordedOnce) {
    come("LP-1");
    const auto id = order();
    work();
    take_database_away();
    EXPECT_EQ(result(id, "accepted"), "ok") << "kept in the spool";
    EXPECT_EQ(result(999'999, "done"), "ok") << "judged when the database is back";
    EXPECT_FALSE(spool->empty());
    EXPECT_FALSE(control->work_once());
    give_database_back();
    work();
    EXPECT_EQ(story(id), "queued sent accepted");
    EXPECT_THAT(quarantined, ElementsAre("unknown_command"));
    EXPECT_TRUE(spool->empty());
    EXPECT_EQ(result(id, "done"), "ok");
    EXPECT_EQ(state(id), "done");
}

TEST_F(ControlTest, WhatWasKeptOutlivesTheServer) {
    come("LP-1");
    const auto id = order();
    work();
    take_database_away();
    EXPECT_EQ(result(id, "done"), "ok");
    control.reset();
    give_database_back();
    restart();
    work();
    EXPECT_EQ(story(id), "queued sent done");
    EXPECT_TRUE(spool->empty());
}

TEST_F(ControlTest, WithTheDatabaseAwayNothingGoesOut) {
    const auto id = order();
    come("LP-1");
    take_database_away();
    EXPECT_FALSE(control->work_once());
    EXPECT_THAT(sent, IsEmpty()) << "not before its row says so";
    give_database_back();
    work();
    EXPECT_THAT(sent, SizeIs(1));
    EXPECT_EQ(state(id), "sent");
}

TEST_F(ControlTest, TakesNoMoreResultsThanItsLimit) {
    ingest::CommandResult result{.asset = 1, .command = 1, .message = {}, .credential = "g"};
    std::size_t answered = 0;
    const ingest::ResultAnswer answer = [&](const auto&) { return ++answered > 0; };
    for (std::size_t i = 0; i < Dispatcher::results_waiting_max; ++i)
        ASSERT_TRUE(control->taker().take(result, answer));
    EXPECT_FALSE(control->taker().take(result, answer));
    EXPECT_EQ(rooms, 0);
    work();
    EXPECT_EQ(answered, Dispatcher::results_waiting_max);
    EXPECT_EQ(rooms, 1) << "who was turned away is told";
    EXPECT_TRUE(control->taker().take(result, answer));
    work();
}

TEST_F(ControlTest, AChangeThatNobodyHeardOfIsFound) {
    const auto id = order();
    sql(database.app_url(),
        "update command set state = 'cancelled', version = version + 1 where id = " +
            std::to_string(id));
    come("LP-1");
    work();
    EXPECT_THAT(sent, IsEmpty());
    EXPECT_EQ(state(id), "cancelled");
}

TEST_F(ControlTest, ParametersAreHeldAgainstTheKind) {
    struct Case {
        json body;
        std::vector<std::string> pointers;
    };
    const json good{{"level_pct", 50}, {"for_s", 600}};
    const auto with = [&](const json& more) {
        json params = good;
        params.update(more);
        return json{{"name", "set_level"}, {"params", params}};
    };
    const Case cases[] = {
        {{{"name", "jump"}}, {"/name"}},
        {json::object(), {"/name"}},
        {{{"name", "set_level"}}, {"/params"}},
        {{{"name", "set_level"}, {"params", json::object()}},
         {"/params/level_pct", "/params/for_s"}},
        {with({{"level_pct", 101}}), {"/params/level_pct"}},
        {with({{"level_pct", "50"}}), {"/params/level_pct"}},
        {with({{"for_s", nullptr}}), {"/params/for_s"}},
        {with({{"mode", "wild"}}), {"/params/mode"}},
        {with({{"test", 1}}), {"/params/test"}},
        {with({{"colour", "red"}}), {"/params/colour"}},
        {{{"name", "report"}, {"params", {{"x", 1}}}}, {"/params/x"}},
        {{{"name", "report"}, {"expires_s", 3'601}}, {"/expires_s"}},
        {{{"name", "report"}, {"expires_s", 0}}, {"/expires_s"}},
        {{{"name", "report"}, {"soon", true}}, {"/soon"}},
    };
    for (const auto& [body, pointers] : cases) {
        SCOPED_TRACE(body.dump());
        const auto told = ask("lea", "POST", "/api/v1/assets/LP-1/commands", body);
        EXPECT_EQ(told.status, 422U) << told.body.dump();
        std::vector<std::string> found;
        for (const auto& error : told.body.value("errors", json::array()))
            found.push_back(error.at("pointer"));
        EXPECT_THAT(found, testing::UnorderedElementsAreArray(pointers)) << told.body.dump();
    }
    const auto told = ask("lea", "POST", "/api/v1/assets/LP-1/commands",
                          with({{"mode", "slow"}, {"test", true}}));
    EXPECT_EQ(told.status, 201U);
    EXPECT_EQ(told.body.at("params"),
              json::parse(R"({"level_pct":50,"for_s":600,"mode":"slow","test":true})"));
    EXPECT_EQ(told.body.at("expires_at"), "2026-11-22T18:01:00Z");
    EXPECT_EQ(ask("lea", "POST", "/api/v1/assets/LP-9/commands", {{"name", "report"}}).status,
              404U);
}

TEST_F(ControlTest, IsForOperatorsWithinTheirCommunes) {
    const auto id = std::to_string(order());
    const std::string list = "/api/v1/assets/LP-1/commands";
    struct Case {
        const char* who;
        unsigned may_see;
        unsigned may_ask;
    };
    for (const auto& [who, may_see, may_ask] :
         {Case{"lea", 200, 201}, Case{"sam", 200, 201}, Case{"dan", 200, 403},
          Case{"zoe", 403, 403}, Case{"ada", 200, 403}, Case{"ivo", 403, 403},
          Case{"far", 403, 403}}) {
        SCOPED_TRACE(who);
        EXPECT_EQ(ask(who, "GET", list).status, may_see);
        EXPECT_EQ(ask(who, "GET", "/api/v1/commands/" + id).status, may_see);
        EXPECT_EQ(ask(who, "POST", list, {{"name", "report"}}).status, may_ask);
        if (may_ask == 403U) {
            EXPECT_EQ(ask(who, "POST", "/api/v1/commands/" + id + "/cancel").status, 403U);
        }
    }
}

TEST_F(ControlTest, ListsNewestFirstByPages) {
    const auto first = order();
    const auto second = order();
    order("LP-2");
    cancel(first);
    const std::string list = "/api/v1/assets/LP-1/commands";
    const auto page = ask("lea", "GET", list + "?limit=1").body;
    EXPECT_EQ(page.at("rows")[0].at("id"), std::to_string(second));
    const auto rest =
        ask("lea", "GET", list + "?cursor=" + page.at("next").get<std::string>()).body;
    EXPECT_THAT(rest.at("rows"), SizeIs(1));
    EXPECT_EQ(ask("lea", "GET", list + "?open=false").body.at("rows")[0].at("id"),
              std::to_string(first));
    EXPECT_EQ(ask("lea", "GET", list + "?open=perhaps").status, 422U);
}

TEST_F(ControlTest, StreamsEachStepOnceItIsCommitted) {
    std::vector<std::string> told;
    stream->subscribe("commands", [&](const std::shared_ptr<const live::StreamEvent>& event) {
        for (const auto& row : event->rows) {
            told.push_back(json::parse(*row.json).at("state"));
            EXPECT_EQ(row.asset, "LP-1");
            EXPECT_EQ(row.commune, "21231");
        }
        return true;
    });
    come("LP-1");
    const auto id = order();
    work();
    result(id, "done");
    EXPECT_THAT(told, ElementsAre("queued", "sent", "done"));
    const auto snapshot = [&](const std::string& who, const live::StreamFilter& filter) {
        return json::parse(
            test::await(stream->topic("commands")->snapshot(people.at(who), filter)));
    };
    EXPECT_THAT(snapshot("lea", {}), SizeIs(1)) << "how one ended is seen for a while";
    EXPECT_THAT(snapshot("lea", {.asset = "LP-2"}), IsEmpty());
    EXPECT_THAT(snapshot("far", {}), IsEmpty());
    clock.advance(16min);
    EXPECT_THAT(snapshot("lea", {}), IsEmpty());
}

TEST_F(ControlTest, TheServerCannotRewriteWhatHappened) {
    order();
    for (const char* statement : {"update command_transition set author = 'nobody'",
                                  "delete from command_transition", "delete from command"}) {
        EXPECT_THROW(sql(database.app_url(), statement), store::Refused) << statement;
    }
}

}  // namespace
}  // namespace vigie::control
