// A session that was promised is there after a kill: Session Present is 1, and a client of either
// version finds its subscription, the commands that waited for it, each once and none late, and its
// messages of QoS 2 stored once.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/e2e/support/device.hpp"
#include "tests/e2e/support/socket.hpp"
#include "vigie/net/mqtt_client.hpp"
#include "vigie/wire/mqtt/packets.hpp"

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
    std::vector<std::string> codes;
    for (int round = 0; round < kills; ++round)
        codes.push_back("A" + std::to_string(round));
    city_.plant("air_station", codes);
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

class SessionCommands : public Sessions {
protected:
    void SetUp() override {
        Sessions::SetUp();
        city_.plant("air_station", {"AS-1", "AS-2", "AS-3"});
        headers_ = city_.sign_in("operator");
        const auto me = exchange(city_.control(),
                                 {.target = "/api/v1/session", .body = {}, .headers = headers_});
        headers_["X-CSRF-Token"] = me.json().at("csrf_token");
        headers_["Content-Type"] = "application/json";
    }
    std::string order(const std::string& asset, int expires_s) {
        const nlohmann::json body{{"name", "report"}, {"expires_s", expires_s}};
        const auto answer =
            exchange(city_.control(), {.method = "POST",
                                       .target = "/api/v1/assets/" + asset + "/commands",
                                       .body = body.dump(),
                                       .headers = headers_});
        EXPECT_EQ(answer.status, 201U) << answer.body;
        return answer.json().value("id", "0");
    }
    std::string state(const std::string& id) const {
        return city_.sql("select state from command where id = " + id)[0][0].as<std::string>();
    }
    bool becomes(const std::string& id, const std::string& wanted) const {
        return until([&] { return state(id) == wanted; }, std::chrono::seconds{60});
    }
    bool join(int number) {
        client_ = std::make_unique<net::MqttClient>(io_.get_executor());
        client_->on_message([this](const wire::mqtt::Publish& message) {
            heard_.push_back(nlohmann::json::parse(message.payload).at("id"));
        });
        const auto connected = run_to_end(io_, client_->connect(settings(number)));
        EXPECT_TRUE(connected.ok());
        return connected.ok() && connected->session_present;
    }
    // False when it is not heard within a minute.
    bool hears(const std::string& id) {
        const auto work = boost::asio::make_work_guard(io_);
        const auto end = std::chrono::steady_clock::now() + std::chrono::minutes{1};
        const auto has = [&] { return std::ranges::find(heard_, id) != heard_.end(); };
        io_.restart();
        while (!has() && std::chrono::steady_clock::now() < end)
            io_.run_one_for(std::chrono::milliseconds{100});
        return has();
    }
    void kill_and_start() {
        kill(city_.server_pid(), SIGKILL);
        ASSERT_TRUE(city_.wait_until_dead(std::chrono::seconds{60}));
        city_.start();
    }
    bool answer(const std::string& asset, const std::string& id) {
        return run_to_end(io_, client_->publish("vigie/v1/" + asset + "/commands/" + id + "/result",
                                                R"({"status":"done"})", Qos::at_least_once))
            .ok();
    }

    std::map<std::string, std::string> headers_;
    std::unique_ptr<net::MqttClient> client_;
    std::vector<std::string> heard_;
};

TEST_F(SessionCommands, GoOutOnceAfterAKillAndNeverLate) {
    for (int round = 0; round < 4; ++round) {  // 5.0 and 3.1.1 by turns
        SCOPED_TRACE(round);
        heard_.clear();
        join(round);
        run_to_end(io_, client_->subscribe({{"vigie/v1/+/commands", Qos::at_least_once}}));
        const auto seen = order("AS-3", 600);
        EXPECT_TRUE(hears(seen));
        client_.reset();
        EXPECT_TRUE(until([&] { return city_.figure("vigie_mqtt_connections") == 0; },
                          std::chrono::seconds{60}));
        const auto waits = order("AS-1", 600);
        const auto over = order("AS-2", 1);
        kill_and_start();
        EXPECT_TRUE(becomes(over, "expired"));
        heard_.clear();
        EXPECT_TRUE(join(round)) << "the session is present";
        EXPECT_TRUE(hears(waits));
        // With its PUBACK on the way, or not.
        kill_and_start();
        EXPECT_TRUE(join(round));
        const auto last = order("AS-2", 600);
        EXPECT_TRUE(hears(last));
        EXPECT_EQ(heard_, (std::vector<std::string>{waits, last})) << "each once, and nothing late";
        for (const auto& [asset, id] :
             {std::pair{"AS-1", waits}, std::pair{"AS-2", last}, std::pair{"AS-3", seen}}) {
            EXPECT_TRUE(answer(asset, id));
            EXPECT_EQ(state(id), "done");
        }
        client_.reset();
    }
    EXPECT_EQ(city_.stop(), 0);
}

// A message of QoS 2 that says nothing of when it is, as bytes: whether it is sent again is ours.
class ExactlyOnce : public Sessions, public testing::WithParamInterface<Version> {
protected:
    void SetUp() override {
        Sessions::SetUp();
        city_.plant("air_station", {"AS-1"});
    }
    // Session Present.
    bool join() {
        wire::mqtt::Connect connect;
        connect.version = GetParam();
        connect.client_id = "device";
        connect.clean_start = false;
        connect.user_name = gateway_.user_name;
        connect.password = gateway_.password;
        wire::mqtt::Properties properties;
        if (GetParam() == Version::v5)
            properties.number(wire::mqtt::PropertyId::session_expiry_interval, 3'600);
        connect.properties = properties.view();
        socket_ = std::make_unique<Socket>(city_.mqtt_port());
        send(connect);
        const std::string head = socket_->receive(2, patience);
        const std::string body =
            head.size() == 2 ? socket_->receive(static_cast<unsigned char>(head[1]), patience) : "";
        EXPECT_TRUE(body.size() >= 2 && body[1] == 0) << "not let in";
        return !body.empty() && body[0] == 1;
    }
    void publish(double pm10, bool dup) {
        const std::string payload = nlohmann::json{{"values", {{"pm10_ugm3", pm10}}}}.dump();
        wire::mqtt::Publish message;
        message.topic = "vigie/v1/AS-1/observations";
        message.payload = payload;
        message.qos = Qos::exactly_once;
        message.packet_id = 1;
        message.dup = dup;
        send(message);
    }
    void expect(wire::mqtt::PacketType type) {
        const std::string answer = socket_->receive(4, patience);
        ASSERT_EQ(answer.size(), 4U);
        EXPECT_EQ(static_cast<unsigned char>(answer[0]) >> 4U, static_cast<unsigned>(type));
        EXPECT_EQ(answer.substr(1), std::string("\x02\x00\x01", 3)) << "with success";
    }
    void release() {
        send(wire::mqtt::Ack{wire::mqtt::PacketType::pubrel, 1, Reason::success});
        expect(wire::mqtt::PacketType::pubcomp);
    }
    bool stored(int wanted) const {
        return until(
            [&] { return city_.sql("select count(*) from frame")[0][0].as<int>() == wanted; },
            std::chrono::seconds{60});
    }
    void kill_and_start() {
        kill(city_.server_pid(), SIGKILL);
        ASSERT_TRUE(city_.wait_until_dead(std::chrono::seconds{60}));
        city_.start();
    }

    // Until the server knows.
    void freeze_database() {
        city_.signal_database(SIGSTOP);
        const auto knows = [this] {
            return city_.admin_get("/admin/v1/status")
                       .at("ingestion")
                       .at("database_silent_ms")
                       .get<int>() >= 1'500;
        };
        ASSERT_TRUE(until(knows, std::chrono::seconds{60}));
    }
    void kill_thaw_and_start() {
        const auto database = city_.database_pids();
        kill(city_.server_pid(), SIGKILL);
        ASSERT_TRUE(city_.wait_until_dead(std::chrono::seconds{60}));
        for (const pid_t pid : database)
            kill(pid, SIGCONT);
        city_.start();
    }
    bool spool_empties() const {
        return until([this] { return city_.figure("vigie_spool_bytes") == 0; },
                     std::chrono::seconds{60});
    }

private:
    static constexpr std::chrono::seconds patience{20};
    template <typename Packet>
    void send(const Packet& packet) {
        std::string bytes;
        if constexpr (std::is_same_v<Packet, wire::mqtt::Connect>) {
            wire::mqtt::encode(packet, bytes);
        } else {
            wire::mqtt::encode(packet, GetParam(), bytes);
        }
        ASSERT_TRUE(socket_->send(bytes));
    }
    std::unique_ptr<Socket> socket_;
};

TEST_P(ExactlyOnce, IsStoredOnceAndIsSomethingNewAfterItsRelease) {
    join();
    publish(1, false);
    ASSERT_TRUE(stored(1));
    kill_and_start();
    EXPECT_TRUE(join());
    publish(1, true);  // as if its PUBREC had got lost
    expect(wire::mqtt::PacketType::pubrec);
    kill_and_start();
    EXPECT_TRUE(join());
    publish(1, true);
    expect(wire::mqtt::PacketType::pubrec);
    EXPECT_TRUE(stored(1));
    release();
    publish(2, false);
    ASSERT_TRUE(stored(2));
    kill_and_start();
    EXPECT_TRUE(join());
    publish(2, true);
    expect(wire::mqtt::PacketType::pubrec);
    release();
    EXPECT_TRUE(stored(2));
    EXPECT_EQ(city_.stop(), 0);
}

// What is remembered, and what is released, lies in the spool then.
TEST_P(ExactlyOnce, IsStoredOnceAlsoIfTheServerIsKilledWhileTheDatabaseIsAway) {
    join();
    freeze_database();
    publish(1, false);
    expect(wire::mqtt::PacketType::pubrec);
    kill_thaw_and_start();
    EXPECT_TRUE(join());
    publish(1, true);
    expect(wire::mqtt::PacketType::pubrec);
    ASSERT_TRUE(spool_empties());
    EXPECT_TRUE(stored(1));
    freeze_database();
    release();
    kill_thaw_and_start();
    EXPECT_TRUE(join());
    publish(1, true);  // its identifier is free: another one that looks the same
    expect(wire::mqtt::PacketType::pubrec);
    EXPECT_TRUE(stored(2));
    release();
    EXPECT_EQ(city_.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(BothVersions, ExactlyOnce, testing::Values(Version::v3_1_1, Version::v5));

// Half of the devices keep their session, the others have a row for their will alone.
class Wills : public Sessions {
protected:
    void SetUp() override {
        Sessions::SetUp();
        for (int i = 0; i < clients_count; ++i)
            codes_.push_back("CAM-" + std::to_string(i));
        city_.plant("camera", codes_);
    }
    void join(int number) {
        auto how = settings(number);
        how.clean_start = number % 4 < 2;
        if (how.clean_start) how.session_expiry_s = 0;
        how.will = net::MqttClientWill{
            .topic = "vigie/v1/" + codes_.at(static_cast<std::size_t>(number)) + "/observations",
            .payload = R"({"values":{"online":false}})"};
        auto& client =
            *clients_.emplace_back(std::make_unique<net::MqttClient>(io_.get_executor()));
        ASSERT_TRUE(run_to_end(io_, client.connect(how)).ok());
    }
    [[nodiscard]] int count(const std::string& what) const {
        return city_.sql("select count(*) from " + what)[0][0].as<int>();
    }
    bool becomes(const std::string& what, int wanted) const {
        return until([&] { return count(what) == wanted; }, std::chrono::seconds{60});
    }

    std::vector<std::string> codes_;
    std::vector<std::unique_ptr<net::MqttClient>> clients_;
};

TEST_F(Wills, OutliveAKill) {
    for (int i = 0; i < clients_count; ++i)
        join(i);
    for (int i = 0; i < clients_count; i += 5)
        run_to_end(io_, [](net::MqttClient& one) -> boost::asio::awaitable<int> {
            co_await one.disconnect();
            co_return 0;
        }(*clients_.at(static_cast<std::size_t>(i))));
    constexpr int left = clients_count - clients_count / 5;
    ASSERT_TRUE(becomes("session where will is not null", left)) << "without waiting for it";
    EXPECT_EQ(count("frame"), 0);
    kill(city_.server_pid(), SIGKILL);
    ASSERT_TRUE(city_.wait_until_dead(std::chrono::seconds{60}));
    city_.start();
    ASSERT_TRUE(becomes("session where will is not null", 0));
    EXPECT_EQ(count("frame"), left);
    EXPECT_EQ(count("(select distinct asset_id from frame) as assets"), left);
    EXPECT_TRUE(becomes("alarm where active and rule = 'offline'", left));
    kill(city_.server_pid(), SIGKILL);
    ASSERT_TRUE(city_.wait_until_dead(std::chrono::seconds{60}));
    city_.start();
    EXPECT_EQ(city_.stop(), 0);
    city_.start();
    EXPECT_EQ(count("frame"), left) << "once";
    EXPECT_EQ(city_.stop(), 0);
}

}  // namespace
}  // namespace vigie::e2e
