// A session that was promised is there after a kill: Session Present is 1, and a client of either
// version finds its subscription.

#include <gtest/gtest.h>
#include <signal.h>

#include <iostream>

#include "tests/e2e/support/device.hpp"
#include "vigie/net/mqtt_client.hpp"

namespace vigie::e2e {
namespace {

using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;

constexpr int clients_count = 50;
constexpr int kills = 5;

class Sessions : public testing::Test {
protected:
    void SetUp() override {
        city_.start();
        gateway_ = city_.credential({{"name", "gateway"}, {"all_assets", true}});
    }
    [[nodiscard]] net::MqttClientSettings settings(int number) const {
        net::MqttClientSettings settings;
        settings.port = city_.mqtt_port();
        settings.version = number % 2 == 0 ? Version::v5 : Version::v3_1_1;
        settings.client_id = "device-" + std::to_string(number);
        settings.user_name = gateway_.user_name;
        settings.password = gateway_.password;
        settings.clean_start = false;
        settings.session_expiry_s = 3'600;
        return settings;
    }
    // How many clients were told that their session is present. Each subscribes to something new,
    // and the server is killed after the last SUBACK.
    int play(int round) {
        std::vector<std::unique_ptr<net::MqttClient>> clients;
        int present = 0;
        for (int i = 0; i < clients_count; ++i) {
            auto& client =
                *clients.emplace_back(std::make_unique<net::MqttClient>(io_.get_executor()));
            const auto connected = run_to_end(io_, client.connect(settings(i)));
            EXPECT_TRUE(connected.ok());
            if (connected.ok() && connected->session_present) ++present;
            const std::string filter = "vigie/v1/A" + std::to_string(round) + "/commands";
            EXPECT_EQ(run_to_end(io_, client.subscribe({{filter, Qos::at_least_once}})),
                      std::vector<Reason>{Reason::granted_qos_1});
        }
        kill(city_.server_pid(), SIGKILL);
        return present;
    }

    Installation city_;
    Secrets gateway_;
    boost::asio::io_context io_{1};
};

TEST_F(Sessions, AKillForgetsNone) {
    for (int round = 0; round < kills; ++round) {
        const int known = round == 0 ? 0 : clients_count;
        const int present = play(round);
        ASSERT_TRUE(city_.wait_until_dead(std::chrono::seconds{60}));
        ASSERT_TRUE(city_.database_runs());
        // Every SUBACK that was seen is a subscription in a row.
        const auto kept = city_.sql(
            "select count(*), sum(jsonb_array_length(subscriptions)) from "
            "session")[0];
        std::cout << "kill " << round + 1 << ": " << present << " of " << known
                  << " sessions present, " << kept[1].as<int>() << " subscriptions kept\n";
        EXPECT_EQ(present, known);
        EXPECT_EQ(kept[0].as<int>(), clients_count);
        EXPECT_EQ(kept[1].as<int>(), clients_count * (round + 1));
        city_.start();
    }
    EXPECT_EQ(city_.stop(), 0);
}

}  // namespace
}  // namespace vigie::e2e
