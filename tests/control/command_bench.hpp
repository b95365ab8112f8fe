// Commands on a database of their own: two lamps, people around them, a carrier that the test
// plays, and a clock that the test owns.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/api/ask.hpp"
#include "tests/support/pgtest_database.hpp"
#include "tests/support/pgtest_folder.hpp"
#include "vigie/control/control.hpp"

namespace vigie::control {

struct Told {
    unsigned status{};
    nlohmann::json body;
};

class CommandBench : public testing::Test {
protected:
    CommandBench();

    // `who`: lea (operator), sam (supervisor), dan (director), zoe (crew), ada (administrator), ivo
    // (integrator), far (an operator of another commune).
    Told ask(const std::string& who, const std::string& method, const std::string& target,
             const nlohmann::json& body = nullptr);
    // Asks for a report of that lamp; its id.
    std::int64_t order(const std::string& asset = "LP-1", int expires_s = 60);
    nlohmann::json command(std::int64_t id);
    std::string state(std::int64_t id) { return command(id).at("state"); }
    // "queued sent delivered": the states it went through.
    std::string story(std::int64_t id);
    Told cancel(std::int64_t id) {
        return ask("lea", "POST", "/api/v1/commands/" + std::to_string(id) + "/cancel",
                   nlohmann::json::object());
    }

    // One run of the module, as a start of the server makes it. Before, the last one is gone, as
    // after a crash: with nothing but the rows.
    void restart();
    void work() { EXPECT_TRUE(control->work_once()); }
    void come(const std::string& asset);
    void go(const std::string& asset) { heard.erase("vigie/v1/" + asset + "/commands"); }
    void outcome(std::int64_t id, net::MqttOutcome what) {
        control->taker().delivered(static_cast<std::uint64_t>(id), what);
    }
    // What the device is answered once the next round is over: "ok", or the reason of the refusal;
    // "-" when it waits.
    std::string result(std::int64_t id, const std::string& status,
                       const std::string& asset = "LP-1", const std::string& detail = "");
    void sql(const std::string& url, const std::string& statement);
    // Nobody of the server gets in, until it is back.
    void take_database_away();
    void give_database_back();

    test::Database database;
    test::Folder folder;
    base::ManualClock clock{*base::parse_rfc3339("2026-11-22T18:00:00Z")};
    store::Pool pool{database.app_url(), 2};
    std::unique_ptr<live::Stream> stream;
    assets::Registry registry;
    std::map<std::string, access::Principal> people;
    std::unique_ptr<api::Router> router;

    std::set<std::string> heard;
    std::size_t connections{1};
    std::vector<net::MqttDelivery> sent;
    std::vector<std::string> quarantined;
    int rooms{};
    std::unique_ptr<store::Spool> spool;
    std::unique_ptr<Control> control;
};

}  // namespace vigie::control
