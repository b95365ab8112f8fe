// Every command of docs/payloads.md, run as it stands there against the real server.
#include <gmock/gmock.h>

#include <sys/wait.h>

#include <array>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/app/device_door_bench.hpp"

namespace vigie::app {
namespace {

constexpr store::Query frames_stored{"test_frames", "select count(*) as n from frame"};

std::string page() {
    std::ifstream file(std::string(VIGIE_SOURCE_DIR) + "/docs/payloads.md");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::string> commands_of(const std::string& text) {
    std::vector<std::string> commands;
    constexpr std::string_view fence = "```sh\n";
    for (auto at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
        at += fence.size();
        commands.push_back(text.substr(at, text.find("```", at) - at));
    }
    return commands;
}

std::string with(std::string text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

struct Ran {
    int status{};
    std::string output;
};

Ran run(const std::string& command) {
    Ran ran;
    FILE* shell = popen((command + " 2>&1").c_str(), "r");
    std::array<char, 1'000> piece{};
    while (const auto size = fread(piece.data(), 1, piece.size(), shell))
        ran.output.append(piece.data(), size);
    ran.status = WEXITSTATUS(pclose(shell));
    return ran;
}

class Payloads : public DeviceDoorBench {
protected:
    std::int64_t stored() {
        return pool_.read_now(
            [](store::Transaction& tx) { return tx.row(frames_stored)->get<std::int64_t>("n"); });
    }
};

TEST_F(Payloads, AreTakenAsTheirPageSays) {
    credential("gateway-12", "LP-1", {}, {"LP-2"});
    start();
    const auto ports = server_->ports();
    const auto commands = commands_of(page());
    ASSERT_GE(commands.size(), 9U);
    for (const std::string& shown : commands) {
        SCOPED_TRACE(shown);
        std::string command = with(shown, "-p 1883", "-p " + std::to_string(ports.mqtt));
        command = with(command, "localhost:8081", "localhost:" + std::to_string(ports.device_http));
        clock_.advance(std::chrono::minutes{5});
        const std::int64_t before = stored();
        const Ran ran = run("SECRET=" + secrets_.at("gateway-12") +
                            " NOW=" + base::to_rfc3339(clock_.now()) + "; " + command);
        EXPECT_EQ(ran.status, 0) << ran.output;
        // Two observations, where the command shows two.
        const bool two = shown.find("}, {\"values\"") != std::string::npos ||
                         shown.find("LP-2") != std::string::npos ||
                         shown.find("}\n{") != std::string::npos;
        EXPECT_EQ(stored(), before + (two ? 2 : 1)) << "acknowledged is stored\n" << ran.output;
    }
    EXPECT_EQ(figure("vigie_ingest_refused_total"), 0);
    EXPECT_EQ(figure("vigie_ingest_unknown_properties_total"), 0);
}

}  // namespace
}  // namespace vigie::app
