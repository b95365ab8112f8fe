// What a credential may send, and how soon it may no longer: the whole server, over its sockets,
// with the clock in our hands.
#include <gmock/gmock.h>

#include "tests/app/device_door_bench.hpp"
#include "vigie/ingest/guess_limit.hpp"

namespace vigie::app {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;
using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;

class DeviceLimits : public DeviceDoorBench, public testing::WithParamInterface<Version> {
protected:
    bool connect(Device& device, const std::string& name) {
        return DeviceDoorBench::connect(device, name, GetParam());
    }
    // With ten a second allowed, beyond `burst` at once: that is borne for five seconds.
    void floods_until_it_is_ended(Device& flood, std::size_t burst) {
        ASSERT_TRUE(connect(flood, "flood"));
        publish(flood, "LP-1", 1'000);
        ASSERT_TRUE(run_until([&] { return flood.acknowledged == burst; }));
        for (std::size_t i = 1; i < 10; ++i) {
            clock_.advance(500ms);
            ASSERT_TRUE(run_until([&] { return flood.acknowledged == burst + 5 * i; }));
        }
        EXPECT_FALSE(flood.closed) << "4.5 seconds are borne";
        clock_.advance(600ms);
        ASSERT_TRUE(run_until([&] { return flood.closed; }));
    }
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
    floods_until_it_is_ended(flood, 20);
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

TEST_P(DeviceLimits, EndWhoStaysAboveItsValues) {
    credential("flood", "LP-1", {.values_per_s = 10});
    start();
    Device flood(io_);
    floods_until_it_is_ended(flood, 100);
    if (GetParam() == Version::v5) EXPECT_EQ(flood.reason, Reason::quota_exceeded);
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

TEST_P(DeviceLimits, ThrottleWrongSignInsAndNeverARightOne) {
    credential("wrong", "LP-1");
    credential("right", "LP-1");
    start();
    const std::string secret = secrets_["wrong"];
    secrets_["wrong"] = "not that";
    Device wrong(io_);
    const bool v5 = GetParam() == Version::v5;
    for (int i = 0; i < 5; ++i) {
        EXPECT_FALSE(connect(wrong, "wrong"));
        EXPECT_EQ(wrong.client.refused_with(), Reason::bad_user_name_or_password) << i;
    }
    bool answered = false;
    asio::co_spawn(
        io_,
        [](Device& one, net::MqttClientSettings how) -> asio::awaitable<void> {
            EXPECT_FALSE((co_await one.client.connect(std::move(how))).ok());
        }(wrong, {.port = server_->ports().mqtt,
                  .version = GetParam(),
                  .client_id = "wrong",
                  .user_name = "wrong",
                  .password = secrets_["wrong"]}),
        [&answered](const std::exception_ptr&) { answered = true; });
    run_until([&] { return figure("vigie_ingest_throttled_total") == 1; });
    const std::string answer = post("wrong", observation_of("LP-1", 100));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 429")) << "the same count at both doors";
    EXPECT_THAT(answer, HasSubstr("Retry-After: 1\r\n"));
    for (int i = 0; i < 30; ++i) {
        const std::string name = "nobody" + std::to_string(i);
        secrets_[name] = "x";
        EXPECT_THAT(post(name, "{}"), StartsWith(i < 15 ? "HTTP/1.1 401" : "HTTP/1.1 429"))
            << "20 of an address, and not one more: " << i;
    }
    Device right(io_);
    EXPECT_TRUE(connect(right, "right")) << "behind the same address";
    EXPECT_THAT(post("right", observation_of("LP-1", 100)), StartsWith("HTTP/1.1 200"));
    clock_.advance(999ms);
    Device next(io_);
    EXPECT_TRUE(connect(next, "right"));
    EXPECT_FALSE(answered) << "a wrong one too many, not before its time";
    clock_.advance(1ms);
    run_until([&] { return answered; });
    EXPECT_EQ(wrong.client.refused_with(),
              v5 ? Reason::quota_exceeded : Reason::server_unavailable);
    secrets_["wrong"] = secret;
    EXPECT_TRUE(connect(wrong, "wrong")) << "mended, it need not wait";
    EXPECT_EQ(figure("vigie_ingest_throttled_total"), 17);
}

TEST_P(DeviceLimits, LetNoStrangerHoldMemoryWithABodyThatIsStillOnItsWay) {
    start();
    const std::string head =
        "POST /ingest/v1/observations HTTP/1.1\r\nHost: x\r\n"
        "Content-Type: application/json\r\nContent-Length: 8000000\r\n";
    const auto port = server_->ports().device_http;
    EXPECT_THAT(ask(port, head + "Authorization: Bearer wrong\r\n\r\n{"),
                StartsWith("HTTP/1.1 401"));
    EXPECT_THAT(ask(port, head + "\r\n{"), StartsWith("HTTP/1.1 401"));
}

TEST_P(DeviceLimits, LookAtSoManyWrongSecretsOfAnAddressAndNotAtOneMore) {
    credential("known", "LP-1");
    credential("new", "LP-2");
    start();
    Device device(io_);
    ASSERT_TRUE(connect(device, "known"));
    secrets_["nobody"] = "not that";
    const auto most = ingest::GuessLimits{}.wrong_per_minute_max;
    for (std::size_t i = 0; i < most; ++i)
        ASSERT_THAT(post("nobody", "{}"), StartsWith(i < 5 ? "HTTP/1.1 401" : "HTTP/1.1 429"));
    EXPECT_EQ(figure("vigie_ingest_unread_sign_ins_total"), 0);
    EXPECT_THAT(post("nobody", "{}"), HasSubstr("Retry-After: 60\r\n"));
    EXPECT_EQ(figure("vigie_ingest_unread_sign_ins_total"), 1);
    EXPECT_THAT(post("new", observation_of("LP-2", 100)), StartsWith("HTTP/1.1 429"))
        << "nobody looked whether it is right";
    Device again(io_);
    EXPECT_TRUE(connect(again, "known")) << "a neighbour that came in before";
    EXPECT_THAT(post("known", observation_of("LP-1", 100)), StartsWith("HTTP/1.1 200"));
    clock_.advance(1min);
    EXPECT_THAT(post("new", observation_of("LP-2", 100)), StartsWith("HTTP/1.1 200"));
}

TEST_P(DeviceLimits, HoldConnectionsAtNAndNPlusOne) {
    settings_.device.connections_max = 2;
    credential("gateway", "LP-1");
    for (const char* name : {"1", "2", "3"})
        credential(name, "LP-1");
    start();
    Device first(io_);
    Device second(io_);
    Device third(io_);
    EXPECT_TRUE(connect(first, "1"));
    EXPECT_TRUE(connect(second, "2"));
    EXPECT_FALSE(connect(third, "3"));
    EXPECT_EQ(figure("vigie_mqtt_turned_away_total"), 1);
    EXPECT_THAT(post("gateway", observation_of("LP-1", 100)), StartsWith("HTTP/1.1 200"))
        << "the other doors have their own";
}

TEST_P(DeviceLimits, CountSubscriptionsAndConnectionsToo) {
    credential("busy", "LP-1", {.messages_per_s = 10, .messages_burst = 20});
    start();
    Device busy(io_);
    ASSERT_TRUE(connect(busy, "busy"));
    std::size_t answered = 0;
    for (int i = 0; i < 25; ++i) {
        asio::co_spawn(
            io_,
            [](Device& one) -> asio::awaitable<void> {
                co_await one.client.subscribe({{"vigie/v1/LP-1/commands", Qos::at_least_once}});
            }(busy),
            [&answered](const std::exception_ptr&) { ++answered; });
    }
    ASSERT_TRUE(
        run_until([&] { return answered == 20 && figure("vigie_mqtt_slowed_total") >= 1; }));
    clock_.advance(500ms);
    ASSERT_TRUE(run_until([&] { return answered == 25; }));
    for (int i = 0; i < 20; ++i) {  // a whole burst again
        Device another(io_);
        EXPECT_TRUE(connect(another, "busy")) << i;
    }
    Device one_more(io_);
    EXPECT_FALSE(connect(one_more, "busy"));
    EXPECT_EQ(one_more.client.refused_with(), GetParam() == Version::v5
                                                  ? Reason::connection_rate_exceeded
                                                  : Reason::server_unavailable);
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
