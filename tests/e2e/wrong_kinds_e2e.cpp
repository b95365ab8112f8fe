// Kind files with mistakes, before the real programs: nothing starts, and everything is named.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/support/installation.hpp"
#include "tests/e2e/support/settings_file.hpp"

namespace vigie::e2e {
namespace {

using nlohmann::json;
using testing::HasSubstr;
namespace fs = std::filesystem;

struct Ended {
    std::optional<int> status;
    std::string said;
};

Ended run_to_end(const char* program, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), std::string(VIGIE_PROGRAMS "/") + program);
    Program run(arguments);
    Ended ended{run.wait(std::chrono::seconds{60}), {}};
    for (const std::string& line : run.lines())
        ended.said += line + "\n";
    return ended;
}

TEST(WrongKinds, StopTheStartAndAreAllNamedAtOnce) {
    Installation city;
    const auto kinds = city.folder() / "kinds";
    const auto config = (city.folder() / "vigie.toml").string();
    fs::copy(VIGIE_SOURCE_DIR "/config/kinds", kinds);
    replace_in_settings(city, VIGIE_SOURCE_DIR "/config/kinds", kinds.string());
    const auto good = text_of_file(kinds / "camera.toml");
    std::ofstream(kinds / "camera.toml", std::ios::app) << "[[property]]\ncode = \"tilt\"\n";
    std::ofstream(kinds / "lamp.toml") << "code = \"lamp\"\ncolour = 3\n";
    std::ofstream(kinds / "torn.toml") << "code = \"torn";
    const auto lines = std::ranges::count(good, '\n');
    const std::vector<std::string> mistakes{
        fmt::format("{}/camera.toml:{}: /property/", kinds.string(), lines + 1),
        kinds.string() + "/lamp.toml:1: /name: is missing",
        kinds.string() + "/lamp.toml:2: /colour: is not a known key",
        kinds.string() + "/torn.toml:1: : not TOML"};

    const auto started = run_to_end("vigied", {"--config", config});
    EXPECT_EQ(started.status, 1) << started.said;
    EXPECT_THAT(started.said, HasSubstr("the server cannot run"));
    EXPECT_THAT(started.said, testing::Not(HasSubstr("ready:")));
    EXPECT_FALSE(city.database_runs());
    const auto looked_at = run_to_end("vigied", {"--config", config, "--check"});
    EXPECT_EQ(looked_at.status, 1) << looked_at.said;
    const auto checked = run_to_end("vigie", {"config", "check", "--config", config});
    EXPECT_EQ(checked.status, 1) << checked.said;
    for (const std::string& mistake : mistakes) {
        EXPECT_THAT(started.said, HasSubstr(mistake));
        EXPECT_THAT(looked_at.said, HasSubstr(mistake));
        EXPECT_THAT(checked.said, HasSubstr(mistake));
    }
    const auto as_json = run_to_end("vigie", {"config", "check", "--config", config, "--json"});
    const json answer = json::parse(as_json.said, nullptr, false);
    ASSERT_TRUE(answer.is_object()) << as_json.said;
    std::vector<std::string> pointers;
    for (const json& error : answer.at("errors"))
        pointers.push_back(error.at("pointer"));
    EXPECT_THAT(pointers, testing::IsSupersetOf({kinds.string() + "/lamp.toml#/name",
                                                 kinds.string() + "/lamp.toml#/colour",
                                                 kinds.string() + "/torn.toml#"}));

    // Mended, the same installation starts.
    std::ofstream(kinds / "camera.toml") << good;
    fs::remove(kinds / "lamp.toml");
    fs::remove(kinds / "torn.toml");
    city.start();
    EXPECT_EQ(city.stop(), 0);
}

}  // namespace
}  // namespace vigie::e2e
