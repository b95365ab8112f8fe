#include <gmock/gmock.h>

#include "tests/operations/control_room.hpp"

namespace vigie::operations {
namespace {

using nlohmann::json;

class Crews : public ControlRoom {
protected:
    json crew(const std::string& code) {
        for (const auto& row : get("lea", "/api/v1/crews").body.at("rows")) {
            if (row.at("code") == code) return row;
        }
        return {};
    }
    Told place(const std::string& who, const std::string& code, const std::string& when, double lon,
               double lat) {
        return ask(who, "PUT", "/api/v1/crews/" + code + "/position",
                   {{"at", when}, {"position", {lon, lat}}});
    }
};

TEST_F(Crews, AreAddedOnceByWhoMayManage) {
    const json three{{"code", "EQ3"},
                     {"name", "Équipe 3"},
                     {"skills", {"lighting", "signals"}},
                     {"employer", "contractor"}};
    EXPECT_EQ(post("lea", "/api/v1/crews", three).status, 403U);
    const auto added = post("sam", "/api/v1/crews", three);
    ASSERT_EQ(added.status, 201U) << added.body.dump();
    EXPECT_EQ(added.body.at("skills"), json::array({"lighting", "signals"}));
    EXPECT_EQ(added.body.at("free"), true);
    EXPECT_EQ(post("sam", "/api/v1/crews", three).status, 409U);
    EXPECT_EQ(
        post("sam", "/api/v1/crews", {{"code", "EQ4"}, {"name", "x"}, {"vehicle", "NONE"}}).status,
        422U);
    EXPECT_EQ(post("sam", "/api/v1/crews", {{"code", "é"}, {"name", "x"}}).status, 422U);
    EXPECT_EQ(crew("EQ3").at("employer"), "contractor");
}

TEST_F(Crews, AreWhereTheyWereLastByTheirOwnClock) {
    EXPECT_FALSE(crew("EQ2").contains("position"));
    EXPECT_EQ(place("tom", "EQ2", at(-60), 5.01, 47.31).status, 200U);
    const auto older = place("tom", "EQ2", at(-120), 5.99, 47.99);
    EXPECT_EQ(older.status, 200U);
    EXPECT_EQ(older.body.at("position"), json::array({5.01, 47.31})) << "an older one is overtaken";
    EXPECT_EQ(crew("EQ2").at("position_at"), at(-60));
    EXPECT_EQ(crew("EQ2").at("position_age_s"), 60);
    EXPECT_EQ(place("zoe", "EQ2", at(), 5.0, 47.0).status, 404U) << "another's crew";
    EXPECT_EQ(place("tom", "EQ2", at(86'401), 5.0, 47.0).status, 422U);
    EXPECT_EQ(place("tom", "EQ2", at(600), 5.02, 47.32).body.at("position_at"), at())
        << "a fast clock: nobody is anywhere later than now";
    EXPECT_EQ(place("tom", "EQ2", at(), 5.0, 97.0).status, 422U);
}

TEST_F(Crews, FollowTheirVehicleWhenItKnowsLater) {
    place("zoe", "EQ1", at(-60), 5.01, 47.31);
    vehicles["VH-1"] = Located{{5.02, 47.32}, clock.now() - std::chrono::seconds{10}};
    EXPECT_EQ(crew("EQ1").at("position"), json::array({5.02, 47.32}));
    place("zoe", "EQ1", at(-5), 5.03, 47.33);
    EXPECT_EQ(crew("EQ1").at("position"), json::array({5.03, 47.33}));
}

TEST_F(Crews, AreProposedByDistanceWithReasonsForTheRest) {
    for (const char* code : {"EQ3", "EQ4", "EQ5", "EQ6", "EQ7"}) {
        post("sam", "/api/v1/crews", {{"code", code}, {"name", code}});
    }
    const auto put = [&](const char* code, double lat, int age_s) {
        EXPECT_EQ(place("lea", code, at(-age_s), 5.0415, lat).status, 200U);
    };
    put("EQ1", 47.3230, 5);    // about 110 m, busy
    put("EQ2", 47.3310, 20);   // about 1 km
    put("EQ3", 47.3250, 30);   // about 330 m
    put("EQ4", 47.3400, 40);   // about 2 km
    put("EQ5", 47.3500, 50);   // about 3 km: the fourth
    put("EQ6", 47.3221, 601);  // nearest, too long ago
    const auto incident = open_incident();
    dispatch(incident, "EQ1");
    const auto told =
        get("lea", "/api/v1/incidents/" + std::to_string(incident) + "/crew_proposals");
    ASSERT_EQ(told.status, 200U) << told.body.dump();
    const auto& proposed = told.body.at("proposed");
    ASSERT_EQ(proposed.size(), 3U);
    EXPECT_EQ(proposed[0].at("code"), "EQ3");
    EXPECT_NEAR(proposed[0].at("distance_m").get<double>(), 333.6, 1.0);
    EXPECT_EQ(proposed[0].at("position_age_s"), 30);
    EXPECT_EQ(proposed[1].at("code"), "EQ2");
    EXPECT_EQ(proposed[2].at("code"), "EQ4");
    std::map<std::string, std::string> others;
    for (const auto& other : told.body.at("others")) {
        others[other.at("code")] = other.at("reason");
    }
    const std::map<std::string, std::string> expected{
        {"EQ1", "busy"}, {"EQ5", "farther"}, {"EQ6", "position_too_old"}, {"EQ7", "no_position"}};
    EXPECT_EQ(others, expected);
}

TEST_F(Crews, AreFreeAgainOnceTheyRestored) {
    const auto incident = open_incident();
    EXPECT_EQ(crew("EQ1").at("free"), true);
    const auto first = dispatch(incident);
    const auto second = dispatch(incident);
    EXPECT_EQ(crew("EQ1").at("free"), false);
    EXPECT_EQ(crew("EQ1").at("intervention"), first) << "the second waits its turn";
    move("lea", second, "cancelled", {{"reason", "duplicate"}});
    work_up_to_restored(first);
    EXPECT_EQ(crew("EQ1").at("free"), true) << "what waits for proof holds no crew";
}

}  // namespace
}  // namespace vigie::operations
