// A will at the product's own door: how a device says "offline" when it can no longer say anything.
#include <gmock/gmock.h>

#include "tests/app/device_door_bench.hpp"

namespace vigie::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using wire::mqtt::Reason;
using wire::mqtt::Version;

constexpr store::Query alarms{"test_will_alarms",
                              "select rule as line from alarm where active order by rule"};
constexpr store::Query online_frames{
    "test_will_frames",
    "select vals[1]::text as line from frame where asset_id = (select id from asset where code = "
    "'CAM-1') order by observed_at"};

class MqttWills : public DeviceDoorBench {
protected:
    MqttWills() {
        std::vector<assets::PlannedAsset> planned(1);
        auto& camera = planned.front();
        camera.asset.code = "CAM-1";
        camera.asset.attributes = "{}";
        for (const assets::Kind& kind : *kinds_)
            if (kind.code == "camera") camera.asset.kind = &kind;
        catalogue_ = pool_.write_now([&](store::Transaction& tx) {
            assets::write_assets(tx, planned, {}, {"it:tester", clock_.now()});
            return assets::read_catalogue(tx, kinds_);
        });
        credential("camera", "CAM-1");
        start();
    }
    bool join(Device& device, std::uint32_t delay_s = 0, Version version = Version::v5) {
        net::MqttClientSettings settings{.port = server_->ports().mqtt,
                                         .version = version,
                                         .client_id = "camera",
                                         .user_name = "camera",
                                         .password = secrets_.at("camera")};
        settings.clean_start = false;
        settings.session_expiry_s = 3'600;
        settings.keep_alive_s = 60;
        settings.will = net::MqttClientWill{.topic = "vigie/v1/CAM-1/observations",
                                            .payload = R"({"values":{"online":false}})",
                                            .delay_s = delay_s};
        std::optional<bool> ok;
        boost::asio::co_spawn(
            io_,
            [](Device& one, net::MqttClientSettings how) -> boost::asio::awaitable<bool> {
                co_return (co_await one.client.connect(std::move(how))).ok();
            }(device, settings),
            [&ok](const std::exception_ptr& failed, bool value) { ok = !failed && value; });
        run_until([&ok] { return ok.has_value(); });
        return ok.value_or(false);
    }
    void say_online(Device& device) {
        const std::size_t before = device.acknowledged;
        publish(device, "CAM-1", 1, wire::mqtt::Qos::at_least_once,
                R"({"values":{"online":true}})");
        run_until([&] { return device.acknowledged == before + 1; });
    }
    std::vector<std::string> lines(const store::Query& query) {
        return pool_.read_now([&](store::Transaction& tx) {
            std::vector<std::string> found;
            for (const auto& row : tx.rows(query))
                found.push_back(row.get<std::string>("line"));
            return found;
        });
    }
    bool becomes(const store::Query& query, const std::vector<std::string>& wanted) {
        return run_until([&] { return lines(query) == wanted; });
    }
    bool wait_until_gone() {
        return run_until([&] { return figure("vigie_mqtt_connections") == 0; });
    }
};

TEST_F(MqttWills, AreStoredAsObservationsAndRaiseTheAlarmOfTheKind) {
    for (const Version version : {Version::v3_1_1, Version::v5}) {
        Device camera(io_);
        ASSERT_TRUE(join(camera, 0, version));
        clock_.advance(1s);
        say_online(camera);
        ASSERT_TRUE(becomes(alarms, {}));
        clock_.advance(1s);
        camera.client.abort();
        EXPECT_TRUE(becomes(alarms, {"offline"}));
        EXPECT_TRUE(wait_until_gone());
    }
    EXPECT_THAT(lines(online_frames), ElementsAre("1", "0", "1", "0"));
}

TEST_F(MqttWills, AreNotPublishedWhenItsDeviceSaysGoodbye) {
    Device camera(io_);
    ASSERT_TRUE(join(camera));
    say_online(camera);
    bool gone = false;
    boost::asio::co_spawn(io_, camera.client.disconnect(),
                          [&gone](const std::exception_ptr&) { gone = true; });
    run_until([&gone] { return gone; });
    EXPECT_TRUE(wait_until_gone());
    ASSERT_TRUE(join(camera));
    clock_.advance(1s);
    say_online(camera);
    EXPECT_THAT(lines(online_frames), ElementsAre("1", "1"));
}

TEST_F(MqttWills, WaitForTheirDelayAndForWhoComesBackInTime) {
    Device camera(io_);
    ASSERT_TRUE(join(camera, 30));
    say_online(camera);
    camera.client.abort();
    ASSERT_TRUE(wait_until_gone());
    clock_.advance(29s);
    Device again(io_);
    ASSERT_TRUE(join(again, 30));
    clock_.advance(10s);
    say_online(again);
    EXPECT_THAT(lines(online_frames), ElementsAre("1", "1")) << "it came back in time";
    again.client.abort();
    ASSERT_TRUE(wait_until_gone());
    clock_.advance(30s);
    EXPECT_TRUE(becomes(alarms, {"offline"}));
    EXPECT_THAT(lines(online_frames), ElementsAre("1", "1", "0"));
}

TEST_F(MqttWills, SpeakForADeviceThatFellSilent) {
    Device camera(io_);
    ASSERT_TRUE(join(camera));
    say_online(camera);
    clock_.advance(91s);
    EXPECT_TRUE(becomes(alarms, {"offline"}));
    EXPECT_TRUE(run_until([&] { return camera.closed; }));
    EXPECT_EQ(camera.reason, Reason::keep_alive_timeout);
}

TEST_F(MqttWills, SpeakForAConnectionThatIsTakenOver) {
    Device first(io_);
    Device second(io_);
    ASSERT_TRUE(join(first));
    say_online(first);
    clock_.advance(1s);
    ASSERT_TRUE(join(second));
    EXPECT_TRUE(becomes(online_frames, {"1", "0"})) << "what the device says next is later";
    clock_.advance(1s);
    say_online(second);
    EXPECT_TRUE(becomes(alarms, {}));
}

}  // namespace
}  // namespace vigie::app
