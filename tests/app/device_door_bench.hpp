// The whole server with its device door, two lamps and credentials, and the clock in our hands.
#pragma once

#include <gtest/gtest.h>

#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>

#include "tests/app/device.hpp"
#include "tests/support/pgtest_database.hpp"
#include "vigie/app/server.hpp"
#include "vigie/assets/asset_store.hpp"
#include "vigie/assets/kind_files.hpp"
#include "vigie/assets/kind_store.hpp"
#include "vigie/ingest/credentials.hpp"

#include <map>
namespace vigie::app {

inline constexpr std::chrono::seconds bench_patience{20};
inline constexpr const char* one_value = R"({"values":{"power_w":41}})";

class DeviceDoorBench : public testing::Test {
protected:
    DeviceDoorBench() {
        kinds_ = pool_.write_now([](store::Transaction& tx) {
            const auto parsed = assets::read_kinds(std::string(VIGIE_SOURCE_DIR) + "/config/kinds");
            return std::make_shared<const std::vector<assets::Kind>>(
                *assets::load_kinds(tx, *parsed));
        });
        std::vector<assets::PlannedAsset> planned;
        for (const char* code : {"LP-1", "LP-2"}) {
            assets::PlannedAsset each;
            each.asset.code = code;
            each.asset.attributes = "{}";
            for (const assets::Kind& kind : *kinds_)
                if (kind.code == "light_point") each.asset.kind = &kind;
            planned.push_back(each);
        }
        catalogue_ = pool_.write_now([&](store::Transaction& tx) {
            assets::write_assets(tx, planned, {}, {"it:tester", clock_.now()});
            return assets::read_catalogue(tx, kinds_);
        });
        settings_.paths.folder = folder();
        settings_.paths.kinds_folder = std::string(VIGIE_SOURCE_DIR) + "/config/kinds";
        settings_.database.url = database_.app_url();
        settings_.database.owner_url = database_.owner_url();
        for (auto* port :
             {&settings_.device.mqtt_port, &settings_.device.http_port, &settings_.control.port,
              &settings_.open.port, &settings_.admin.metrics_port})
            *port = 0;
        settings_.device.above_rate_s = 5;
    }
    ~DeviceDoorBench() override {
        server_.reset();
        std::filesystem::remove_all(settings_.paths.folder);
    }
    static std::string folder() {
        std::string name = "/tmp/vigie-limits-XXXXXX";
        return mkdtemp(name.data());
    }
    void start() {
        server_ = std::make_unique<Server>(settings_, clock_);
        server_->start();
    }
    // Made by another process than the server, as far as that can tell.
    void credential(const std::string& name, const std::string& asset,
                    ingest::CredentialLimits limits = {},
                    const std::vector<std::string>& more_assets = {}) {
        std::vector<std::string> covered{asset};
        covered.insert(covered.end(), more_assets.begin(), more_assets.end());
        const auto made = pool_.write_now([&](store::Transaction& tx) {
            return elsewhere_.create(tx, *catalogue_, {{name, covered, "", false, false, limits}},
                                     true);
        });
        secrets_[name] = made->front().secret;
    }

    template <typename Predicate>
    bool run_until(Predicate done) {
        const auto end = std::chrono::steady_clock::now() + bench_patience;
        const auto work = boost::asio::make_work_guard(io_);
        while (!done()) {
            if (std::chrono::steady_clock::now() > end) {
                ADD_FAILURE() << "it did not come to that";
                return false;
            }
            io_.restart();
            io_.run_one_for(std::chrono::milliseconds{5});
        }
        return true;
    }
    bool connect(Device& device, const std::string& name, wire::mqtt::Version version) {
        std::optional<bool> ok;
        boost::asio::co_spawn(
            io_,
            [](Device& one, net::MqttClientSettings how,
               net::MqttConnected& out) -> boost::asio::awaitable<bool> {
                auto answer = co_await one.client.connect(std::move(how));
                if (answer) out = *answer;
                co_return answer.ok();
            }(device,
                                        {.port = server_->ports().mqtt,
                                         .version = version,
                                         .client_id = name,
                                         .user_name = name,
                                         .password = secrets_.at(name),
                                         .in_flight_max = 1'000},
                                        connected_),
            [&ok](const std::exception_ptr& failed, bool value) { ok = !failed && value; });
        run_until([&ok] { return ok.has_value(); });
        return ok.value_or(false);
    }
    void publish(Device& device, const std::string& asset, int count,
                 wire::mqtt::Qos qos = wire::mqtt::Qos::at_least_once,
                 const std::string& payload = one_value) {
        const std::string topic = "vigie/v1/" + asset + "/observations";
        for (int i = 0; i < count; ++i) {
            device.client.publish_soon({.topic = topic, .payload = payload, .qos = qos},
                                       [&device](const net::MqttAcknowledgement& answer) {
                                           if (answer.lost) return;
                                           ++(answer.ok() ? device.acknowledged : device.refused);
                                       });
        }
    }
    template <typename Socket>
    static std::string converse(Socket& socket, const std::string& request) {
        boost::asio::write(socket, boost::asio::buffer(request));
        std::string answer;
        boost::system::error_code end;
        boost::asio::read(socket, boost::asio::dynamic_buffer(answer), end);
        return answer;
    }
    std::string ask(std::uint16_t port, const std::string& request) {
        boost::asio::ip::tcp::socket socket(io_);
        socket.connect({boost::asio::ip::address_v4::loopback(), port});
        return converse(socket, request);
    }
    std::string post(const std::string& name, const std::string& body) {
        return ask(server_->ports().device_http,
                   "POST /ingest/v1/observations HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                   "Content-Type: application/json\r\nAuthorization: Basic " +
                       base64(name + ":" + secrets_.at(name)) +
                       "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    double figure(const std::string& name) {
        const std::string all =
            ask(server_->ports().metrics,
                "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        const auto at = all.find("\n" + name + " ");
        return at == std::string::npos ? -1 : std::stod(all.substr(at + name.size() + 2));
    }
    void change(const char* sql) {
        const store::Query query{"test_change", sql};
        pool_.write_now([&](store::Transaction& tx) { tx.execute(query); });
    }
    static std::string observation_of(const std::string& asset, std::size_t bytes) {
        std::string body = R"({"asset":")" + asset + R"(","values":{"power_w":1}})";
        body.resize(bytes, ' ');
        return body;
    }

    test::Database database_;
    base::ManualClock clock_{*base::parse_rfc3339("2026-11-22T12:00:00Z")};
    store::Pool pool_{database_.app_url(), 1};
    config::Settings settings_ = config::defaults();
    std::shared_ptr<const std::vector<assets::Kind>> kinds_;
    std::shared_ptr<const assets::Catalogue> catalogue_;
    ingest::Credentials elsewhere_{pool_};
    std::map<std::string, std::string> secrets_;
    std::unique_ptr<Server> server_;
    boost::asio::io_context io_;
    net::MqttConnected connected_;
};

}  // namespace vigie::app
