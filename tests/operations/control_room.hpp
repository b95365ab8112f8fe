// A control room on a database of its own: a junction, a cabinet, two crews, the people around
// them, and a clock that the test owns.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/api/ask.hpp"
#include "tests/support/pgtest_database.hpp"
#include "vigie/alarms/recorder.hpp"
#include "vigie/operations/operations.hpp"

namespace vigie::operations {

struct Told {
    unsigned status{};
    nlohmann::json body;
    wire::Headers headers;
};

class ControlRoom : public testing::Test {
protected:
    ControlRoom();

    // `who`: lea and max (operators), sam (supervisor), zoe (crew EQ1), tom (crew EQ2), ada
    // (administrator), ivo (integrator).
    Told ask(const std::string& who, const std::string& method, const std::string& target,
             const nlohmann::json& body = nullptr, const std::string& key = {});
    Told get(const std::string& who, const std::string& target) { return ask(who, "GET", target); }
    Told post(const std::string& who, const std::string& target,
              const nlohmann::json& body = nlohmann::json::object()) {
        return ask(who, "POST", target, body);
    }

    // An alarm that the rules raise, through the recorder; answers its id.
    std::string raise(const std::string& asset, base::Instant at,
                      const std::string& suppressed_by = {});
    void give_back(const std::string& alarm, base::Instant at);
    void acknowledge(const std::string& who, const std::string& alarm,
                     const std::string& reason = {});
    void rise_again(const std::string& alarm, base::Instant at);

    void record(const std::string& alarm, alarms::Event event, base::Instant at,
                const std::string& suppressed_by = {});

    // Opened from a new alarm of the junction; answers its number.
    std::int64_t open_incident();
    std::string dispatch(std::int64_t incident, const std::string& crew = "EQ1");
    Told move(const std::string& who, const std::string& intervention, const std::string& to,
              const nlohmann::json& more = nlohmann::json::object());
    // The crew's whole way, a minute a step.
    void work_up_to_restored(const std::string& intervention);

    [[nodiscard]] std::string at(int seconds = 0) const {
        return base::to_rfc3339(clock.now() + std::chrono::seconds{seconds});
    }
    // Runs one statement in a transaction of its own, as that role.
    void sql(const std::string& url, const std::string& statement);
    std::string one(const std::string& statement);
    [[nodiscard]] std::vector<std::string> entry_types(const nlohmann::json& entries) const;

    test::Database database;
    base::ManualClock clock{*base::parse_rfc3339("2026-11-22T18:00:00Z")};
    store::Pool pool{database.app_url(), 4};
    live::Stream stream{"epoch"};
    assets::Registry registry;
    alarms::Recorder recorder{pool, stream, registry, clock};
    std::map<std::string, alarms::Occurrence> occurrences;
    std::map<std::string, access::Principal> people;
    std::map<std::string, Located> vehicles;
    api::Router router;
    api::Router admin;
    std::unique_ptr<Operations> operations;
};

}  // namespace vigie::operations
