// Who subscribed and does not read, or reads slowly, costs the server little and nobody else
// anything: a neighbour on the same topic gets every command at once and answers it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <fstream>
#include <iostream>
#include <set>

#include "tests/e2e/support/device.hpp"
#include "tests/e2e/support/raw_device.hpp"

namespace vigie::e2e {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::mqtt::Qos;
using wire::mqtt::Version;

constexpr std::size_t mib = 1024UL * 1024;
constexpr const char* filter = "vigie/v1/+/commands";
constexpr std::size_t assets_count = 50;
// More than wait for one connection at most (1,000) and are on their way to it unacknowledged
// (100).
constexpr std::size_t orders_count = 1'500;
constexpr int little_receive_bytes = 4'096;
// Of each command, which is longer: so it falls ever further behind.
constexpr std::size_t slow_bytes_a_command = 64;
constexpr seconds heard_limit{30};
constexpr milliseconds prompt{1'000};
constexpr std::size_t growth_max = 32 * mib;

class SlowReaders : public testing::Test {
protected:
    void SetUp() override {
        city_.start();
        for (std::size_t i = 0; i < assets_count; ++i)
            codes_.push_back(fmt::format("AS-{:02}", i));
        city_.plant("air_station", codes_);
        city_.plant("light_point", {"ORDINARY"});
        gateway_ = city_.credential({{"name", "gateway"}, {"all_assets", true}});
        headers_ = city_.sign_in("operator");
        const auto me = exchange(city_.control(),
                                 {.target = "/api/v1/session", .body = {}, .headers = headers_});
        headers_["X-CSRF-Token"] = me.json().at("csrf_token");
        headers_["Content-Type"] = "application/json";
    }

    [[nodiscard]] std::size_t memory(const std::string& what) const {
        std::ifstream file(fmt::format("/proc/{}/status", city_.server_pid()));
        std::string word;
        std::size_t kib = 0;
        while (file >> word) {
            if (word == what) file >> kib;
        }
        return kib * 1024;
    }

    std::unique_ptr<RawDevice> subscribed(Version version, Qos qos, const std::string& client_id) {
        auto device = std::make_unique<RawDevice>(city_.mqtt_port(), gateway_, version, client_id,
                                                  little_receive_bytes);
        device->socket().send(subscribe_packet(version, filter, qos));
        const std::size_t size = version == Version::v5 ? 6 : 5;  // of a SUBACK
        const auto answer = device->socket().receive(size, heard_limit);
        EXPECT_EQ(answer.substr(0, 1), "\x90");
        EXPECT_EQ(answer.back(), static_cast<char>(qos));
        return device;
    }

    void join() {
        neighbour_ = std::make_unique<net::MqttClient>(io_.get_executor());
        neighbour_->on_message([this](const wire::mqtt::Publish& message) {
            const std::string id = nlohmann::json::parse(message.payload).at("id");
            heard_.insert(id);
            neighbour_->publish_soon({.topic = std::string(message.topic) + "/" + id + "/result",
                                      .payload = R"({"status":"done"})",
                                      .qos = Qos::at_least_once});
        });
        net::MqttClientSettings settings;
        settings.port = city_.mqtt_port();
        settings.client_id = "neighbour";
        settings.user_name = gateway_.user_name;
        settings.password = gateway_.password;
        ASSERT_TRUE(run_to_end(io_, neighbour_->connect(settings)).ok());
        run_to_end(io_, neighbour_->subscribe({{filter, Qos::at_least_once}}));
    }

    void order(const std::string& asset) {
        const auto answer =
            exchange(city_.control(), {.method = "POST",
                                       .target = "/api/v1/assets/" + asset + "/commands",
                                       .body = R"({"name":"report","expires_s":600})",
                                       .headers = headers_});
        EXPECT_EQ(answer.status, 201U) << answer.body;
        ordered_.insert(answer.json().value("id", ""));
    }
    // The neighbour has heard, and answered, all that was ordered.
    bool hears_all() {
        const auto work = boost::asio::make_work_guard(io_);
        const auto end = std::chrono::steady_clock::now() + heard_limit;
        io_.restart();
        while (heard_ != ordered_ || neighbour_->open() > 0) {
            if (std::chrono::steady_clock::now() > end) return false;
            io_.run_one_for(milliseconds{100});
        }
        return true;
    }

    int undone() const {
        return city_.sql("select count(*) from command where state <> 'done'")[0][0].as<int>();
    }

    void expect_prompt() {
        const auto began = std::chrono::steady_clock::now();
        Device device(city_.mqtt_port(), gateway_, Version::v5, "ordinary");
        EXPECT_TRUE(
            device.publish({Device::topic_of("ORDINARY"), R"({"values":{"power_w":40.5}})"}).ok());
        EXPECT_LT(std::chrono::steady_clock::now() - began, prompt);
    }

    Installation city_;
    std::vector<std::string> codes_;
    Secrets gateway_;
    std::map<std::string, std::string> headers_;
    boost::asio::io_context io_{1};
    std::unique_ptr<net::MqttClient> neighbour_;
    std::set<std::string> ordered_;
    std::set<std::string> heard_;
};

TEST_F(SlowReaders, OfCommandsCostLittleAndHoldUpNobody) {
    join();
    const auto deaf_acknowledging = subscribed(Version::v5, Qos::at_least_once, "deaf-1");
    const auto deaf = subscribed(Version::v3_1_1, Qos::at_most_once, "deaf-0");
    const auto slow = subscribed(Version::v3_1_1, Qos::at_most_once, "slow");
    order(codes_[0]);
    ASSERT_TRUE(hears_all());
    std::ofstream(fmt::format("/proc/{}/clear_refs", city_.server_pid())) << "5";
    const std::size_t before = memory("VmRSS:");

    std::string slowly_read;
    while (ordered_.size() < orders_count) {
        for (const auto& asset : codes_) {
            order(asset);
            slowly_read += slow->socket().receive(slow_bytes_a_command, heard_limit);
        }
        ASSERT_TRUE(hears_all()) << "after " << ordered_.size();
        expect_prompt();
    }
    const std::size_t peak = memory("VmHWM:");
    std::cout << fmt::format("{} commands, {} MiB more at the peak\n", ordered_.size(),
                             (peak - std::min(peak, before)) / mib);
    EXPECT_LT(peak - std::min(peak, before), growth_max);
    EXPECT_TRUE(until([this] { return undone() == 0; }, heard_limit)) << undone();

    // Who reads slowly has missed nothing, and gets each whole and once.
    std::vector<std::string> payloads;
    const auto end = std::chrono::steady_clock::now() + heard_limit;
    while (payloads.size() < ordered_.size() && std::chrono::steady_clock::now() < end) {
        take_publications(Version::v3_1_1, slowly_read, payloads);
        slowly_read += slow->socket().receive_some(milliseconds{100}).value_or("");
    }
    std::set<std::string> slowly_heard;
    for (const auto& payload : payloads)
        slowly_heard.insert(nlohmann::json::parse(payload).at("id").get<std::string>());
    EXPECT_EQ(payloads.size(), ordered_.size());
    EXPECT_EQ(slowly_heard, ordered_);
    neighbour_.reset();
    EXPECT_EQ(city_.stop(), 0) << "the deaf ones do not hold up the end";
}

}  // namespace
}  // namespace vigie::e2e
