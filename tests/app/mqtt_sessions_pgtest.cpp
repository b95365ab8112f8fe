// The device door as it is wired in the server, over TCP, with its restarts: what a client of
// either version may count on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "tests/app/door_run.hpp"

namespace vigie::app {
namespace {

using testing::ElementsAre;
using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;

constexpr store::Query subscriptions_stored{
    "test_subscriptions", "select subscriptions::text as line from session order by client_id"};

class MqttSessions : public DoorTest, public testing::WithParamInterface<Version> {
protected:
    MqttSessions() {
        settings_.device.session_expiry_s_max = 100;
        start();
        for (const char* name : {"gateway", "other"})
            passwords_[name] = make({name, {}, "", true, false}).secret;
    }
    struct Joined {
        std::unique_ptr<net::MqttClient> client;
        net::MqttConnected connected;
    };
    net::MqttClientSettings as(const std::string& user, bool clean) {
        net::MqttClientSettings settings;
        settings.port = run_->pipeline.mqtt().ports().at(0);
        settings.version = GetParam();
        settings.client_id = "device-1";
        settings.user_name = user;
        settings.password = passwords_.at(user);
        settings.clean_start = clean;
        settings.session_expiry_s = clean ? 0 : 0xFFFF'FFFF;
        return settings;
    }
    Joined join(const std::string& user = "gateway", bool clean = false) {
        Joined joined{std::make_unique<net::MqttClient>(io_.get_executor()), {}};
        auto answer = wait_for(joined.client->connect(as(user, clean)));
        EXPECT_TRUE(answer.ok());
        if (answer.ok()) joined.connected = *std::move(answer);
        return joined;
    }
    std::vector<std::string> stored() { return lines(subscriptions_stored); }
    // The connection's end is known to the server, and what follows from it is written.
    void wait_until_gone() {
        const auto& counters = run_->pipeline.mqtt().counters();
        while (counters.connections.load() != 0)
            std::this_thread::yield();
        while (run_->pipeline.sessions().unwritten() != 0)
            std::this_thread::yield();
    }

    std::map<std::string, std::string> passwords_;
};

constexpr auto filter = "vigie/v1/+/commands";

TEST_P(MqttSessions, AreResumedAfterARestartOfTheServer) {
    {
        auto [client, connected] = join();
        EXPECT_FALSE(connected.session_present);
        EXPECT_THAT(stored(), ElementsAre("[]")) << "durable before CONNACK";
        EXPECT_THAT(wait_for(client->subscribe({{filter, Qos::at_least_once}})),
                    ElementsAre(Reason::granted_qos_1));
        EXPECT_THAT(stored(), ElementsAre(R"([["vigie/v1/+/commands", 1]])"));
        client->abort();
        wait_until_gone();
    }
    restart();
    auto [client, connected] = join();
    EXPECT_TRUE(connected.session_present);
    wait_for(client->unsubscribe({filter}));
    EXPECT_THAT(stored(), ElementsAre("[]"));
}

TEST_P(MqttSessions, EndWithTheirTimeAlsoWhileTheServerIsAway) {
    join().client->abort();
    wait_until_gone();
    clock_.advance(std::chrono::seconds{99});
    restart();
    join().client->abort();
    wait_until_gone();
    clock_.advance(std::chrono::seconds{100});
    restart();
    EXPECT_THAT(stored(), ElementsAre());
    EXPECT_FALSE(join().connected.session_present);
}

TEST_P(MqttSessions, ACleanStartForgetsTheRow) {
    join().client->abort();
    wait_until_gone();
    restart();
    EXPECT_FALSE(join("gateway", true).connected.session_present);
    wait_until_gone();
    EXPECT_THAT(stored(), ElementsAre());
    restart();
    EXPECT_FALSE(join().connected.session_present);
}

TEST_P(MqttSessions, AreNobodyElses) {
    auto mine = join();
    wait_for(mine.client->subscribe({{filter, Qos::at_least_once}}));
    auto theirs = join("other");
    EXPECT_FALSE(theirs.connected.session_present);
    EXPECT_TRUE(mine.client->is_connected()) << "no take-over by another credential";
    mine.client->abort();
    theirs.client->abort();
    wait_until_gone();
    restart();
    EXPECT_TRUE(join("other").connected.session_present);
    EXPECT_THAT(stored(), ElementsAre(R"([["vigie/v1/+/commands", 1]])", "[]"));
}

TEST_P(MqttSessions, ConnectWithoutARowWhileTheDatabaseIsAway) {
    static constexpr store::Query out{"test_out", "alter role vigie_app nologin"};
    static constexpr store::Query in{"test_in", "alter role vigie_app login"};
    static constexpr store::Query cut{
        "test_cut",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'vigie_app'"};
    store::Pool root(database_.superuser_url(), 1);
    root.write_now([&](store::Transaction& tx) { tx.execute(out); });
    root.write_now([&](store::Transaction& tx) { tx.rows(cut); });
    auto [client, connected] = join();
    EXPECT_FALSE(connected.session_present);
    EXPECT_THAT(wait_for(client->subscribe({{filter, Qos::at_least_once}})),
                ElementsAre(Reason::granted_qos_1));
    client->abort();
    EXPECT_TRUE(join().connected.session_present) << "within this run it is resumed";
    root.write_now([&](store::Transaction& tx) { tx.execute(in); });
    wait_until_gone();
    while (!run_->pipeline.session_spool().empty())
        std::this_thread::yield();
    EXPECT_THAT(stored(), ElementsAre(R"([["vigie/v1/+/commands", 1]])"));
}

// What an earlier run left counts; the limit is the server's own.
TEST_P(MqttSessions, OfACredentialAreKeptAtNAndNotAtNPlus1) {
    static constexpr store::Query leave{
        "test_leave",
        "insert into session (credential, client_id, subscriptions, expiry_s, revision) select "
        "'gateway', 'kept-' || n, '[]', 100, 1 from generate_series(1, $1::int) as n"};
    const std::size_t sessions_max = net::MqttServerSettings{}.sessions_per_owner_max;
    run_->foundation.pool.write_now(
        [&](store::Transaction& tx) { tx.execute(leave, static_cast<int>(sessions_max) - 1); });
    restart();
    const auto last = join();
    auto settings = as("gateway", false);
    settings.client_id = "device-2";
    net::MqttClient client{io_.get_executor()};
    EXPECT_FALSE(wait_for(client.connect(settings)).ok());
    EXPECT_EQ(client.refused_with(),
              GetParam() == Version::v5 ? Reason::quota_exceeded : Reason::server_unavailable);
    EXPECT_EQ(stored().size(), sessions_max);
    settings.client_id = "kept-1";
    const auto back = wait_for(client.connect(settings));
    ASSERT_TRUE(back.ok());
    EXPECT_TRUE(back->session_present);
    join("other");
    EXPECT_EQ(stored().size(), sessions_max + 1) << "another credential has its own";
}

INSTANTIATE_TEST_SUITE_P(InBothVersions, MqttSessions,
                         testing::Values(Version::v3_1_1, Version::v5), [](const auto& one) {
                             return one.param == Version::v5 ? "v5" : "v3_1_1";
                         });

}  // namespace
}  // namespace vigie::app
