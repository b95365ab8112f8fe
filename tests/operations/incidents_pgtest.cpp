#include <gmock/gmock.h>

#include <barrier>
#include <thread>

#include "tests/operations/control_room.hpp"

namespace vigie::operations {
namespace {

using nlohmann::json;
using testing::ElementsAre;

std::string incident_path(std::int64_t number, const std::string& rest = {}) {
    return "/api/v1/incidents/" + std::to_string(number) + rest;
}

class Incidents : public ControlRoom {};

TEST_F(Incidents, OpenFromAnAlarmAndTakeOverWhatItSays) {
    const auto alarm = raise("SJ-1", clock.now());
    const auto opened =
        post("lea", "/api/v1/incidents", {{"alarm", alarm}, {"note", "seen on camera"}});
    ASSERT_EQ(opened.status, 201U) << opened.body.dump();
    EXPECT_EQ(opened.body.at("title"), "Junction at flashing amber · SJ-1");
    EXPECT_EQ(opened.body.at("desk"), "traffic");
    EXPECT_EQ(opened.body.at("priority"), 2);
    EXPECT_EQ(opened.body.at("origin"), "alarm");
    EXPECT_EQ(opened.body.at("asset"), "SJ-1");
    EXPECT_EQ(opened.body.at("address"), "Place Wilson");
    EXPECT_EQ(opened.body.at("commune"), "21231");
    EXPECT_EQ(opened.body.at("position"), json::array({5.0415, 47.322}));
    EXPECT_EQ(opened.body.at("alarms"), 1);
    EXPECT_EQ(opened.body.at("alarms_active"), 1);
    EXPECT_FALSE(opened.body.contains("owner"));
    EXPECT_THAT(entry_types(opened.body.at("story")), ElementsAre("incident_opened", "note"));
    EXPECT_EQ(opened.body.at("story")[0].at("author"), "lea");
    EXPECT_EQ(opened.body.at("story")[0].at("text").at("fr"),
              "Événement " + opened.body.at("number").dump() +
                  " ouvert, pupitre Circulation, priorité 2 : Junction at flashing amber · SJ-1");

    const auto again = post("max", "/api/v1/incidents", {{"alarm", alarm}});
    EXPECT_EQ(again.status, 409U);
    EXPECT_EQ(again.body.at("incident"), opened.body.at("number"));
    EXPECT_EQ(get("lea", "/api/v1/incidents").body.at("rows").size(), 1U) << "nothing half-stored";
}

TEST_F(Incidents, OpenAtAPlaceAndFindTheirCommune) {
    const json body{
        {"title", "Fallen tree"}, {"desk", "police"}, {"position", {5.05, 47.33}}, {"claim", true}};
    const auto opened = post("lea", "/api/v1/incidents", body);
    ASSERT_EQ(opened.status, 201U) << opened.body.dump();
    EXPECT_EQ(opened.body.at("origin"), "operator");
    EXPECT_EQ(opened.body.at("commune"), "21231");
    EXPECT_EQ(opened.body.at("owner"), "lea");
    EXPECT_EQ(opened.body.at("owner_name"), "Léa");
    EXPECT_THAT(entry_types(opened.body.at("story")),
                ElementsAre("incident_opened", "incident_claimed"));
}

TEST_F(Incidents, SayWhatIsMissingOrWrong) {
    struct Case {
        json body;
        const char* pointer;
    };
    const Case cases[] = {
        {json::object(), "/position"},
        {{{"position", {5.05, 47.33}}, {"title", "x"}}, "/desk"},
        {{{"position", {5.05, 47.33}}, {"desk", "traffic"}}, "/title"},
        {{{"position", {5.05, 147.33}}, {"desk", "traffic"}, {"title", "x"}}, "/position"},
        {{{"alarm", "987654"}}, "/alarm"},
        {{{"alarm", 7}}, "/alarm"},
        {{{"contact", "987654"}}, "/contact"},
        {{{"asset", "NOWHERE"}, {"title", "x"}}, "/asset"},
        {{{"asset", "SJ-1"}, {"title", std::string(201, 'x')}}, "/title"},
        {{{"asset", "SJ-1"}, {"title", "x"}, {"priority", 5}}, "/priority"},
        {{{"asset", "SJ-1"}, {"title", "x"}, {"desk", "lighting"}}, "/desk"},
    };
    for (const auto& [body, pointer] : cases) {
        const auto told = post("lea", "/api/v1/incidents", body);
        EXPECT_EQ(told.status, 422U) << body.dump();
        EXPECT_EQ(told.body.at("errors")[0].at("pointer"), pointer) << told.body.dump();
    }
    EXPECT_TRUE(get("lea", "/api/v1/incidents").body.at("rows").empty());
}

TEST_F(Incidents, ComeFromAContactOnce) {
    const auto contact = post("lea", "/api/v1/contacts",
                              {{"channel", "phone"},
                               {"summary", "Traffic lights out"},
                               {"desk", "traffic"},
                               {"address", "12 rue Monge"}});
    ASSERT_EQ(contact.status, 201U) << contact.body.dump();
    const auto opened = post("lea", "/api/v1/incidents", {{"contact", contact.body.at("id")}});
    ASSERT_EQ(opened.status, 201U) << opened.body.dump();
    EXPECT_EQ(opened.body.at("title"), "Traffic lights out");
    EXPECT_EQ(opened.body.at("address"), "12 rue Monge");
    EXPECT_EQ(opened.body.at("origin"), "contact");
    ASSERT_EQ(opened.body.at("contact_rows").size(), 1U);
    EXPECT_EQ(opened.body.at("contact_rows")[0].at("id"), contact.body.at("id"));
    const auto again = post("lea", "/api/v1/incidents", {{"contact", contact.body.at("id")}});
    EXPECT_EQ(again.status, 409U);
    EXPECT_EQ(again.body.at("incident"), opened.body.at("number"));
}

TEST_F(Incidents, HaveOneOwnerHoweverManyReach) {
    constexpr int rounds = 100;
    std::vector<std::int64_t> numbers;
    for (int i = 0; i < rounds; ++i) {
        numbers.push_back(post("lea", "/api/v1/incidents", {{"asset", "SJ-1"}, {"title", "x"}})
                              .body.at("number")
                              .get<std::int64_t>());
    }
    std::vector<Told> lea(rounds);
    std::vector<Told> max(rounds);
    std::barrier start(2);
    const auto claim_all = [&](const char* who, std::vector<Told>& told) {
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            start.arrive_and_wait();
            told[i] = post(who, incident_path(numbers[i], "/claim"));
        }
    };
    std::thread other([&] { claim_all("max", max); });
    claim_all("lea", lea);
    other.join();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const bool lea_won = lea[i].status == 200U;
        const Told& won = lea_won ? lea[i] : max[i];
        const Told& lost = lea_won ? max[i] : lea[i];
        ASSERT_EQ(won.status, 200U);
        ASSERT_EQ(lost.status, 409U) << lost.body.dump();
        EXPECT_EQ(won.body.at("owner"), lea_won ? "lea" : "max");
        EXPECT_EQ(lost.body.at("owner").at("login"), won.body.at("owner"));
        EXPECT_EQ(lost.body.at("owner").at("name"), won.body.at("owner_name"));
        EXPECT_EQ(lost.body.at("owner").at("since"), won.body.at("claimed_at"));
    }
}

TEST_F(Incidents, GoBackToTheQueueByTheirOwnerOrASupervisor) {
    const auto number = open_incident();
    EXPECT_EQ(post("lea", incident_path(number, "/claim")).status, 200U);
    EXPECT_EQ(post("lea", incident_path(number, "/claim")).status, 200U) << "mine already";
    EXPECT_EQ(post("max", incident_path(number, "/release")).status, 403U);
    EXPECT_EQ(post("sam", incident_path(number, "/release")).status, 200U);
    EXPECT_EQ(post("max", incident_path(number, "/claim")).body.at("owner"), "max");
    const auto released = post("max", incident_path(number, "/release"));
    EXPECT_EQ(released.status, 200U);
    EXPECT_FALSE(released.body.contains("owner"));
    EXPECT_THAT(entry_types(get("lea", incident_path(number)).body.at("story")),
                ElementsAre("incident_opened", "incident_claimed", "incident_released",
                            "incident_claimed", "incident_released"));
}

TEST_F(Incidents, AreChangedByWhoReadTheNewestVersion) {
    const auto number = open_incident();
    const auto read = get("lea", incident_path(number));
    auto request = test::request_to("PATCH", incident_path(number),
                                    json{{"title", "Both ways flashing"}, {"priority", 1}}.dump());
    request.headers.set("X-Who", "lea");
    request.headers.set("If-Match", std::string(read.headers.get("ETag")));
    const auto changed = test::ask(router, request);
    ASSERT_EQ(changed.status, 200U) << changed.body;
    EXPECT_EQ(json::parse(changed.body).at("title"), "Both ways flashing");
    EXPECT_NE(changed.headers.get("ETag"), read.headers.get("ETag"));
    EXPECT_EQ(test::ask(router, request).status, 412U) << "the version is an older one now";
    const auto story = get("lea", incident_path(number)).body.at("story");
    EXPECT_EQ(story.back().at("text").at("en"),
              "Incident " + std::to_string(number) +
                  " changed; title: Both ways flashing, was: Junction at flashing amber · SJ-1; "
                  "priority 1, was 2");
}

TEST_F(Incidents, CloseOnlyWhenNothingIsLeft) {
    const auto alarm = raise("SJ-1", clock.now());
    const auto number =
        post("lea", "/api/v1/incidents", {{"alarm", alarm}}).body.at("number").get<std::int64_t>();
    const auto intervention = dispatch(number);
    const json solved{{"reason", "solved"}, {"text", "all green"}};
    const auto refused = post("lea", incident_path(number, "/close"), solved);
    EXPECT_EQ(refused.status, 409U);
    EXPECT_EQ(refused.body.at("interventions"), json::array({intervention}));
    EXPECT_EQ(refused.body.at("alarms"), json::array({alarm}));

    EXPECT_EQ(move("lea", intervention, "cancelled", {{"reason", "duplicate"}}).status, 200U);
    give_back(alarm, clock.now());
    const auto closed = post("lea", incident_path(number, "/close"), solved);
    ASSERT_EQ(closed.status, 200U) << closed.body.dump();
    EXPECT_EQ(closed.body.at("status"), "closed");
    EXPECT_EQ(closed.body.at("close_reason"), "solved");
    EXPECT_EQ(post("lea", incident_path(number, "/close"), solved).status, 409U);
    EXPECT_EQ(post("lea", incident_path(number, "/claim")).status, 409U);
    EXPECT_EQ(post("lea", incident_path(number, "/interventions"), {{"crew", "EQ1"}}).status, 409U);
    EXPECT_TRUE(get("lea", "/api/v1/incidents").body.at("rows").empty());
    EXPECT_EQ(get("lea", "/api/v1/incidents?status=closed").body.at("rows").size(), 1U);

    clock.advance(std::chrono::minutes{1});
    rise_again(alarm, clock.now());
    EXPECT_EQ(post("lea", "/api/v1/incidents", {{"alarm", alarm}}).status, 201U)
        << "a closed incident holds its alarms no more";
}

TEST_F(Incidents, LetGoOfTheAlarmsThatAreNotOver) {
    const auto incident_of = [this](const std::string& alarm) {
        return one("select coalesce(incident::text, 'none') as one from alarm where id = '" +
                   alarm + "'");
    };
    const auto alarm = raise("SJ-1", clock.now());
    const auto over = raise("SJ-1", clock.now());
    const auto number =
        post("lea", "/api/v1/incidents", {{"alarm", alarm}}).body.at("number").get<std::int64_t>();
    post("lea", incident_path(number, "/alarms"), {{"alarm", over}});
    give_back(alarm, clock.now());
    acknowledge("max", over);
    give_back(over, clock.now());
    ASSERT_EQ(post("lea", incident_path(number, "/close"), {{"reason", "solved"}}).status, 200U);
    EXPECT_EQ(incident_of(alarm), "none") << "nobody has seen its return";
    EXPECT_EQ(incident_of(over), std::to_string(number)) << "it is told who handled it";
    const auto closed = get("lea", incident_path(number)).body;
    EXPECT_EQ(closed.at("alarms"), 2) << "its history stays";
    EXPECT_EQ(closed.at("story").back().at("text").at("fr"),
              "Événement clos, résolu ; alarmes à nouveau seules : 1");
    EXPECT_EQ(one("select detail #>> '{alarms_left,0}' as one from incident_transition "
                  "where step = 'closed'"),
              alarm);

    clock.advance(std::chrono::minutes{1});
    rise_again(alarm, clock.now());
    rise_again(over, clock.now());
    EXPECT_EQ(incident_of(alarm), "none");
    EXPECT_EQ(incident_of(over), "none") << "what rises again belongs to no closed incident";
    EXPECT_EQ(get("lea", incident_path(number)).body.at("alarms_active"), 0);
    for (const auto& again : {alarm, over}) {
        const auto opened = post("lea", "/api/v1/incidents", {{"alarm", again}});
        ASSERT_EQ(opened.status, 201U) << opened.body.dump();
        EXPECT_EQ(incident_of(again), opened.body.at("number").dump());
    }
}

TEST_F(Incidents, CloseAsAFalseAlarmWhileTheSensorGoesOn) {
    const auto alarm = raise("SJ-1", clock.now());
    const auto number =
        post("lea", "/api/v1/incidents", {{"alarm", alarm}}).body.at("number").get<std::int64_t>();
    const auto close = [&](const char* reason, const char* text) {
        return post("lea", incident_path(number, "/close"), {{"reason", reason}, {"text", text}});
    };
    for (const char* reason : {"solved", "no_fault_found", "handed_over"}) {
        EXPECT_EQ(close(reason, "x").status, 409U) << reason << ": it is not over";
    }
    const auto unexplained = close("false_alarm", "");
    EXPECT_EQ(unexplained.status, 422U);
    EXPECT_EQ(unexplained.body.at("errors")[0].at("pointer"), "/text");
    const auto intervention = dispatch(number);
    EXPECT_EQ(close("false_alarm", "camera 7 shows green").body.at("interventions"),
              json::array({intervention}))
        << "a crew is on its way";
    EXPECT_EQ(close("false_alarm", "camera 7 shows green").body.at("alarms"), json::array());
    move("lea", intervention, "cancelled", {{"reason", "no_longer_needed"}});

    EXPECT_EQ(close("false_alarm", "camera 7 shows green").status, 200U);
    EXPECT_EQ(one("select state || ' ' || (incident is null) as one from alarm"),
              "unacknowledged true");
    EXPECT_EQ(get("lea", "/api/v1/desks").body.at("rows")[3].at("waiting"), 1) << "by itself";
    EXPECT_EQ(post("lea", "/api/v1/incidents", {{"alarm", alarm}}).status, 201U);
}

TEST_F(Incidents, TakeMoreAlarmsButNoOthersAlarm) {
    const auto first = open_incident();
    const auto alarm = raise("SJ-2", clock.now());
    const auto attached = post("lea", incident_path(first, "/alarms"), {{"alarm", alarm}});
    ASSERT_EQ(attached.status, 200U) << attached.body.dump();
    EXPECT_EQ(attached.body.at("alarms"), 2);
    EXPECT_EQ(one("select incident::text as one from alarm where id = '" + alarm + "'"),
              std::to_string(first));
    EXPECT_EQ(attached.body.at("alarm_rows").size(), 2U);
    EXPECT_EQ(attached.body.at("alarm_rows")[0].at("incident"), first);
    EXPECT_EQ(attached.body.at("alarm_rows")[0].at("name").at("en"), "Junction at flashing amber");
    EXPECT_EQ(post("lea", incident_path(first, "/alarms"), {{"alarm", alarm}}).status, 200U);
    const auto second = open_incident();
    const auto refused = post("lea", incident_path(second, "/alarms"), {{"alarm", alarm}});
    EXPECT_EQ(refused.status, 409U);
    EXPECT_EQ(refused.body.at("incident"), first);
    EXPECT_EQ(post("lea", incident_path(second, "/alarms"), {{"alarm", "777777"}}).status, 422U);
}

TEST_F(Incidents, PageWorstAndOldestFirst) {
    for (const int priority : {3, 1, 2, 1}) {
        clock.advance(std::chrono::seconds{1});
        post("lea", "/api/v1/incidents",
             {{"asset", "SJ-1"}, {"title", "x"}, {"priority", priority}});
    }
    std::vector<std::int64_t> seen;
    std::string target = "/api/v1/incidents?limit=1";
    for (int i = 0; i < 10; ++i) {
        const auto page = get("lea", target);
        for (const auto& row : page.body.at("rows"))
            seen.push_back(row.at("number"));
        if (!page.body.contains("next")) break;
        target = "/api/v1/incidents?limit=1&cursor=" + page.body.at("next").get<std::string>();
    }
    EXPECT_THAT(seen, ElementsAre(2, 4, 3, 1));
    EXPECT_EQ(get("lea", "/api/v1/incidents?desk=traffic").body.at("rows").size(), 4U);
    EXPECT_TRUE(get("lea", "/api/v1/incidents?desk=winter").body.at("rows").empty());
    EXPECT_EQ(get("lea", "/api/v1/incidents?desk=none").status, 422U);
    EXPECT_EQ(get("lea", "/api/v1/incidents?status=gone").status, 422U);
    EXPECT_TRUE(get("lea", "/api/v1/incidents?commune=21000").body.at("rows").empty());
}

TEST_F(Incidents, StayWithinTheCommunesOfOnesGrants) {
    auto near = people.at("lea");
    near.login = "ned";
    for (auto& grant : near.grants)
        grant.commune = "99999";
    people["ned"] = near;
    const auto number = open_incident();
    EXPECT_TRUE(get("ned", "/api/v1/incidents").body.at("rows").empty());
    EXPECT_EQ(get("ned", incident_path(number)).status, 404U);
    EXPECT_EQ(post("ned", incident_path(number, "/claim")).status, 404U);
    EXPECT_EQ(post("ned", "/api/v1/incidents", {{"asset", "SJ-1"}, {"title", "x"}}).status, 403U);
    const auto own = post("ned", "/api/v1/incidents",
                          {{"position", {6.5, 47.0}}, {"title", "x"}, {"desk", "police"}});
    EXPECT_EQ(own.status, 201U) << own.body.dump();
    EXPECT_EQ(get("ned", "/api/v1/incidents").body.at("rows").size(), 1U);
    EXPECT_EQ(get("lea", "/api/v1/incidents").body.at("rows").size(), 2U);
}

TEST_F(Incidents, AnswerAReplayWithTheFirstAnswer) {
    const json body{{"asset", "SJ-1"}, {"title", "x"}};
    const auto first = ask("lea", "POST", "/api/v1/incidents", body, "k-1");
    const auto second = ask("lea", "POST", "/api/v1/incidents", body, "k-1");
    EXPECT_EQ(first.status, 201U);
    EXPECT_EQ(second.body, first.body);
    EXPECT_EQ(get("lea", "/api/v1/incidents").body.at("rows").size(), 1U);
}

TEST_F(Incidents, StandInTheDesksStrip) {
    const auto strip = [&](std::string_view desk = "traffic") {
        for (const auto& row : get("lea", "/api/v1/desks").body.at("rows")) {
            if (row.at("desk") == desk) return row;
        }
        return json();
    };
    EXPECT_EQ(get("lea", "/api/v1/desks").body.at("rows").size(), 6U);
    EXPECT_EQ(strip().at("waiting"), 0);
    const auto alarm = raise("SJ-1", clock.now());
    const std::string raised_at = at();
    EXPECT_EQ(strip().at("waiting"), 1);
    EXPECT_EQ(strip().at("oldest_at"), raised_at);
    EXPECT_EQ(strip().at("alarms_10_min"), 1);
    clock.advance(std::chrono::minutes{1});
    const auto number =
        post("lea", "/api/v1/incidents", {{"alarm", alarm}}).body.at("number").get<std::int64_t>();
    EXPECT_EQ(strip().at("waiting"), 1) << "the incident stands for its alarm";
    EXPECT_EQ(strip().at("oldest_at"), raised_at) << "and waits as long as it does";
    post("lea", incident_path(number, "/claim"));
    EXPECT_EQ(strip().at("waiting"), 0);
    EXPECT_EQ(strip().at("claimed"), 1);
    EXPECT_FALSE(strip().contains("oldest_at"));
    clock.advance(std::chrono::minutes{9});
    EXPECT_EQ(strip().at("alarms_10_min"), 0) << "ten minutes have passed";
    post("lea", incident_path(number, "/release"));
    EXPECT_EQ(strip().at("waiting"), 1);
    EXPECT_EQ(strip().at("oldest_at"), raised_at) << "given back is not begun anew";
    const auto call = post("lea", "/api/v1/contacts",
                           {{"channel", "phone"}, {"summary", "x"}, {"desk", "citizen"}});
    const std::string called_at = at();
    EXPECT_EQ(strip("citizen").at("waiting"), 0) << "a call by itself may be answered";
    clock.advance(std::chrono::minutes{2});
    post("lea", "/api/v1/incidents", {{"contact", call.body.at("id")}, {"title", "x"}});
    EXPECT_EQ(strip("citizen").at("waiting"), 1);
    EXPECT_EQ(strip("citizen").at("oldest_at"), called_at) << "who called waits since then";
}

}  // namespace
}  // namespace vigie::operations
