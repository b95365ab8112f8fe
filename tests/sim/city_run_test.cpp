#include "sim/city_run.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/control.hpp"
#include "tests/sim/scripted_broker.hpp"

namespace vigie::sim {
namespace {

using wire::mqtt::Reason;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

base::Instant run_instant(const char* text) {
    return *base::parse_rfc3339(text);
}

// Two cabinets of three lamps, and a camera; by night all of them speak.
Fleet tiny_fleet() {
    Fleet fleet;
    fleet.centre = {5.04, 47.32};
    for (int cabinet = 0; cabinet < 2; ++cabinet) {
        Device box;
        box.kind = DeviceKind::lighting_cabinet;
        box.code = "ARM-" + std::to_string(cabinet);
        const auto index = static_cast<int>(fleet.devices.size());
        for (int lamp = 0; lamp < 3; ++lamp)
            box.feeds.push_back(index + 1 + lamp);
        fleet.devices.push_back(box);
        for (int lamp = 0; lamp < 3; ++lamp) {
            Device light;
            light.kind = DeviceKind::light_point;
            light.code = "PL-" + std::to_string(3 * cabinet + lamp);
            light.load_w = 40;
            light.cabinet = index;
            fleet.devices.push_back(light);
        }
    }
    Device camera;
    camera.kind = DeviceKind::camera;
    camera.code = "CAM-0";
    fleet.devices.push_back(camera);
    for (Device& device : fleet.devices)
        device.number = hashed(device.code);
    return fleet;
}

std::vector<Login> tiny_logins() {
    return {{"gw-0", "user-0", "p", {"ARM-0", "CIR-0", "PL-0", "PL-1", "PL-2"}},
            {"gw-1", "user-1", "p", {"ARM-1", "PL-3", "PL-4", "PL-5"}},
            {"gw-cam", "user-cam", "p", {"CAM-0"}}};
}

// A run against a scripted broker, on one thread and by a clock that the test moves.
struct WireBench {
    explicit WireBench(ScriptedBroker::Answer answer = {}) : broker(io, std::move(answer)) {
        settings.port = broker.port();
        settings.retry_first = 1ms;
        settings.connections_per_second = 1'000;
        settings.engine.random_failures = false;
        run.emplace(io.get_executor(), clock, fleet, tiny_logins(), settings);
        run->start();
    }
    // Lets the wire work until `done`, ten seconds at most.
    template <typename Done>
    [[nodiscard]] bool until(Done done) {
        const auto limit = std::chrono::steady_clock::now() + 10s;
        while (!done()) {
            if (std::chrono::steady_clock::now() > limit) return false;
            io.restart();
            io.run_one_for(50ms);
        }
        return true;
    }
    [[nodiscard]] bool all_acknowledged(std::uint64_t count) {
        return until([&] { return run->counts().acked >= count && run->unsettled() == 0; });
    }
    void pass(std::chrono::seconds time) {
        clock.advance(time);
        run->advance();
    }
    boost::asio::io_context io;
    base::ManualClock clock{run_instant("2026-11-23T19:00:00Z")};
    Fleet fleet = tiny_fleet();
    ScriptedBroker broker;
    CityRunSettings settings;
    std::optional<CityRun> run;
};

TEST(SimClock, RunsFasterThanTheWorldButStampsItsTime) {
    const auto real = run_instant("2026-11-23T10:00:00Z");
    const SimClock clock(real, run_instant("2026-06-21T20:00:00Z"), 60);
    EXPECT_EQ(clock.to_city(real + 10s), run_instant("2026-06-21T20:10:00Z"));
    EXPECT_EQ(clock.to_real(run_instant("2026-06-21T20:10:00Z")), real + 10s);
    EXPECT_EQ(base::to_rfc3339(clock.to_real(run_instant("2026-06-21T20:00:01.234567Z"))),
              "2026-11-23T10:00:00.020Z");
}

TEST(Gateway, WaitsLongerWithEveryFailureAndNeverInStep) {
    EXPECT_EQ(back_off(1, 0, 1'000ms), 500ms);
    EXPECT_EQ(back_off(1, 0.5, 1'000ms), 750ms);
    EXPECT_EQ(back_off(4, 0, 1'000ms), 4'000ms);
    EXPECT_EQ(back_off(7, 0, 1'000ms), 32'000ms);
    EXPECT_EQ(back_off(70, 0, 1'000ms), 32'000ms);
}

TEST(CityRun, SaysEveryReportOnItsGatewayInBothVersions) {
    WireBench bench;
    bench.pass(61s);
    ASSERT_TRUE(bench.all_acknowledged(9));
    std::set<std::string> topics;
    std::set<wire::mqtt::Version> versions;
    for (const auto& arrival : bench.broker.arrivals) {
        topics.insert(arrival.topic);
        versions.insert(arrival.version);
        const auto payload = nlohmann::json::parse(arrival.payload);
        const auto at = base::parse_rfc3339(payload.at("t").get<std::string>());
        ASSERT_TRUE(at);
        EXPECT_GE(*at, run_instant("2026-11-23T19:00:00Z"));
        EXPECT_LE(*at, run_instant("2026-11-23T19:01:01Z"));
    }
    EXPECT_EQ(topics.size(), 9U);
    EXPECT_TRUE(topics.contains("vigie/v1/PL-5/observations"));
    EXPECT_EQ(versions.size(), 2U);
    EXPECT_EQ(std::set<std::string>(bench.broker.users.begin(), bench.broker.users.end()),
              (std::set<std::string>{"user-0", "user-1", "user-cam"}));
    EXPECT_EQ(bench.run->unplayed(), 0U);
    EXPECT_EQ(bench.run->counts().connected, 3U);
}

TEST(CityRun, SaysAgainWhatACutConnectionLeftOpen) {
    bool answering = false;
    WireBench bench([&](const auto&) -> std::optional<Reason> {
        return answering ? std::optional(Reason::success) : std::nullopt;
    });
    bench.pass(61s);
    ASSERT_TRUE(bench.until([&] { return bench.broker.arrivals.size() >= 9; }));
    EXPECT_EQ(bench.run->counts().acked, 0U);
    answering = true;
    const std::size_t heard = bench.broker.arrivals.size();
    bench.broker.cut();
    ASSERT_TRUE(bench.all_acknowledged(9));
    EXPECT_GE(bench.run->counts().resent, 9U);
    std::multiset<std::string> before;
    std::multiset<std::string> after;
    for (std::size_t i = 0; i < bench.broker.arrivals.size(); ++i)
        (i < heard ? before : after).insert(bench.broker.arrivals[i].payload);
    EXPECT_EQ(before, after) << "the same messages, with the same instants";
}

TEST(CityRun, CountsRefusalsAndGoesOn) {
    WireBench bench([](const auto& arrival) -> std::optional<Reason> {
        return arrival.topic.contains("PL-1") ? Reason::payload_format_invalid : Reason::success;
    });
    bench.pass(61s);
    ASSERT_TRUE(
        bench.until([&] { return bench.run->unsettled() == 0 && bench.run->counts().sent >= 9; }));
    // gw-0 speaks 5.0: it hears the reason.
    EXPECT_EQ(bench.run->counts().refused, 1U);
    EXPECT_EQ(bench.run->counts().acked, bench.run->counts().sent - 1);
    EXPECT_NE(bench.run->counts().last_refusal.find("PL-1"), std::string::npos);
}

TEST(CityRun, KeepsTryingWhereItIsNotLetIn) {
    WireBench bench;
    bench.broker.refuses_all = true;
    bench.pass(61s);
    ASSERT_TRUE(bench.until([&] { return bench.run->counts().connections_failed >= 9; }));
    EXPECT_EQ(bench.run->counts().sent, 0U);
    bench.broker.refuses_all = false;
    EXPECT_TRUE(bench.all_acknowledged(9));
}

TEST(CityRun, ForgetsTheOldestWhenNobodyListensForLong) {
    WireBench bench;
    bench.broker.refuses_all = true;
    for (int i = 0; i < 40; ++i)
        bench.pass(std::chrono::hours{1});  // 60 reports an hour of the camera
    EXPECT_GE(bench.run->counts().dropped, 300U);
    EXPECT_LE(bench.run->unsettled(), 3 * Gateway::outbox_messages_max);
}

TEST(CityRun, ObeysOrders) {
    WireBench bench;
    bench.pass(61s);
    ASSERT_TRUE(bench.all_acknowledged(9));
    bench.broker.arrivals.clear();
    EXPECT_EQ(bench.run->obey(R"({"do":"fail","trouble":"cabinet","code":"ARM-1"})"),
              R"({"ok":true})");
    ASSERT_TRUE(bench.until([&] { return bench.run->unsettled() == 0; }));
    ASSERT_EQ(bench.broker.arrivals.size(), 4U);
    EXPECT_EQ(bench.broker.arrivals[0].topic, "vigie/v1/ARM-1/observations");
    EXPECT_NE(bench.broker.arrivals[3].payload.find("supply_loss"), std::string::npos);
    EXPECT_EQ(bench.run->obey(R"({"do":"clear","trouble":"cabinet","code":"ARM-1"})"),
              R"({"ok":true})");
    for (const char* wrong :
         {"", "[]", "{}", "{\"do\":1}", R"({"do":"fail","trouble":"fire","code":"ARM-1"})",
          R"({"do":"fail","trouble":"lamp","code":"ARM-1"})",
          R"({"do":"clear","trouble":"lamp","code":"PL-1"})",
          R"({"do":"fail","trouble":"lamp","code":"PL-77"})"}) {
        const auto answer = nlohmann::json::parse(bench.run->obey(wrong));
        EXPECT_FALSE(answer.at("ok").get<bool>()) << wrong;
        EXPECT_FALSE(answer.at("error").get<std::string>().empty()) << wrong;
    }
    const auto status = nlohmann::json::parse(bench.run->obey(R"({"do":"status"})"));
    EXPECT_EQ(status.at("gateways"), 3);
    EXPECT_EQ(status.at("failing"), 0);
}

TEST(CityRun, StopsWhenAllIsAcknowledged) {
    WireBench bench;
    ASSERT_TRUE(bench.until([&] { return bench.run->counts().connected == 3; }));
    bench.pass(61s);
    bool stopped = false;
    boost::asio::co_spawn(bench.io, bench.run->stop(5s),
                          [&](const std::exception_ptr&) { stopped = true; });
    ASSERT_TRUE(bench.until([&] { return stopped && bench.run->counts().connected == 0; }));
    EXPECT_GE(bench.run->counts().acked, 9U);
    EXPECT_EQ(bench.run->unsettled(), 0U);
}

TEST(ControlSocket, AnswersLinesAndIsTheOnlyOneOnItsPath) {
    std::string name = (std::filesystem::temp_directory_path() / "vigie-control-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(name.data());
    const auto path = folder / "sim.sock";
    {
        std::ofstream(path) << "no socket";
    }
    boost::asio::io_context io;
    EXPECT_THROW(ControlSocket(io.get_executor(), path), boost::system::system_error);
    std::filesystem::remove(path);
    EXPECT_FALSE(ask_control(path, "hello"));
    {
        ControlSocket socket(io.get_executor(), path);
        EXPECT_THROW(ControlSocket(io.get_executor(), path), boost::system::system_error);
        const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
        EXPECT_EQ(std::filesystem::status(path).permissions() & others,
                  std::filesystem::perms::none);
        boost::asio::co_spawn(
            io, socket.serve([](const std::string& line) { return "<" + line + ">"; }),
            boost::asio::detached);
        auto asked = std::async(std::launch::async, [&] { return ask_control(path, "hello"); });
        while (asked.wait_for(0s) != std::future_status::ready)
            io.run_one_for(20ms);
        const auto reply = asked.get();
        ASSERT_TRUE(reply);
        EXPECT_EQ(*reply, "<hello>");
        io.stop();
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace vigie::sim
