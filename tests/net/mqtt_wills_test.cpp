// Wills and the rows that hold them, when something comes between.
#include <gtest/gtest.h>

#include "tests/net/mqtt_bench.hpp"

namespace vigie::net {
namespace {

using std::chrono::seconds;
using wire::mqtt::Qos;

class MqttWillsTest : public MqttBench {
protected:
    MqttClientSettings with_will(const std::string& payload, bool clean = false,
                                 std::uint32_t expiry_s = 60) {
        auto settings = as("one");
        settings.clean_start = clean;
        settings.session_expiry_s = expiry_s;
        settings.will = MqttClientWill{.topic = "w", .payload = payload, .delay_s = 30};
        return settings;
    }
    // Its CONNACK is not waited for; `answered` counts those that got one, or none for ever.
    void begin(MqttClient& client, MqttClientSettings settings) {
        boost::asio::co_spawn(
            io,
            [](MqttClient& one, MqttClientSettings how) -> boost::asio::awaitable<void> {
                static_cast<void>(co_await one.connect(std::move(how)));
            }(client, std::move(settings)),
            [this](const std::exception_ptr&) { ++answered; });
        run_until([&] { return server->counters().connections.load() != 0; });
    }
    // The client side runs meanwhile.
    bool told(const std::string& line) {
        return run_until([&] { return handler.has(line); }) && handler.expect(line);
    }
    void wait_until_gone() {
        run_until([this] { return server->counters().connections.load() == 0; });
    }
    // A session with a subscription, whose client is gone and whose will waits.
    MqttStoredSession leave_will(const std::string& payload) {
        MqttClient client{io.get_executor()};
        EXPECT_TRUE(connect(client, with_will(payload)));
        wait_for(client.subscribe({{"c", Qos::at_least_once}}));
        client.abort();
        wait_until_gone();
        EXPECT_TRUE(
            run_until([this] { return handler.row("owner/one")->will_due_at.has_value(); }));
        return *handler.row("owner/one");
    }
    void cut_who_is_not_let_in() {
        const std::size_t before_it = answered;
        clock.advance(MqttServerSettings{}.connect_within);
        run_until([&] { return answered != before_it; });
        handler.rows.loads.open();
        handler.rows.changes.open();
        wait_until_gone();
    }
    bool is_as_it_was() {
        const auto row = handler.row("owner/one");
        return row && before && row->will == before->will &&
               row->will_due_at == before->will_due_at && row->expires_at == before->expires_at &&
               row->expiry_s == before->expiry_s && row->subscriptions == before->subscriptions;
    }

    std::optional<MqttStoredSession> before;
    std::size_t answered{0};
};

TEST_F(MqttWillsTest, WhoIsNotLetInLeavesTheRowAsItWas) {
    start({}, 1);
    for (const bool clean : {false, true}) {
        for (const std::uint32_t expiry_s : {60U, 0U}) {
            before = leave_will("first");
            handler.rows.changes.close();
            MqttClient second{io.get_executor()};
            begin(second, with_will("second", clean, expiry_s));
            run_until([this] { return !is_as_it_was(); });
            cut_who_is_not_let_in();
            ASSERT_TRUE(is_as_it_was()) << clean << expiry_s;
            clock.advance(seconds{30});
            EXPECT_TRUE(told("will w=first"));
            EXPECT_FALSE(handler.row("owner/one")->will) << "published once, also after a restart";
            EXPECT_FALSE(handler.has("will w=second"));
            MqttClient again{io.get_executor()};
            ASSERT_TRUE(connect(again, as("one")));
            wait_for(again.disconnect());
            wait_until_gone();
        }
    }
}

TEST_F(MqttWillsTest, WhoIsNotLetInLeavesNoRowWhereThereWasNone) {
    start({}, 1);
    handler.rows.changes.close();
    MqttClient client{io.get_executor()};
    begin(client, with_will("gone"));
    run_until([this] { return handler.row("owner/one").has_value(); });
    cut_who_is_not_let_in();
    EXPECT_FALSE(handler.row("owner/one"));
    EXPECT_FALSE(handler.has("will w=gone"));
}

TEST_F(MqttWillsTest, OfSeveralWhoAreNotLetInTheFirstKnowsHowItWas) {
    start({}, 2);
    before = leave_will("first");
    stop();
    start({}, 2);  // what there is of the session is in its row alone
    handler.rows.changes.close();
    MqttClient second{io.get_executor()};
    begin(second, with_will("second", true));
    run_until([this] { return !is_as_it_was(); });
    MqttClient third{io.get_executor()};
    begin(third, with_will("third"));
    EXPECT_TRUE(run_until([this] {
        const auto row = handler.row("owner/one");
        return row->will && row->will->payload == "third";
    }));
    EXPECT_EQ(handler.row("owner/one")->subscriptions, before->subscriptions)
        << "the second's clean start came to nothing";
    EXPECT_TRUE(run_until([this] { return answered == 1; })) << "the second is told to go";
    cut_who_is_not_let_in();
    EXPECT_TRUE(is_as_it_was());
}

TEST_F(MqttWillsTest, OfWhoIsTakenOverIsForgottenAlsoWhenTheOtherIsNotLetIn) {
    start({}, 1);
    MqttClient first{io.get_executor()};
    ASSERT_TRUE(connect(first, with_will("gone", true, 0)));
    EXPECT_TRUE(run_until([this] { return handler.row("owner/one").has_value(); }));
    handler.rows.loads.close();
    MqttClient second{io.get_executor()};
    begin(second, with_will("second", true, 0));
    EXPECT_TRUE(told("will w=gone"));
    EXPECT_FALSE(handler.row("owner/one")) << "it would be published again at the next start";
    cut_who_is_not_let_in();
    EXPECT_FALSE(handler.row("owner/one"));
}

TEST_F(MqttWillsTest, ThatNoRowHoldsAreCountedAsLostAtTheEnd) {
    start({}, 1);
    leave_will("first");
    handler.set_room(false);
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, as("one")));  // a clean start: the will is published, or would be
    server->stop(std::chrono::milliseconds{1});
    EXPECT_EQ(server->counters().wills_lost, 1U);
}

TEST_F(MqttWillsTest, ThatWaitForRoomAreHeldByTheirRowUntilTheClientIsBack) {
    for (const bool back : {false, true}) {
        handler.set_room(true);
        start({}, 1);
        leave_will("first");
        handler.set_room(false);
        clock.advance(seconds{30});
        EXPECT_TRUE(run_until([this] { return handler.wills_refused != 0; }));
        MqttClient client{io.get_executor()};
        if (back) {
            auto settings = with_will("second");
            settings.will.reset();
            ASSERT_TRUE(connect(client, settings));
        }
        server->stop(std::chrono::milliseconds{1});
        EXPECT_EQ(server->counters().wills_lost, back ? 1U : 0U);
        stop();
        handler.wills_refused = 0;
    }
}

}  // namespace
}  // namespace vigie::net
