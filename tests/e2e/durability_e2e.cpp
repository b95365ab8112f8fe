// Law 1: an acknowledgement is a promise. vigied is killed in the middle of a burst, again and
// again; what it had acknowledged is there after the restart, once, and right.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "tests/e2e/support/found.hpp"

namespace vigie::e2e {
namespace {

using wire::mqtt::Qos;
using wire::mqtt::Version;

constexpr std::size_t burst_messages = 20'000;
constexpr std::size_t acknowledged_min = 1'000;
constexpr std::size_t unacknowledged_min = 1'000;
constexpr std::size_t connections = 4;

enum class Speaker { ours, mosquitto_pub };

struct Round {
    int number{};
    Version version{};
    Qos qos{};
    Speaker speaker{};
    bool shuffled{};  // event times not in order: the writers merge instead of copying

    [[nodiscard]] std::size_t first() const {
        return static_cast<std::size_t>(number - 1) * burst_messages;
    }
    // Each round is killed later in its burst than the one before.
    [[nodiscard]] std::size_t kill_at() const {
        return acknowledged_min + static_cast<std::size_t>(number - 1) * 1'300;
    }
    // What is sent in place `place` of the burst.
    [[nodiscard]] std::size_t message_at(std::size_t place) const {
        return first() + (shuffled ? place * 7'919 % burst_messages : place);
    }
};

struct Outcome {
    std::vector<bool> acknowledged = std::vector<bool>(burst_messages);  // by number in the round
    [[nodiscard]] std::size_t count() const {
        return static_cast<std::size_t>(std::ranges::count(acknowledged, true));
    }
    [[nodiscard]] std::size_t first() const {
        return static_cast<std::size_t>(
            std::distance(acknowledged.begin(), std::ranges::find(acknowledged, true)));
    }
};

std::vector<std::string> codes(const std::string& prefix, std::size_t count) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i)
        all.push_back(fmt::format("{}-{:04}", prefix, i));
    return all;
}

class Durability : public testing::Test {
protected:
    void SetUp() override {
        city_.start();
        city_.plant("light_point", assets_);
        city_.plant("light_point", {foreign_.asset(0)});
        gateway_ = city_.credential({{"name", "gateway"}, {"all_assets", true}});
    }

    [[nodiscard]] net::MqttClientSettings settings(const Round& round, std::size_t line) const {
        net::MqttClientSettings settings;
        settings.port = city_.mqtt_port();
        settings.version = round.version;
        settings.client_id = fmt::format("gateway-{}", line);
        settings.user_name = gateway_.user_name;
        settings.password = gateway_.password;
        settings.queued_max = burst_messages;
        settings.in_flight_max = 1'000;
        return settings;
    }

    // Our own client, on several connections; an asset stays with one of them.
    Outcome burst_of_ours(const Round& round) {
        Outcome outcome;
        boost::asio::io_context io(1);
        std::vector<std::unique_ptr<net::MqttClient>> clients;
        std::size_t open = connections;
        for (std::size_t line = 0; line < connections; ++line) {
            auto client = std::make_unique<net::MqttClient>(io.get_executor());
            client->on_closed([&open](auto) { --open; });
            EXPECT_TRUE(run_to_end(io, client->connect(settings(round, line))).ok());
            clients.push_back(std::move(client));
        }
        std::size_t acknowledged = 0;
        for (std::size_t place = 0; place < burst_messages; ++place) {
            const std::size_t number = round.message_at(place);
            const auto message = numbered_.message(number);
            const auto heard = [&, number](const net::MqttAcknowledgement& acknowledgement) {
                if (!acknowledgement.ok()) return;
                outcome.acknowledged[number - round.first()] = true;
                if (++acknowledged == round.kill_at()) kill(city_.server_pid(), SIGKILL);
            };
            EXPECT_TRUE(clients[number % connections]->publish_soon(
                {.topic = message.topic, .payload = message.payload, .qos = round.qos}, heard));
        }
        io.restart();
        while (open > 0)
            io.run_one();
        return outcome;
    }

    // A client we did not write: the n-th line it reads is the message with identifier n. At QoS 2
    // the promise is PUBREC.
    Outcome burst_of_mosquitto(const Round& round) {
        const auto file = city_.folder() / "burst.ndjson";
        {
            std::ofstream lines(file);
            for (std::size_t place = 0; place < burst_messages; ++place)
                lines << foreign_.payload(round.message_at(place)) << "\n";
        }
        Outcome outcome;
        std::size_t acknowledged = 0;
        const std::string_view promise =
            round.qos == Qos::exactly_once ? "received PUBREC (Mid: " : "received PUBACK (Mid: ";
        const auto heard = [&](const std::string& line) {
            const auto at = line.find(promise);
            if (at == std::string::npos) return;
            const std::size_t place = std::stoul(line.substr(at + promise.size())) - 1;
            outcome.acknowledged.at(round.message_at(place) - round.first()) = true;
            if (++acknowledged == round.kill_at()) kill(city_.server_pid(), SIGKILL);
        };
        Program publisher({"stdbuf",
                           "-oL",
                           "mosquitto_pub",
                           "-d",
                           "-l",
                           "-M",
                           "1000",
                           "-h",
                           "127.0.0.1",
                           "-p",
                           std::to_string(city_.mqtt_port()),
                           "-u",
                           gateway_.user_name,
                           "-P",
                           gateway_.password,
                           "-i",
                           "foreign",
                           "-V",
                           round.version == Version::v5 ? "mqttv5" : "mqttv311",
                           "-q",
                           std::to_string(static_cast<int>(round.qos)),
                           "-t",
                           Device::topic_of(foreign_.asset(0))},
                          heard, file);
        EXPECT_TRUE(city_.wait_until_dead(std::chrono::seconds{120}));
        EXPECT_TRUE(publisher.send_and_wait(SIGTERM, std::chrono::seconds{60}));
        return outcome;
    }

    [[nodiscard]] const Numbered& numbered(const Round& round) const {
        return round.speaker == Speaker::ours ? numbered_ : foreign_;
    }

    [[nodiscard]] Found look_at(const Round& round) const {
        return look(city_, numbered(round), {round.first(), burst_messages});
    }

    // As a device does that kept what it has no answer for.
    void send_again(const Round& round, const Outcome& outcome) {
        Device device(city_.mqtt_port(), gateway_, round.version, "again");
        std::vector<Device::Message> messages;
        for (std::size_t i = 0; i < burst_messages; ++i) {
            if (!outcome.acknowledged[i])
                messages.push_back(numbered(round).message(round.first() + i));
        }
        EXPECT_TRUE(device.publish_all(messages).empty());
    }

    // One burst, one kill, one start; what was promised is compared with what is there.
    void play(const Round& round) {
        SCOPED_TRACE(fmt::format("round {}", round.number));
        const Outcome outcome =
            round.speaker == Speaker::ours ? burst_of_ours(round) : burst_of_mosquitto(round);
        ASSERT_TRUE(city_.wait_until_dead(std::chrono::seconds{120}));
        ASSERT_TRUE(city_.database_runs());
        const auto ready = city_.start();
        const Found found = look_at(round);
        const std::size_t acknowledged = outcome.count();
        const std::size_t lost = found.lost(outcome.acknowledged);
        report(round, acknowledged, found.rows, lost, ready);
        EXPECT_GE(acknowledged, acknowledged_min);
        EXPECT_GE(burst_messages - acknowledged, unacknowledged_min);
        EXPECT_EQ(lost, 0U);
        expect_right(found);
        expect_latest_alive(numbered(round).asset(outcome.first() + round.first()));
        send_again(round, outcome);
        const Found in_the_end = look_at(round);
        EXPECT_EQ(in_the_end.rows, burst_messages);
        expect_right(in_the_end);
    }

    // The room sees at once what was durable when the server died.
    void expect_latest_alive(const std::string& asset) const {
        const auto newest = city_.sql(
            "select (extract(epoch from max(observed_at)) * 1000000)::int8 from frame join asset "
            "on asset.id = asset_id where code = '" +
            asset + "'");
        ASSERT_FALSE(newest[0][0].is_null());
        const auto live = city_.admin_get("/admin/v1/assets/" + asset).at("live");
        EXPECT_EQ(live.at("observed_at"),
                  base::to_rfc3339(base::from_epoch_us(newest[0][0].as<std::int64_t>())));
    }

    static void expect_right(const Found& found) {
        EXPECT_EQ(found.wrong, 0U);
        EXPECT_EQ(found.doubles, 0U);
        EXPECT_EQ(found.strangers, 0U);
    }

    static void report(const Round& round, std::size_t acknowledged, std::size_t rows,
                       std::size_t lost, std::chrono::milliseconds ready) {
        if (round.number == 1)
            std::cout << "round  client         MQTT   QoS  order     acked  found   lost  "
                         "ready_ms\n";
        std::cout << fmt::format(
                         "{:5}  {:<13}  {:<5}  {:>3}  {:<8}  {:5}  {:5}  {:5}  {:8}\n",
                         round.number, round.speaker == Speaker::ours ? "ours" : "mosquitto_pub",
                         round.version == Version::v5 ? "5.0" : "3.1.1",
                         static_cast<int>(round.qos), round.shuffled ? "shuffled" : "in order",
                         acknowledged, rows, lost, ready.count())
                  << std::flush;
    }

    Installation city_;
    std::vector<std::string> assets_ = codes("LP", 40);
    base::Instant start_ =
        std::chrono::floor<std::chrono::hours>(base::SystemClock{}.now()) - std::chrono::hours{6};
    Numbered numbered_{assets_, start_, std::chrono::milliseconds{250}};
    Numbered foreign_{{"FOREIGN-1"}, start_, std::chrono::milliseconds{25}};
    Secrets gateway_;
};

TEST_F(Durability, AKillLosesNothingThatWasAcknowledged) {
    const Round rounds[] = {
        {1, Version::v3_1_1, Qos::at_least_once, Speaker::ours, false},
        {2, Version::v5, Qos::at_least_once, Speaker::ours, false},
        {3, Version::v3_1_1, Qos::at_least_once, Speaker::ours, true},
        {4, Version::v5, Qos::at_least_once, Speaker::ours, true},
        {5, Version::v3_1_1, Qos::at_least_once, Speaker::ours, false},
        {6, Version::v5, Qos::exactly_once, Speaker::ours, false},
        {7, Version::v3_1_1, Qos::at_least_once, Speaker::ours, true},
        {8, Version::v5, Qos::at_least_once, Speaker::ours, false},
        {9, Version::v3_1_1, Qos::at_least_once, Speaker::ours, false},
        {10, Version::v5, Qos::at_least_once, Speaker::ours, true},
        {11, Version::v3_1_1, Qos::at_least_once, Speaker::mosquitto_pub, false},
        {12, Version::v5, Qos::exactly_once, Speaker::mosquitto_pub, false},
    };
    for (const Round& round : rounds) {
        play(round);
        if (HasFatalFailure()) return;
    }
    EXPECT_EQ(city_.sql("select count(*) from frame")[0][0].as<std::size_t>(),
              std::size(rounds) * burst_messages);
    EXPECT_EQ(city_.sql("select count(*) from quarantine")[0][0].as<std::size_t>(), 0U);
    EXPECT_EQ(city_.stop(), 0);
    EXPECT_FALSE(city_.database_runs());
}

// The answer to what cannot be taken is a promise, too: that it is kept with its reason.
TEST_F(Durability, AKillLosesNoRefusalThatWasAnswered) {
    constexpr std::size_t refused = 6'000;
    std::size_t first = 0;
    for (const auto version : {Version::v3_1_1, Version::v5}) {
        SCOPED_TRACE(version == Version::v5 ? "5.0" : "3.1.1");
        boost::asio::io_context io(1);
        net::MqttClient client(io.get_executor());
        bool open = true;
        client.on_closed([&open](auto) { open = false; });
        ASSERT_TRUE(
            run_to_end(io, client.connect(settings({.number = 1, .version = version}, 0))).ok());
        std::set<std::size_t> answered;
        for (std::size_t i = first; i < first + refused; ++i) {
            const auto heard = [&, i](const net::MqttAcknowledgement& acknowledgement) {
                if (acknowledgement.lost) return;
                EXPECT_EQ(acknowledgement.ok(), version == Version::v3_1_1);
                answered.insert(i);
                if (answered.size() == acknowledged_min) kill(city_.server_pid(), SIGKILL);
            };
            // Every other one is good, so that refusals and frames share transactions.
            const auto good = numbered_.message(i);
            EXPECT_TRUE(client.publish_soon(
                {.topic = good.topic, .payload = good.payload, .qos = Qos::at_least_once}, {}));
            EXPECT_TRUE(client.publish_soon({.topic = good.topic,
                                             .payload = fmt::format("{{\"number\": {}", i),
                                             .qos = Qos::at_least_once},
                                            heard));
        }
        io.restart();
        while (open)
            io.run_one();
        ASSERT_TRUE(city_.wait_until_dead(std::chrono::seconds{120}));
        EXPECT_LT(answered.size(), refused) << "none was under way";
        city_.start();
        std::map<std::size_t, int> kept;
        for (const auto& row : city_.sql("select convert_from(payload, 'UTF8') from quarantine"))
            ++kept[std::stoul(
                row[0].as<std::string>().substr(std::string("{\"number\": ").size()))];
        for (const std::size_t number : answered)
            EXPECT_EQ(kept[number], 1) << number;
        std::cout << fmt::format("{} refusals answered, {} kept so far\n", answered.size(),
                                 kept.size());
        first += refused;
    }
}

// Two on one spool would each take away what the other promised.
TEST(OneServer, RunsOnADataFolderAndASecondTouchesNothing) {
    Installation city;
    city.start();
    const pid_t database = city.database_pids().front();
    Program second({VIGIE_PROGRAMS "/vigied", "--config", (city.folder() / "vigie.toml").string()});
    EXPECT_EQ(second.wait(std::chrono::seconds{60}), 1);
    EXPECT_TRUE(second.wait_for_line("another server runs on the data in", {}));
    EXPECT_EQ(exchange(city.metrics(), {.target = "/readyz"}).status, 200U);
    ASSERT_TRUE(city.database_runs());
    EXPECT_EQ(city.database_pids().front(), database);
    EXPECT_EQ(city.stop(), 0);
}

}  // namespace
}  // namespace vigie::e2e
