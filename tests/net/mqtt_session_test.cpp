// What outlives a connection: sessions, take-over, wills.
#include <gtest/gtest.h>

#include "tests/net/mqtt_bench.hpp"

namespace vigie::net {

namespace {

using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;

}  // namespace

class MqttSessionTest : public MqttBench {
protected:
    MqttClientSettings lasting(const std::string& client_id, bool clean = false) {
        auto settings = as(client_id);
        settings.clean_start = clean;
        settings.session_expiry_s = 60;
        return settings;
    }
};

TEST_F(MqttSessionTest, ResumesWithItsSubscriptions) {
    start();
    for (const Version version : {Version::v3_1_1, Version::v5}) {
        const std::string name = version == Version::v5 ? "now" : "old";
        auto settings = lasting(name);
        settings.version = version;
        MqttClient client{io.get_executor()};
        std::vector<std::string> heard;
        client.on_message(
            [&heard](const wire::mqtt::Publish& message) { heard.emplace_back(message.payload); });
        ASSERT_TRUE(connect(client, settings));
        EXPECT_FALSE(connected.session_present);
        wait_for(client.subscribe({{"c/#", Qos::at_least_once}}));
        client.abort();
        EXPECT_TRUE(handler.expect("disconnected " + name + " 128"));
        EXPECT_EQ(server->send({.topic = "c/1"}), 0U);  // nothing is kept for it here
        ASSERT_TRUE(connect(client, settings));
        EXPECT_TRUE(connected.session_present);
        EXPECT_TRUE(handler.expect("connected owner/" + name + " resumed c/#"));
        EXPECT_EQ(server->send({.topic = "c/2", .payload = "hello"}), 1U);
        run_until([&heard] { return !heard.empty(); });
        EXPECT_EQ(heard, std::vector<std::string>{"hello"});
        wait_for(client.disconnect());
        EXPECT_TRUE(handler.expect("disconnected " + name + " 0"));
    }
}

TEST_F(MqttSessionTest, EndsWithItsTime) {
    start();
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, lasting("one")));
    wait_for(client.subscribe({{"c", Qos::at_least_once}}));
    wait_for(client.disconnect());
    EXPECT_TRUE(handler.expect("disconnected one 0"));
    clock.advance(std::chrono::seconds{60});
    run_until([this] { return server->counters().sessions.load() == 0; });
    ASSERT_TRUE(connect(client, lasting("one")));
    EXPECT_FALSE(connected.session_present);
}

TEST_F(MqttSessionTest, ACleanStartForgets) {
    start();
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, lasting("one")));
    wait_for(client.subscribe({{"c", Qos::at_least_once}}));
    client.abort();
    EXPECT_TRUE(handler.expect("disconnected one 128"));
    ASSERT_TRUE(connect(client, as("one")));
    EXPECT_FALSE(connected.session_present);
    EXPECT_FALSE(handler.row("owner/one"));
    EXPECT_EQ(server->send({.topic = "c"}), 0U);
}

TEST_F(MqttSessionTest, SurvivesTheServerInItsRow) {
    start();
    {
        MqttClient client{io.get_executor()};
        ASSERT_TRUE(connect(client, lasting("one")));
        EXPECT_TRUE(handler.expect("saved owner/one"));
        wait_for(client.subscribe({{"c", Qos::at_least_once}}));
        EXPECT_TRUE(handler.expect("saved owner/one"));  // before SUBACK
        EXPECT_EQ(handler.row("owner/one")->subscriptions.size(), 1U);
        EXPECT_FALSE(handler.row("owner/one")->expires_at);
        client.abort();
        EXPECT_TRUE(handler.expect("saved owner/one"));
        EXPECT_EQ(handler.row("owner/one")->expires_at, clock.now() + std::chrono::seconds{60});
    }
    stop();
    start();
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, lasting("one")));
    EXPECT_TRUE(connected.session_present);
    EXPECT_TRUE(handler.expect("connected owner/one resumed c"));
    EXPECT_EQ(server->send({.topic = "c"}), 1U);
}

TEST_F(MqttSessionTest, IsWrittenAlsoWhenTheClockWasSetBack) {
    start();
    {
        MqttClient client{io.get_executor()};
        ASSERT_TRUE(connect(client, lasting("one")));
        clock.set(clock.now() - std::chrono::hours{1});
        wait_for(client.subscribe({{"a", Qos::at_least_once}}));
        EXPECT_EQ(handler.row("owner/one")->subscriptions.size(), 1U);
        wait_for(client.disconnect());
        EXPECT_TRUE(handler.expect("disconnected one 0"));
    }
    stop();
    clock.set(clock.now() - std::chrono::hours{1});
    start();
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, lasting("one")));
    wait_for(client.subscribe({{"b", Qos::at_least_once}}));
    EXPECT_EQ(handler.row("owner/one")->subscriptions.size(), 2U);
    wait_for(client.disconnect());
    EXPECT_TRUE(handler.expect("disconnected one 0"));
    ASSERT_TRUE(connect(client, as("one")));
    EXPECT_FALSE(handler.row("owner/one")) << "forgotten at a clean start";
}

TEST_F(MqttSessionTest, OneThatCannotBeForgottenHoldsUpNoOther) {
    start();
    const std::vector<std::string> names{"1", "2", "broken", "4", "5"};
    for (const auto& name : names) {
        MqttClient client{io.get_executor()};
        ASSERT_TRUE(connect(client, lasting(name)));
        wait_for(client.disconnect());
        EXPECT_TRUE(handler.expect("disconnected " + name + " 0"));
    }
    clock.advance(std::chrono::seconds{60});
    run_until([&] {
        return std::ranges::none_of(names, [&](const std::string& name) {
            return name != "broken" && handler.row("owner/" + name);
        });
    });
}

TEST_F(MqttSessionTest, IsTakenOverAcrossThreads) {
    start({}, 3);
    std::vector<std::unique_ptr<MqttClient>> clients;
    std::vector<Reason> told;
    for (int i = 0; i < 6; ++i) {
        auto& client = *clients.emplace_back(std::make_unique<MqttClient>(io.get_executor()));
        client.on_closed([&told](std::optional<Reason> why) {
            told.push_back(why.value_or(Reason::unspecified_error));
        });
        ASSERT_TRUE(connect(client, lasting("one")));
        EXPECT_EQ(connected.session_present, i > 0);
        if (i == 0) wait_for(client.subscribe({{"c", Qos::at_least_once}}));
    }
    run_until([&told] { return told.size() == 5; });
    EXPECT_EQ(told, std::vector<Reason>(5, Reason::session_taken_over));
    EXPECT_EQ(server->counters().taken_over, 5U);
    EXPECT_EQ(server->send({.topic = "c"}), 1U);
    EXPECT_TRUE(clients.back()->is_connected());
    EXPECT_TRUE(handler.expect("disconnected one 142"));
}

TEST_F(MqttSessionTest, ManyAtOnceForOneIdentifierLeaveOne) {
    start({}, 3);
    std::vector<std::unique_ptr<MqttClient>> clients;
    std::size_t answered = 0;
    for (int i = 0; i < 20; ++i) {
        auto& client = *clients.emplace_back(std::make_unique<MqttClient>(io.get_executor()));
        const auto attempt = [](MqttClient& one,
                                MqttClientSettings how) -> boost::asio::awaitable<void> {
            static_cast<void>(co_await one.connect(std::move(how)));
        };
        boost::asio::co_spawn(io, attempt(client, lasting("one")),
                              [&answered](const std::exception_ptr&) { ++answered; });
    }
    run_until([&answered] { return answered == 20; });
    const auto living = [&clients] {
        return std::ranges::count_if(clients, [](const auto& one) { return one->is_connected(); });
    };
    run_until([&] { return living() == 1; });
    run_until([this] { return server->counters().connections.load() == 1; });
    EXPECT_EQ(server->counters().sessions, 1U);
}

TEST_F(MqttSessionTest, NobodyTakesOverAnothersSession) {
    start();
    MqttClient mine{io.get_executor()};
    MqttClient theirs{io.get_executor()};
    ASSERT_TRUE(connect(mine, lasting("one")));
    auto settings = as("one", "other");
    settings.clean_start = false;
    ASSERT_TRUE(connect(theirs, settings));
    EXPECT_FALSE(connected.session_present);
    EXPECT_TRUE(mine.is_connected());
    EXPECT_EQ(server->counters().taken_over, 0U);
}

TEST_F(MqttSessionTest, PublishesTheWillOfWhoIsGone) {
    start();
    MqttClient client{io.get_executor()};
    auto settings = as("one");
    settings.will = MqttClientWill{.topic = "w", .payload = "gone"};
    ASSERT_TRUE(connect(client, settings));
    client.abort();
    EXPECT_TRUE(handler.expect("will w=gone"));
    ASSERT_TRUE(connect(client, settings));
    wait_for(client.disconnect());
    EXPECT_TRUE(handler.expect("disconnected one 128"));
    EXPECT_TRUE(handler.expect("disconnected one 0"));
    EXPECT_FALSE(handler.has("will w=gone"));  // [MQTT-3.14.4-3]
    ASSERT_TRUE(connect(client, settings));
    wait_for(client.disconnect(Reason::disconnect_with_will));
    EXPECT_TRUE(handler.expect("will w=gone"));
}

TEST_F(MqttSessionTest, AWillWaitsForRoom) {
    start({}, 1);
    MqttClient client{io.get_executor()};
    auto settings = as("one");
    settings.will = MqttClientWill{.topic = "w", .payload = "gone"};
    ASSERT_TRUE(connect(client, settings));
    handler.set_room(false);
    client.abort();
    EXPECT_TRUE(handler.expect("disconnected one 128"));
    EXPECT_FALSE(handler.has("will w=gone"));
    handler.set_room(true);
    server->resume();
    EXPECT_TRUE(handler.expect("will w=gone"));
    EXPECT_EQ(server->counters().wills_lost, 0U);
}

TEST_F(MqttSessionTest, WillsThatWaitHaveALimitAtNAndNPlus1) {
    // "w" and "gone": five bytes.
    start({.wills_waiting_bytes_max = 10}, 1);
    handler.set_room(false);
    for (const char* name : {"1", "2", "3"}) {
        MqttClient client{io.get_executor()};
        auto settings = as(name);
        settings.will = MqttClientWill{.topic = "w", .payload = "gone"};
        ASSERT_TRUE(connect(client, settings));
        client.abort();
        EXPECT_TRUE(handler.expect("disconnected " + std::string(name) + " 128"));
    }
    run_until([this] { return server->counters().wills_lost == 1; });
    handler.set_room(true);
    server->resume();
    EXPECT_TRUE(handler.expect("will w=gone"));
    EXPECT_TRUE(handler.expect("will w=gone"));
    EXPECT_FALSE(handler.has("will w=gone"));
}

TEST_F(MqttSessionTest, AStopWaitsForWillsAsForMessages) {
    start({}, 1);
    MqttClient client{io.get_executor()};
    auto settings = as("one");
    settings.will = MqttClientWill{.topic = "w", .payload = "gone"};
    ASSERT_TRUE(connect(client, settings));
    handler.set_room(false);
    std::thread stopping{[this] { server->stop(std::chrono::seconds{20}); }};
    EXPECT_TRUE(handler.expect("disconnected one 139"));
    client.abort();  // as a client does who is told goodbye; the server waits for that, too
    handler.set_room(true);
    server->resume();
    stopping.join();
    EXPECT_TRUE(handler.has("will w=gone"));
}

TEST_F(MqttSessionTest, AWillWaitsForItsDelayAndForTheClient) {
    start();
    MqttClient client{io.get_executor()};
    auto settings = lasting("one");
    settings.will = MqttClientWill{.topic = "w", .payload = "gone", .delay_s = 10};
    ASSERT_TRUE(connect(client, settings));
    client.abort();
    EXPECT_TRUE(handler.expect("disconnected one 128"));
    clock.advance(std::chrono::seconds{9});
    ASSERT_TRUE(connect(client, settings));  // back in time [MQTT-3.1.3-9]
    clock.advance(std::chrono::seconds{5});
    client.abort();
    EXPECT_TRUE(handler.expect("disconnected one 128"));
    EXPECT_FALSE(handler.has("will w=gone"));
    clock.advance(std::chrono::seconds{10});
    EXPECT_TRUE(handler.expect("will w=gone"));
    EXPECT_FALSE(handler.has("will w=gone"));
    // A session that ends earlier takes the will with it.
    settings.will->delay_s = 1'000;
    ASSERT_TRUE(connect(client, settings));
    client.abort();
    EXPECT_TRUE(handler.expect("disconnected one 128"));
    ASSERT_TRUE(connect(client, lasting("one", true)));
    EXPECT_TRUE(handler.expect("will w=gone"));
}

TEST_F(MqttSessionTest, ATakenOverClientLeavesItsWill) {
    start();
    MqttClient first{io.get_executor()};
    MqttClient second{io.get_executor()};
    auto settings = as("one");
    settings.will = MqttClientWill{.topic = "w", .payload = "gone"};
    ASSERT_TRUE(connect(first, settings));
    ASSERT_TRUE(connect(second, as("one")));
    EXPECT_TRUE(handler.expect("will w=gone"));
}

}  // namespace vigie::net
