// What one owner may have kept for its absent clients: each limit at n and at n + 1.
#include <gtest/gtest.h>

#include "tests/net/mqtt_raw_peer.hpp"

namespace vigie::net {

namespace {

using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;

}  // namespace

class MqttKeptTest : public MqttRawTest, public testing::WithParamInterface<Version> {
protected:
    [[nodiscard]] static bool is_v5() { return GetParam() == Version::v5; }
    MqttClientSettings keeping(const std::string& client_id, const std::string& owner = "owner") {
        auto settings = as(client_id, owner);
        settings.version = GetParam();
        settings.clean_start = false;
        settings.session_expiry_s = 60;
        return settings;
    }
    MqttClientSettings passing(const std::string& client_id) {
        auto settings = keeping(client_id);
        settings.clean_start = true;
        settings.session_expiry_s = 0;
        return settings;
    }
    bool comes_in(const MqttClientSettings& settings) {
        MqttClient client{io.get_executor()};
        if (!connect(client, settings)) {
            refused_with = client.refused_with();
            return false;
        }
        wait_for(client.disconnect());
        return handler.expect("disconnected " + settings.client_id + " 0");
    }
    void expect_refused(const MqttClientSettings& settings) {
        refused_with.reset();
        EXPECT_FALSE(comes_in(settings));
        EXPECT_EQ(refused_with, is_v5() ? Reason::quota_exceeded : Reason::server_unavailable);
        run_until([&] { return !handler.row("owner/" + settings.client_id); });
    }

    std::optional<Reason> refused_with;
};

TEST_P(MqttKeptTest, SessionsOfAnOwnerAreKeptAtNAndNotAtNPlus1) {
    start({.sessions_per_owner_max = 2});
    MqttClient one{io.get_executor()};
    ASSERT_TRUE(connect(one, keeping("one"))) << "a client that is there counts as one that is not";
    ASSERT_TRUE(comes_in(keeping("two")));
    expect_refused(keeping("three"));
    EXPECT_EQ(server->counters().refused, 1U);
    run_until([this] { return server->counters().sessions.load() == 2; });
    EXPECT_TRUE(comes_in(passing("three"))) << "it leaves nothing behind";
    EXPECT_TRUE(comes_in(keeping("three", "other"))) << "that is somebody else";
    for (int again = 0; again < 2; ++again) {
        EXPECT_TRUE(comes_in(keeping("two")));
        EXPECT_TRUE(connected.session_present);
    }
    EXPECT_TRUE(comes_in(passing("two")));
    EXPECT_TRUE(comes_in(keeping("three")));
    expect_refused(keeping("two"));
}

TEST_P(MqttKeptTest, SessionsOfAnEarlierRunCountAndComeBack) {
    start({.sessions_per_owner_max = 3});
    for (const char* name : {"one", "two", "three"})
        ASSERT_TRUE(comes_in(keeping(name)));
    stop();
    start({.sessions_per_owner_max = 2});  // more of them than there may be
    expect_refused(keeping("four"));
    for (const char* name : {"one", "two", "three"}) {
        EXPECT_TRUE(comes_in(keeping(name)));
        EXPECT_TRUE(connected.session_present) << name;
    }
    expect_refused(keeping("four"));
}

TEST_P(MqttKeptTest, WhoComesAtTheSameMomentAsTheLastOneIsOneTooMany) {
    start({.sessions_per_owner_max = 1}, 1);
    handler.rows.after_counting = [this, first = true]() mutable {
        if (!std::exchange(first, false)) return;
        handler.rows.save({.owner = "owner", .client_id = "rival", .expiry_s = 60, .revision = 1});
    };
    expect_refused(keeping("one"));
    EXPECT_TRUE(handler.row("owner/rival"));
    EXPECT_TRUE(comes_in(keeping("rival")));
}

TEST_P(MqttKeptTest, FiltersOfASessionHaveSoManyBytesAtNAndNotAtNPlus1) {
    start({.filters_bytes_max = 10});
    const Reason refused = is_v5() ? Reason::quota_exceeded : Reason::unspecified_error;
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, keeping("one")));
    const auto subscribe = [&](std::vector<std::string> filters) {
        std::vector<std::pair<std::string, Qos>> asked;
        for (auto& filter : filters)
            asked.emplace_back(std::move(filter), Qos::at_least_once);
        return wait_for(client.subscribe(asked));
    };
    const Reason granted = Reason::granted_qos_1;
    EXPECT_EQ(subscribe({"12345", "123456", "1234", "a", "b"}),
              (std::vector<Reason>{granted, refused, granted, granted, refused}));
    EXPECT_EQ(subscribe({"12345"}), std::vector<Reason>{granted}) << "it is there already";
    EXPECT_EQ(handler.row("owner/one")->subscriptions.size(), 3U);
    wait_for(client.unsubscribe({"a"}));
    EXPECT_EQ(subscribe({"cd", "e"}), (std::vector<Reason>{refused, granted}));
    wait_for(client.disconnect());
    ASSERT_TRUE(connect(client, keeping("one")));
    EXPECT_EQ(subscribe({"f"}), std::vector<Reason>{refused}) << "what was kept counts";
}

TEST_P(MqttKeptTest, FiltersOfAnOwnerHaveSoManyBytesAtNAndNotAtNPlus1) {
    start({.filters_bytes_per_owner_max = 10});
    const Reason refused = is_v5() ? Reason::quota_exceeded : Reason::unspecified_error;
    const Reason granted = Reason::granted_qos_1;
    const auto subscribe = [&](MqttClient& client, const char* filter) {
        return wait_for(client.subscribe({{filter, Qos::at_least_once}})).front();
    };
    MqttClient one{io.get_executor()};
    MqttClient two{io.get_executor()};
    MqttClient stranger{io.get_executor()};
    ASSERT_TRUE(connect(one, keeping("one")));
    ASSERT_TRUE(connect(two, passing("two")));
    ASSERT_TRUE(connect(stranger, keeping("one", "other")));
    EXPECT_EQ(subscribe(one, "123456"), granted);
    EXPECT_EQ(subscribe(two, "12345"), refused);
    EXPECT_EQ(subscribe(two, "1234"), granted);
    EXPECT_EQ(subscribe(stranger, "1234567890"), granted) << "that is somebody else";
    EXPECT_EQ(subscribe(one, "a"), refused);
    wait_for(one.disconnect());
    EXPECT_EQ(subscribe(two, "a"), refused) << "what is kept counts";
    wait_for(two.unsubscribe({"1234"}));
    EXPECT_EQ(subscribe(two, "abcd"), granted);
    wait_for(two.disconnect());
    ASSERT_TRUE(handler.expect("disconnected two 0")) << "and its session with it";
    MqttClient three{io.get_executor()};
    ASSERT_TRUE(connect(three, passing("three")));
    EXPECT_EQ(subscribe(three, "abcde"), refused);
    EXPECT_EQ(subscribe(three, "abcd"), granted);
}

INSTANTIATE_TEST_SUITE_P(InBothVersions, MqttKeptTest,
                         testing::Values(Version::v3_1_1, Version::v5), [](const auto& one) {
                             return one.param == Version::v5 ? "v5" : "v3_1_1";
                         });

class MqttKeptBytesTest : public MqttRawTest {};

TEST_F(MqttKeptBytesTest, TheRefusalSaysWhy) {
    start({.sessions_per_owner_max = 0});
    MqttRawPeer now{io, server->ports().front()};
    now.greet("one", "0000", "05 11 0000003c");
    EXPECT_EQ(read_until_closed(now),
              wire::mqtt::shown(wire::mqtt::bytes("20 34 00 97 31 1f 002e 'too many sessions are "
                                                  "kept for this credential'")));
    MqttRawPeer old{io, server->ports().front()};
    old.send("10 1a 00 04 'MQTT' 04 c0 0000 0003 'one' 0005 'owner' 0002 'pw'");
    EXPECT_EQ(read_until_closed(old), "20 02 00 03 ");
}

}  // namespace vigie::net
