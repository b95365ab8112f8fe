// What a credential may send, and how soon it may no longer: the whole server, over its sockets,
// with the clock in our hands.
#include <gmock/gmock.h>
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

#include "tests/support/pgtest_database.hpp"
#include "vigie/app/server.hpp"
#include "vigie/assets/asset_store.hpp"
#include "vigie/assets/kind_files.hpp"
#include "vigie/assets/kind_store.hpp"
#include "vigie/ingest/credentials.hpp"
#include "vigie/net/mqtt_client.hpp"

namespace vigie::app {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;
using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;

constexpr auto patience = 20s;
constexpr const char* one_value = R"({"values":{"power_w":41}})";

std::string base64(std::string_view text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 3) {
        unsigned bits = 0;
        for (std::size_t k = 0; k < 3; ++k)
            bits = bits << 8U | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0);
        for (unsigned k = 0; k < 4; ++k)
            out += i + k > text.size() ? '=' : digits[bits >> (18 - 6 * k) & 63U];
    }
    return out;
}

// One connected device, and what became of it.
struct Device {
    explicit Device(asio::io_context& io) : client(io.get_executor()) {
        client.on_closed([this](std::optional<Reason> by_server) {
            closed = true;
            reason = by_server;
        });
    }
    net::MqttClient client;
    std::size_t acknowledged{};
    std::size_t refused{};
    bool closed{};
    std::optional<Reason> reason;
};

class DeviceLimits : public testing::TestWithParam<Version> {
protected:
    DeviceLimits() {
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
    ~DeviceLimits() override {
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
                    ingest::CredentialLimits limits = {}) {
        const auto made = pool_.write_now([&](store::Transaction& tx) {
            return elsewhere_.create(tx, *catalogue_, {{name, {asset}, "", false, false, limits}},
                                     true);
        });
        secrets_[name] = made->front().secret;
    }

    template <typename Predicate>
    bool run_until(Predicate done) {
        const auto end = std::chrono::steady_clock::now() + patience;
        const auto work = asio::make_work_guard(io_);
        while (!done()) {
            if (std::chrono::steady_clock::now() > end) {
                ADD_FAILURE() << "it did not come to that";
                return false;
            }
            io_.restart();
            io_.run_one_for(5ms);
        }
        return true;
    }
    bool connect(Device& device, const std::string& name) {
        std::optional<bool> ok;
        asio::co_spawn(
            io_,
            [](Device& one, net::MqttClientSettings how,
               net::MqttConnected& out) -> asio::awaitable<bool> {
                auto answer = co_await one.client.connect(std::move(how));
                if (answer) out = *answer;
                co_return answer.ok();
            }(device,
                                        {.port = server_->ports().mqtt,
                                         .version = GetParam(),
                                         .client_id = name,
                                         .user_name = name,
                                         .password = secrets_.at(name),
                                         .in_flight_max = 1'000},
                                        connected_),
            [&ok](const std::exception_ptr& failed, bool value) { ok = !failed && value; });
        run_until([&ok] { return ok.has_value(); });
        return ok.value_or(false);
    }
    void publish(Device& device, const std::string& asset, int count, Qos qos = Qos::at_least_once,
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
        asio::write(socket, asio::buffer(request));
        std::string answer;
        boost::system::error_code end;
        asio::read(socket, asio::dynamic_buffer(answer), end);
        return answer;
    }
    std::string ask(std::uint16_t port, const std::string& request) {
        asio::ip::tcp::socket socket(io_);
        socket.connect({asio::ip::address_v4::loopback(), port});
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
    asio::io_context io_;
    net::MqttConnected connected_;
};

TEST_P(DeviceLimits, SlowTheOneAboveItsRateAndNotItsNeighbour) {
    credential("flood", "LP-1", {.messages_per_s = 10, .messages_burst = 20});
    credential("calm", "LP-2");
    start();
    Device flood(io_);
    Device calm(io_);
    ASSERT_TRUE(connect(flood, "flood"));
    ASSERT_TRUE(connect(calm, "calm"));
    publish(flood, "LP-1", 100);
    ASSERT_TRUE(run_until([&] { return flood.acknowledged == 20; }));
    for (int i = 0; i < 10; ++i) {
        const std::size_t before = calm.acknowledged;
        publish(calm, "LP-2", 20);
        ASSERT_TRUE(run_until([&] { return calm.acknowledged == before + 20; }));
    }
    EXPECT_EQ(flood.acknowledged, 20U) << "not one more while the clock stands still";
    EXPECT_GE(figure("vigie_mqtt_slowed_total"), 1);
    clock_.advance(1s);
    ASSERT_TRUE(run_until([&] { return flood.acknowledged == 30; }));
    EXPECT_THAT(post("flood", observation_of("LP-1", 100)), StartsWith("HTTP/1.1 429"))
        << "one allowance for all that a credential sends";
    EXPECT_THAT(post("calm", observation_of("LP-2", 100)), StartsWith("HTTP/1.1 200"));
    ASSERT_TRUE(run_until([&] { return flood.acknowledged == 30; }));
    clock_.advance(7s);
    EXPECT_TRUE(run_until([&] { return flood.closed || flood.acknowledged == 50; }));
}

TEST_P(DeviceLimits, OweTheValuesOfALargeMessage) {
    credential("gateway", "LP-1", {.values_per_s = 10});
    start();
    Device gateway(io_);
    ASSERT_TRUE(connect(gateway, "gateway"));
    std::string many = "[";
    for (int i = 0; i < 150; ++i)
        many += std::string(i == 0 ? "" : ",") + one_value;
    publish(gateway, "LP-1", 1, Qos::at_least_once, many + "]");
    publish(gateway, "LP-1", 1);
    ASSERT_TRUE(run_until([&] { return gateway.acknowledged == 1; }));
    EXPECT_THAT(post("gateway", observation_of("LP-1", 100)), HasSubstr("Retry-After: 6\r\n"))
        << "a burst of 100, 50 owed: 5.1 seconds to the next value";
    EXPECT_EQ(gateway.acknowledged, 1U);
    clock_.advance(5'100ms);
    EXPECT_TRUE(run_until([&] { return gateway.closed || gateway.acknowledged == 2; }));
}

TEST_P(DeviceLimits, DropQosZeroAboveTheRate) {
    credential("flood", "LP-1", {.messages_per_s = 10, .messages_burst = 20});
    start();
    Device flood(io_);
    ASSERT_TRUE(connect(flood, "flood"));
    publish(flood, "LP-1", 100, Qos::at_most_once);
    EXPECT_TRUE(run_until([&] { return figure("vigie_mqtt_dropped_above_rate_total") == 80; }));
    EXPECT_EQ(figure("vigie_mqtt_slowed_total"), 0) << "it reads on: what is lost is lost";
    EXPECT_TRUE(flood.client.is_connected());
}

TEST_P(DeviceLimits, EndWhoStaysAboveTheRateAndTakeItBackAfterAPause) {
    credential("flood", "LP-1", {.messages_per_s = 10, .messages_burst = 20});
    start();
    Device flood(io_);
    ASSERT_TRUE(connect(flood, "flood"));
    publish(flood, "LP-1", 1'000);
    ASSERT_TRUE(run_until([&] { return flood.acknowledged == 20; }));
    for (std::size_t i = 1; i < 10; ++i) {
        clock_.advance(500ms);
        ASSERT_TRUE(run_until([&] { return flood.acknowledged == 20 + 5 * i; }));
    }
    EXPECT_FALSE(flood.closed) << "4.5 seconds are borne";
    clock_.advance(600ms);
    ASSERT_TRUE(run_until([&] { return flood.closed; }));
    if (GetParam() == Version::v5) EXPECT_EQ(flood.reason, Reason::message_rate_too_high);
    EXPECT_FALSE(connect(flood, "flood"));
    EXPECT_EQ(flood.client.refused_with(),
              GetParam() == Version::v5 ? Reason::quota_exceeded : Reason::server_unavailable);
    EXPECT_THAT(post("flood", observation_of("LP-1", 100)), StartsWith("HTTP/1.1 429"));
    clock_.advance(10s);
    ASSERT_TRUE(connect(flood, "flood"));
    flood.acknowledged = 0;
    publish(flood, "LP-1", 1);
    EXPECT_TRUE(run_until([&] { return flood.acknowledged == 1; }));
}

TEST_P(DeviceLimits, HoldTheSizeAtNAndNPlusOne) {
    credential("small", "LP-1", {.message_bytes_max = 1'000});
    start();
    EXPECT_THAT(post("small", observation_of("LP-1", 1'000)), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(post("small", observation_of("LP-1", 1'001)), StartsWith("HTTP/1.1 413"));
    Device small(io_);
    ASSERT_TRUE(connect(small, "small"));
    if (GetParam() == Version::v5) {
        EXPECT_EQ(connected_.packet_bytes_max, 1'000U) << "told at CONNACK";
        return;  // our own client keeps to it; MqttServerConnection tries one that does not
    }
    // One byte of type, two of length, two and the topic, two of the packet identifier.
    const std::string topic = "vigie/v1/LP-1/observations";
    std::string payload = one_value;
    payload.resize(1'000 - 7 - topic.size(), ' ');
    publish(small, "LP-1", 1, Qos::at_least_once, payload);
    ASSERT_TRUE(run_until([&] { return small.acknowledged == 1; }));
    publish(small, "LP-1", 1, Qos::at_least_once, payload + " ");
    EXPECT_TRUE(run_until([&] { return small.closed; }));
}

TEST_P(DeviceLimits, CutARevokedCredentialWhoeverRevokedIt) {
    for (const char* name : {"by_row", "by_replacement", "by_route", "stays"})
        credential(name, "LP-1");
    start();
    Device by_row(io_);
    Device by_replacement(io_);
    Device by_route(io_);
    Device stays(io_);
    ASSERT_TRUE(connect(by_row, "by_row"));
    ASSERT_TRUE(connect(by_replacement, "by_replacement"));
    ASSERT_TRUE(connect(by_route, "by_route"));
    ASSERT_TRUE(connect(stays, "stays"));

    asio::local::stream_protocol::socket admin(io_);
    admin.connect({server_->ports().admin_socket});
    EXPECT_THAT(converse(admin,
                         "POST /admin/v1/credentials/by_route/revoke HTTP/1.1\r\nHost: x\r\n"
                         "Connection: close\r\nContent-Length: 0\r\n\r\n"),
                StartsWith("HTTP/1.1 200"));
    ASSERT_TRUE(run_until([&] { return by_route.closed; }));

    change("update credential set revoked_at = now() where name = 'by_row'");
    credential("by_replacement", "LP-1");
    clock_.advance(ingest::Credentials::looked_at_every);  // and of five seconds three are left
    ASSERT_TRUE(run_until([&] { return by_row.closed && by_replacement.closed; }));
    if (GetParam() == Version::v5) {
        for (const Device* each : {&by_row, &by_replacement, &by_route})
            EXPECT_EQ(each->reason, Reason::administrative_action);
    }
    EXPECT_FALSE(connect(by_row, "by_row"));
    EXPECT_TRUE(connect(by_replacement, "by_replacement")) << "with its new secret";
    EXPECT_FALSE(stays.closed);
}

TEST_P(DeviceLimits, ForgetWhatWasTakenAwayAndLearnWhatWasGiven) {
    credential("gateway", "LP-1");
    start();
    Device gateway(io_);
    ASSERT_TRUE(connect(gateway, "gateway"));
    publish(gateway, "LP-1", 1);
    ASSERT_TRUE(run_until([&] { return gateway.acknowledged == 1; }));
    change("update credential_asset set asset_id = (select id from asset where code = 'LP-2')");
    clock_.advance(ingest::Credentials::looked_at_every);
    // 3.1.1 has no word for a refusal: what was refused is counted.
    ASSERT_TRUE(run_until([&] {
        publish(gateway, "LP-1", 1);
        return gateway.refused > 0 || figure("vigie_ingest_refused_total") > 0;
    }));
    const double refused = figure("vigie_ingest_refused_total");
    EXPECT_THAT(post("gateway", observation_of("LP-1", 100)), StartsWith("HTTP/1.1 403"));
    EXPECT_THAT(post("gateway", observation_of("LP-2", 100)), StartsWith("HTTP/1.1 200"));
    EXPECT_GE(figure("vigie_ingest_refused_total"), refused + 1);
    EXPECT_FALSE(gateway.closed) << "it is still who it says";
}

INSTANTIATE_TEST_SUITE_P(Mqtt, DeviceLimits, testing::Values(Version::v3_1_1, Version::v5),
                         [](const auto& version) {
                             return version.param == Version::v5 ? "v5" : "v3_1_1";
                         });

}  // namespace
}  // namespace vigie::app
