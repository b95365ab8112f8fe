// A city adds a kind of asset of its own: the file that CONTRIBUTING.md shows, and a restart.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/e2e/support/installation.hpp"
#include "tests/e2e/support/settings_file.hpp"
#include "vigie/base/time.hpp"

namespace vigie::e2e {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

TEST(NewKind, OfTheManualIsStoredAndRaisesItsAlarm) {
    Installation city;
    const auto kinds = city.folder() / "kinds";
    fs::copy(VIGIE_SOURCE_DIR "/config/kinds", kinds);
    replace_in_settings(city, VIGIE_SOURCE_DIR "/config/kinds", kinds.string());
    city.start();
    const auto before = city.admin_get("/admin/v1/status").at("kinds").get<int>();
    EXPECT_EQ(city.stop(), 0);

    std::ofstream(kinds / "noise_sensor.toml")
        << fenced_block(VIGIE_SOURCE_DIR "/CONTRIBUTING.md", "```toml\ncode = \"noise_sensor\"");
    city.start();
    EXPECT_EQ(city.admin_get("/admin/v1/status").at("kinds"), before + 1);
    city.plant("noise_sensor", {"NOISE-1"});
    const auto gateway = city.credential({{"name", "gateway"}, {"all_assets", true}});
    // Loud for longer than the rule waits for, in event time.
    const auto now = base::SystemClock{}.now();
    json observations = json::array();
    for (const auto ago : {std::chrono::minutes{11}, std::chrono::minutes{0}})
        observations.push_back({{"asset", "NOISE-1"},
                                {"t", base::to_rfc3339(now - ago)},
                                {"values", {{"level_db", 101.5}}}});
    const auto answer = exchange(
        city.device_http(),
        {.method = "POST",
         .target = "/ingest/v1/observations",
         .body = observations.dump(),
         .headers = {
             {"Content-Type", "application/json"},
             {"Authorization", "Basic " + base64(gateway.user_name + ":" + gateway.password)}}});
    ASSERT_EQ(answer.status, 200U) << answer.body;
    EXPECT_EQ(city.sql("select count(*) from frame where vals[1] = 101.5")[0][0].as<int>(), 2);

    const auto operator_session = city.sign_in("operator");
    json alarms;
    const auto raised = [&] {
        alarms = exchange(city.control(),
                          {.target = "/api/v1/alarms?raises=alarm", .headers = operator_session})
                     .json()
                     .value("rows", json::array());
        return !alarms.empty();
    };
    ASSERT_TRUE(until(raised, std::chrono::seconds{30}));
    EXPECT_EQ(alarms.size(), 1U);
    EXPECT_EQ(alarms[0].at("asset"), "NOISE-1");
    EXPECT_EQ(alarms[0].at("rule"), "loud");
    EXPECT_EQ(alarms[0].at("priority"), 3);
    EXPECT_EQ(city.stop(), 0);
}

}  // namespace
}  // namespace vigie::e2e
