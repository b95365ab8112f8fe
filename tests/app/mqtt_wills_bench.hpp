// A camera whose will says that it is offline, at the product's own door.
#pragma once

#include "tests/app/device_door_bench.hpp"

namespace vigie::app {

inline constexpr store::Query alarms{"test_will_alarms",
                                     "select rule as line from alarm where active order by rule"};
inline constexpr store::Query online_frames{
    "test_will_frames",
    "select vals[1]::text as line from frame where asset_id = (select id from asset where code = "
    "'CAM-1') order by observed_at"};

class MqttWillsBench : public DeviceDoorBench {
protected:
    MqttWillsBench() {
        // A client here lives on the thread that stops the server, and cannot hang up meanwhile.
        settings_.server.shutdown_limit_s = 6;
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
    struct How {
        std::uint32_t delay_s{0};
        wire::mqtt::Version version{wire::mqtt::Version::v5};
        std::uint32_t expiry_s{3'600};
        bool clean{false};
        bool will{true};
    };
    bool join(Device& device) { return join(device, How{}); }
    bool join(Device& device, const How& how) {
        net::MqttClientSettings settings{.port = server_->ports().mqtt,
                                         .version = how.version,
                                         .client_id = "camera",
                                         .user_name = "camera",
                                         .password = secrets_.at("camera")};
        settings.clean_start = how.clean;
        settings.session_expiry_s = how.expiry_s;
        settings.keep_alive_s = 60;
        if (how.will) {
            settings.will = net::MqttClientWill{.topic = "vigie/v1/CAM-1/observations",
                                                .payload = R"({"values":{"online":false}})",
                                                .delay_s = how.delay_s};
        }
        std::optional<bool> ok;
        boost::asio::co_spawn(
            io_,
            [](Device& one, net::MqttClientSettings with,
               net::MqttConnected& out) -> boost::asio::awaitable<bool> {
                auto answer = co_await one.client.connect(std::move(with));
                if (answer) out = *answer;
                co_return answer.ok();
            }(device, settings, connected_),
            [&ok](const std::exception_ptr& failed, bool value) { ok = !failed && value; });
        run_until([&ok] { return ok.has_value(); });
        return ok.value_or(false);
    }
    void say_goodbye(Device& device) {
        bool gone = false;
        boost::asio::co_spawn(io_, device.client.disconnect(),
                              [&gone](const std::exception_ptr&) { gone = true; });
        run_until([&gone] { return gone; });
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

}  // namespace vigie::app
