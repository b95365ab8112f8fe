// Law 1 and 2 together: the same day sent three times, each time in another order and by another
// way, gives the table of the first time.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <random>

#include "tests/e2e/support/found.hpp"

namespace vigie::e2e {
namespace {

constexpr std::size_t day_messages = 6'000;
constexpr std::size_t day_assets = 25;
constexpr std::size_t request_messages = 200;

class SameDay : public testing::Test {
protected:
    void SetUp() override {
        for (std::size_t i = 0; i < day_assets; ++i)
            codes_.push_back(fmt::format("LP-{:04}", i));
        day_.emplace(codes_,
                     std::chrono::floor<std::chrono::hours>(base::SystemClock{}.now()) -
                         std::chrono::hours{24},
                     std::chrono::minutes{6});
        city_.start();
        city_.plant("light_point", codes_);
        gateway_ = city_.credential({{"name", "gateway"}, {"all_assets", true}});
        for (std::size_t number = 0; number < day_messages; ++number)
            order_.push_back(number);
    }

    void send_by_mqtt(wire::mqtt::Version version) {
        Device device(city_.mqtt_port(), gateway_, version, "gateway");
        std::vector<Device::Message> messages;
        for (const std::size_t number : order_)
            messages.push_back(day_->message(number));
        EXPECT_TRUE(device.publish_all(messages).empty());
    }

    void send_by_http() {
        const std::string who = gateway_.user_name + ":" + gateway_.password;
        for (std::size_t first = 0; first < order_.size(); first += request_messages) {
            std::string lines;
            for (std::size_t i = first; i < first + request_messages; ++i) {
                std::string payload = day_->payload(order_[i]);
                payload.insert(1, fmt::format(R"("asset":"{}",)", day_->asset(order_[i])));
                lines += payload + "\n";
            }
            const auto answer = exchange(city_.device_http(),
                                         {.method = "POST",
                                          .target = "/ingest/v1/observations",
                                          .body = lines,
                                          .headers = {{"Content-Type", "application/x-ndjson"},
                                                      {"Authorization", "Basic " + base64(who)}}});
            ASSERT_EQ(answer.status, 200U) << answer.body;
        }
    }

    void shuffle() { std::ranges::shuffle(order_, random_); }

    // Every byte of the table, the arrival included.
    [[nodiscard]] std::string table() const {
        return city_
            .sql(
                "select count(*) || ':' || md5(string_agg(asset_id || ' ' || observed_at || ' ' || "
                "received_at || ' ' || layout || ' ' || vals::text, ',' order by asset_id, "
                "observed_at)) from frame")[0][0]
            .as<std::string>();
    }

    Installation city_;
    std::vector<std::string> codes_;
    std::optional<Numbered> day_;
    Secrets gateway_;
    std::vector<std::size_t> order_;
    std::mt19937_64 random_;
};

TEST_F(SameDay, ThreeTimesShuffledByMqttAndHttpGivesIdenticalTables) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    random_.seed(seed);
    shuffle();
    send_by_mqtt(wire::mqtt::Version::v5);
    const std::string once = table();
    const Found found = look(city_, *day_, {0, day_messages});
    EXPECT_EQ(found.rows, day_messages);
    EXPECT_EQ(found.wrong + found.strangers + found.doubles, 0U);
    EXPECT_EQ(found.lost(std::vector<bool>(day_messages, true)), 0U);
    shuffle();
    send_by_http();
    EXPECT_EQ(table(), once) << "received_at keeps the earliest";
    shuffle();
    send_by_mqtt(wire::mqtt::Version::v3_1_1);
    EXPECT_EQ(table(), once);
    EXPECT_EQ(city_.sql("select count(*) from quarantine")[0][0].as<std::size_t>(), 0U);
}

}  // namespace
}  // namespace vigie::e2e
