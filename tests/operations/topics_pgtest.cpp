#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>

#include "tests/operations/control_room.hpp"

namespace vigie::operations {
namespace {

using nlohmann::json;
using testing::ElementsAre;

// Every row published on one topic, as it came.
class Listener {
public:
    Listener(live::Stream& stream, const std::string& topic) {
        stream.subscribe(topic, [this](const std::shared_ptr<const live::StreamEvent>& event) {
            const std::lock_guard lock(mutex_);
            rows_.insert(rows_.end(), event->rows.begin(), event->rows.end());
            came_.notify_all();
            return true;
        });
    }
    std::vector<live::StreamRow> rows() {
        const std::lock_guard lock(mutex_);
        return rows_;
    }
    json last() {
        const auto all = rows();
        return all.empty() ? json() : json::parse(*all.back().json);
    }
    // False when no such row comes.
    bool wait_for(const std::function<bool(const live::StreamRow&)>& wanted) {
        std::unique_lock lock(mutex_);
        return came_.wait_for(lock, std::chrono::seconds{30},
                              [&] { return std::ranges::any_of(rows_, wanted); });
    }

private:
    std::mutex mutex_;
    std::condition_variable came_;
    std::vector<live::StreamRow> rows_;
};

class Topics : public ControlRoom {
protected:
    json snapshot(const std::string& topic, const std::string& who,
                  const live::StreamFilter& filter = {}) {
        return json::parse(test::await(stream.topic(topic)->snapshot(people.at(who), filter)));
    }
};

TEST_F(Topics, TellThatAnAlarmStandsByItselfAgain) {
    Listener alarm_rows(stream, "alarms");
    const auto alarm = raise("SJ-1", clock.now());
    const auto number =
        post("lea", "/api/v1/incidents", {{"alarm", alarm}}).body.at("number").get<std::int64_t>();
    EXPECT_EQ(alarm_rows.last().at("incident"), number);
    give_back(alarm, clock.now());
    ASSERT_EQ(post("lea", "/api/v1/incidents/" + std::to_string(number) + "/close",
                   {{"reason", "solved"}})
                  .status,
              200U);
    EXPECT_EQ(alarm_rows.last().at("id"), alarm);
    EXPECT_FALSE(alarm_rows.last().contains("incident"));
    clock.advance(std::chrono::minutes{1});
    rise_again(alarm, clock.now());
    EXPECT_EQ(alarm_rows.last().at("state"), "unacknowledged");
    EXPECT_FALSE(alarm_rows.last().contains("incident"));
}

TEST_F(Topics, TellWhatChangedOnceItIsCommitted) {
    Listener incidents(stream, "incidents");
    Listener interventions(stream, "interventions");
    Listener crews(stream, "crews");
    Listener logbook(stream, "logbook");
    const auto incident = open_incident();
    ASSERT_EQ(incidents.rows().size(), 1U);
    EXPECT_EQ(incidents.rows()[0].key, std::to_string(incident));
    EXPECT_EQ(incidents.rows()[0].desk, "traffic");
    EXPECT_EQ(incidents.rows()[0].commune, "21231");
    EXPECT_EQ(incidents.last(), snapshot("incidents", "lea")[0]) << "the row as the list shows it";

    const auto intervention = dispatch(incident);
    EXPECT_EQ(interventions.rows().back().crew, "EQ1");
    EXPECT_FALSE(interventions.last().contains("allowed")) << "it does not know who looks";
    EXPECT_EQ(incidents.last().at("interventions_open"), 1);
    EXPECT_EQ(crews.last().at("free"), false);
    EXPECT_EQ(logbook.last().at("entry_type"), "dispatched");

    const auto before = interventions.rows().size();
    EXPECT_EQ(move("zoe", intervention, "closed").status, 409U);
    EXPECT_EQ(interventions.rows().size(), before) << "what was refused is not told";

    move("lea", intervention, "cancelled", {{"reason", "duplicate"}});
    EXPECT_TRUE(interventions.rows().back().removed) << "the topic holds open ones";
    EXPECT_EQ(crews.last().at("free"), true);
}

TEST_F(Topics, ShowACrewItsOwnWorkOnly) {
    const auto incident = open_incident();
    const auto own = dispatch(incident, "EQ1");
    dispatch(incident, "EQ2");
    EXPECT_EQ(snapshot("interventions", "lea").size(), 2U);
    EXPECT_EQ(snapshot("interventions", "lea",
                       {.asset = {}, .kind = {}, .commune = {}, .desk = {}, .crew = "EQ2"})
                  .size(),
              1U);
    ASSERT_EQ(snapshot("interventions", "zoe").size(), 1U);
    EXPECT_EQ(snapshot("interventions", "zoe")[0].at("id"), own);
    EXPECT_TRUE(snapshot("interventions", "zoe",
                         {.asset = {}, .kind = {}, .commune = {}, .desk = {}, .crew = "EQ2"})
                    .empty());
    EXPECT_EQ(snapshot("crews", "zoe").size(), 1U);
    EXPECT_EQ(snapshot("crews", "lea").size(), 2U);
    live::StreamRow row;
    row.crew = "EQ2";
    EXPECT_FALSE(stream.topic("interventions")->visible(people.at("zoe"), row));
    EXPECT_FALSE(stream.topic("crews")->visible(people.at("zoe"), row));
    EXPECT_TRUE(stream.topic("crews")->visible(people.at("tom"), row));
    EXPECT_TRUE(stream.topic("crews")->visible(people.at("lea"), row));
}

TEST_F(Topics, FilterTheSnapshotByDesk) {
    open_incident();
    EXPECT_EQ(snapshot("incidents", "lea",
                       {.asset = {}, .kind = {}, .commune = {}, .desk = "traffic", .crew = {}})
                  .size(),
              1U);
    EXPECT_TRUE(snapshot("incidents", "lea",
                         {.asset = {}, .kind = {}, .commune = {}, .desk = "winter", .crew = {}})
                    .empty());
    EXPECT_EQ(snapshot("desks", "lea").size(), 6U);
    EXPECT_THAT(entry_types(snapshot("logbook", "lea")),
                ElementsAre("incident_opened", "alarm_raised"));
}

TEST_F(Topics, SendTheStripsThatChanged) {
    operations->work_once();
    Listener desks(stream, "desks");
    open_incident();
    operations->work_once();
    ASSERT_EQ(desks.rows().size(), 1U);
    EXPECT_EQ(desks.last().at("desk"), "traffic");
    EXPECT_EQ(desks.last().at("waiting"), 1);
    operations->work_once();
    EXPECT_EQ(desks.rows().size(), 1U) << "nothing changed";
}

TEST_F(Topics, SendCrewsWhoseVehicleMoved) {
    operations->work_once();
    Listener crews(stream, "crews");
    vehicles["VH-1"] = Located{{5.02, 47.32}, clock.now()};
    operations->work_once();
    ASSERT_EQ(crews.rows().size(), 1U);
    EXPECT_EQ(crews.last().at("position"), json::array({5.02, 47.32}));
    operations->work_once();
    EXPECT_EQ(crews.rows().size(), 1U) << "it stood";
}

TEST_F(Topics, FollowByThemselvesOnceStarted) {
    Listener desks(stream, "desks");
    const auto incident = open_incident();
    const auto intervention = dispatch(incident);
    work_up_to_restored(intervention);
    const auto alarm =
        one("select alarm as one from incident_alarm where incident = " + std::to_string(incident));
    give_back(alarm, clock.now());
    Listener interventions(stream, "interventions");
    operations->start();
    EXPECT_TRUE(interventions.wait_for([](const live::StreamRow& row) {
        return json::parse(*row.json).at("state") == "verified";
    })) << "found at the start";
    post("lea", "/api/v1/incidents/" + std::to_string(incident) + "/claim");
    EXPECT_TRUE(desks.wait_for([](const live::StreamRow& row) {
        return row.desk == "traffic" && json::parse(*row.json).at("claimed") == 1;
    })) << "the strip follows the claim";
    operations->stop();
}

}  // namespace
}  // namespace vigie::operations
