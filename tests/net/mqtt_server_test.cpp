// The endpoint over real sockets: who comes in, what is acknowledged, what goes out.
#include "vigie/net/mqtt_server.hpp"

#include <gtest/gtest.h>

#include "tests/net/mqtt_bench.hpp"

namespace vigie::net {

namespace {

using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;

constexpr Version both_versions[] = {Version::v3_1_1, Version::v5};

}  // namespace

class MqttServerTest : public MqttBench {};

TEST_F(MqttServerTest, GreetsAndPartsInBothVersions) {
    start();
    for (const Version version : both_versions) {
        MqttClient client{io.get_executor()};
        auto settings = as("one");
        settings.version = version;
        ASSERT_TRUE(connect(client, settings));
        EXPECT_EQ(connected.client_id, "one");
        EXPECT_FALSE(connected.session_present);
        EXPECT_TRUE(handler.expect("connected owner/one"));
        EXPECT_EQ(handler.request().version, version);
        EXPECT_TRUE(handler.request().peer_address.starts_with("127.0.0.1:"));
        wait_for(client.disconnect());
        EXPECT_TRUE(handler.expect("disconnected one 0"));
        EXPECT_FALSE(client.is_connected());
    }
    EXPECT_EQ(server->counters().accepted, 2U);
}

TEST_F(MqttServerTest, TellsTheAssignedIdentifierAndItsLimits) {
    start({.receive_max = 7, .packet_bytes_max = 5'000, .keep_alive_s_max = 20});
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, as("")));
    EXPECT_TRUE(connected.client_id.starts_with("vigie-"));
    EXPECT_EQ(connected.receive_max, 7);
    EXPECT_EQ(connected.packet_bytes_max, 5'000U);
    EXPECT_EQ(connected.keep_alive_s, 20);
    EXPECT_FALSE(connected.retain_available);
}

TEST_F(MqttServerTest, RefusesWhoIsNotKnown) {
    start();
    struct Case {
        const char* user;
        const char* password;
        Reason reason;
    };
    const Case cases[] = {{"owner", "wrong", Reason::bad_user_name_or_password},
                          {"broken", "pw", Reason::server_unavailable}};
    for (const Version version : both_versions) {
        for (const auto& [user, password, reason] : cases) {
            MqttClient client{io.get_executor()};
            auto settings = as("one", user);
            settings.version = version;
            settings.password = password;
            EXPECT_FALSE(connect(client, settings));
            EXPECT_EQ(client.refused_with(), reason);
        }
    }
    EXPECT_EQ(server->counters().refused, 4U);
    EXPECT_FALSE(handler.has("connected owner/one"));
}

TEST_F(MqttServerTest, AcknowledgesEveryQosInBothVersions) {
    start();
    for (const Version version : both_versions) {
        MqttClient client{io.get_executor()};
        auto settings = as("one");
        settings.version = version;
        ASSERT_TRUE(connect(client, settings));
        EXPECT_TRUE(wait_for(client.publish("t/0", "a", Qos::at_most_once)).ok());
        EXPECT_TRUE(wait_for(client.publish("t/1", "b", Qos::at_least_once)).ok());
        EXPECT_TRUE(wait_for(client.publish("t/2", "c", Qos::exactly_once)).ok());
        for (const char* line : {"publish t/0=a", "publish t/1=b", "publish t/2=c"}) {
            EXPECT_TRUE(handler.expect(line));
        }
        const auto refused = wait_for(client.publish("forbidden/x", "", Qos::at_least_once));
        EXPECT_EQ(refused.ok(), version == Version::v3_1_1);  // which has no word for it
        if (version == Version::v5) {
            EXPECT_EQ(refused.reason, Reason::not_authorized);
            EXPECT_EQ(refused.text, "not yours");
        }
        wait_for(client.disconnect());
    }
    const MqttCounters& counters = server->counters();
    EXPECT_EQ(counters.messages_in_qos0, 2U);
    EXPECT_EQ(counters.messages_in_qos1, 4U);
    EXPECT_EQ(counters.messages_in_qos2, 2U);
    EXPECT_GT(counters.bytes_in, 50U);
    EXPECT_GT(counters.bytes_out, 50U);
}

TEST_F(MqttServerTest, PromisesNothingBeforeItIsKept) {
    handler.at_once = false;
    start();
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, as("one")));
    std::vector<int> order;
    for (int i = 0; i < 3; ++i) {
        const auto qos = i == 1 ? Qos::exactly_once : Qos::at_least_once;
        client.publish_soon({.topic = "t", .qos = qos},
                            [&order, i](const MqttAcknowledgement&) { order.push_back(i); });
    }
    run_until([this] { return handler.messages == 3; });
    auto tickets = handler.take_tickets();
    ASSERT_EQ(tickets.size(), 3U);
    // The last first: its PUBACK waits for those before it.
    server->complete({{.ticket = tickets[2]}});
    server->complete({{.ticket = tickets[1]}});
    EXPECT_TRUE(order.empty());
    server->complete({{.ticket = tickets[0]}});
    run_until([&order] { return order.size() == 3; });
    EXPECT_EQ(order, (std::vector<int>{0, 2, 1}));  // QoS 2 needs one more round
    server->complete({{.ticket = tickets[0]}, {.ticket = {}}, {.ticket = {~0ULL, 1}}});  // nobody's
    EXPECT_TRUE(wait_for(client.publish("t", "", Qos::at_most_once)).ok());
}

TEST_F(MqttServerTest, ReadsNoFurtherWithoutRoom) {
    start();
    handler.set_room(false);
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, as("one")));
    std::size_t acknowledged = 0;
    for (int i = 0; i < 50; ++i) {
        client.publish_soon({.topic = "t", .qos = Qos::at_least_once},
                            [&acknowledged](const MqttAcknowledgement& one) {
                                if (one.ok()) ++acknowledged;
                            });
    }
    run_until([this] { return server->counters().pauses.load() == 1; });
    EXPECT_EQ(handler.messages, 0U);
    // Keep-alive is suspended meanwhile.
    clock.advance(std::chrono::hours{1});
    server->resume();  // still none
    handler.set_room(true);
    server->resume();
    run_until([&acknowledged] { return acknowledged == 50; });
    EXPECT_EQ(handler.messages, 50U);
    EXPECT_EQ(server->counters().keep_alive_timeouts, 0U);
}

TEST_F(MqttServerTest, DropsAndCountsQos0WithoutRoom) {
    start();
    handler.set_room(false);
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, as("one")));
    for (int i = 0; i < 5; ++i)
        client.publish_soon({.topic = "t"});
    run_until([this] { return server->counters().dropped_qos0.load() == 5; });
    EXPECT_EQ(handler.messages, 0U);
}

TEST_F(MqttServerTest, SubscribesWithinWhatIsGranted) {
    start();
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, as("one")));
    const auto reasons = wait_for(client.subscribe({{"a/+", Qos::exactly_once},
                                                    {"forbidden/x", Qos::at_least_once},
                                                    {"b", Qos::at_most_once}}));
    EXPECT_EQ(reasons, (std::vector<Reason>{Reason::granted_qos_1, Reason::not_authorized,
                                            Reason::success}));
    EXPECT_TRUE(handler.expect("subscribed one a/+"));
    const auto gone = wait_for(client.unsubscribe({"b", "b"}));
    EXPECT_EQ(gone, (std::vector<Reason>{Reason::success, Reason::no_subscription_existed}));
    EXPECT_EQ(server->send({.topic = "b", .payload = "x"}), 0U);
    EXPECT_EQ(server->send({.topic = "a/b", .payload = "x"}), 1U);
}

TEST_F(MqttServerTest, SubscriptionsHaveALimitAtNAndNPlus1) {
    start({.subscriptions_max = 2});
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, as("one")));
    const auto reasons = wait_for(client.subscribe(
        {{"a", Qos::at_most_once}, {"b", Qos::at_most_once}, {"c", Qos::at_most_once}}));
    EXPECT_EQ(reasons,
              (std::vector<Reason>{Reason::success, Reason::success, Reason::quota_exceeded}));
}

TEST_F(MqttServerTest, DeliversToWhomItConcerns) {
    start();
    std::vector<std::string> heard;
    std::vector<std::unique_ptr<MqttClient>> clients;
    for (const char* name : {"owner", "other"}) {
        auto& client = *clients.emplace_back(std::make_unique<MqttClient>(io.get_executor()));
        client.on_message([&heard, name](const wire::mqtt::Publish& message) {
            heard.push_back(name + std::string{":"} + std::string{message.payload});
        });
        ASSERT_TRUE(connect(client, as("c", name)));  // the same identifier, another owner
        EXPECT_EQ(wait_for(client.subscribe({{"#", Qos::at_least_once}})).size(), 1U);
    }
    EXPECT_EQ(server->send({.topic = "x/private/y", .payload = "1", .tag = 1}), 1U);
    EXPECT_EQ(server->send({.topic = "x", .payload = "2", .qos = Qos::at_most_once, .tag = 2}), 2U);
    EXPECT_EQ(server->send_to("other", "c", {.topic = "x", .payload = "3", .tag = 3}), 1U);
    EXPECT_EQ(server->send_to("other", "d", {.topic = "x", .payload = "4", .tag = 4}), 0U);
    run_until([&heard] { return heard.size() == 4; });
    std::ranges::sort(heard);
    EXPECT_EQ(heard, (std::vector<std::string>{"other:2", "other:3", "owner:1", "owner:2"}));
    EXPECT_TRUE(handler.expect("delivered 1 acknowledged"));
    EXPECT_TRUE(handler.expect("delivered 2 written"));
    EXPECT_TRUE(handler.expect("delivered 2 written"));
    EXPECT_TRUE(handler.expect("delivered 3 acknowledged"));
}

TEST_F(MqttServerTest, DisconnectsARevokedClient) {
    start();
    MqttClient client{io.get_executor()};
    std::optional<Reason> why;
    client.on_closed([&why](std::optional<Reason> reason) { why = reason; });
    ASSERT_TRUE(connect(client, as("one")));
    EXPECT_FALSE(server->disconnect("owner", "two", Reason::administrative_action));
    EXPECT_TRUE(server->disconnect("owner", std::nullopt, Reason::administrative_action));
    run_until([&why] { return why.has_value(); });
    EXPECT_EQ(why, Reason::administrative_action);
    EXPECT_TRUE(handler.expect("disconnected one 152"));
}

TEST_F(MqttServerTest, TakesRetainedAsOrdinaryIn311) {
    start();
    MqttClient client{io.get_executor()};
    auto settings = as("one");
    settings.version = Version::v3_1_1;
    ASSERT_TRUE(connect(client, settings));
    EXPECT_TRUE(wait_for(client.publish("t", "x", Qos::at_least_once, true)).ok());
    EXPECT_EQ(server->counters().retained_3_1_1, 1U);
}

TEST_F(MqttServerTest, SpreadsConnectionsOverItsThreads) {
    start({}, 3);
    std::vector<std::unique_ptr<MqttClient>> clients;
    std::size_t acknowledged = 0;
    for (int i = 0; i < 30; ++i) {
        auto& client = *clients.emplace_back(std::make_unique<MqttClient>(io.get_executor()));
        ASSERT_TRUE(connect(client, as("c" + std::to_string(i))));
        for (int k = 0; k < 100; ++k) {
            client.publish_soon({.topic = "t", .qos = Qos::at_least_once},
                                [&acknowledged](const MqttAcknowledgement& one) {
                                    if (one.ok()) ++acknowledged;
                                });
        }
    }
    run_until([&acknowledged] { return acknowledged == 3'000; });
    EXPECT_EQ(server->counters().connections, 30U);
    EXPECT_EQ(handler.messages, 3'000U);
}

}  // namespace vigie::net
