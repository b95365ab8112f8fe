// Messages of QoS 2 that nothing in them tells from new ones: remembered with the session, from
// before they are taken until they are released, also across a restart of the server.
#include <gtest/gtest.h>

#include "tests/net/mqtt_raw_peer.hpp"

namespace vigie::net {

namespace {

constexpr std::string_view untimed = "34 0f 00 09 'untimed/t' 0001 00 'x'";
constexpr std::string_view untimed_again = "3c 0f 00 09 'untimed/t' 0001 00 'x'";
constexpr std::string_view untimed_received = "50 02 0001";
constexpr std::string_view untimed_release = "62 02 0001";
constexpr std::string_view untimed_complete = "70 02 0001";

std::string spaced(std::string_view text) {
    return wire::mqtt::shown(wire::mqtt::bytes(text));
}

}  // namespace

class MqttExactlyOnce : public MqttRawTest {
protected:
    // The session lasts a minute, and is resumed.
    std::unique_ptr<MqttRawPeer> join() {
        auto peer = std::make_unique<MqttRawPeer>(io, server->ports().front());
        peer->greet("a", "0000", "05 11 0000003c", "c0");
        welcome(*peer);
        EXPECT_TRUE(handler.expect("saved owner/a"));
        return peer;
    }
    void hang_up(std::unique_ptr<MqttRawPeer>& peer) {
        peer.reset();
        EXPECT_TRUE(handler.expect("disconnected a 128"));
        EXPECT_TRUE(handler.expect("saved owner/a"));
    }
    // Whose first message was remembered, taken and answered before the server was started anew.
    std::unique_ptr<MqttRawPeer> back_after_a_restart() {
        start();
        auto peer = join();
        give_new(*peer, untimed, "publish untimed/t=x of " + now());
        hang_up(peer);
        restart();
        return join();
    }
    // On the same thread of the server: what it could do before is done once this one is answered.
    std::unique_ptr<MqttRawPeer> neighbour() {
        auto peer = std::make_unique<MqttRawPeer>(io, server->ports().front());
        peer->greet("b");
        welcome(*peer);
        return peer;
    }
    void let_speak(MqttRawPeer& peer) {
        give(peer, "32 07 00 01 't' 0001 00 'n'", "publish t=n", "40 02 0001");
    }
    void restart() {
        stop();
        clock.advance(std::chrono::seconds{5});
        start({}, 1);
    }
    // Told, and answered with PUBREC.
    void give(MqttRawPeer& peer, std::string_view packet, const std::string& told,
              std::string_view answer = untimed_received) {
        peer.send(packet);
        EXPECT_TRUE(handler.expect(told));
        EXPECT_EQ(read(peer, 4), spaced(answer));
    }
    // The first time: remembered before.
    void give_new(MqttRawPeer& peer, std::string_view packet, const std::string& told,
                  std::string_view answer = untimed_received) {
        give(peer, packet, told, answer);
        EXPECT_TRUE(handler.expect("saved owner/a"));
    }
    [[nodiscard]] std::string now() const { return std::to_string(base::epoch_ms(clock.now())); }
    // Since when, by packet identifier.
    [[nodiscard]] std::map<std::uint16_t, base::Instant> remembered() {
        std::map<std::uint16_t, base::Instant> since;
        for (const auto& [packet_id, one] : handler.row("owner/a")->remembered)
            since.emplace(packet_id, one.at);
        return since;
    }
    using Since = std::map<std::uint16_t, base::Instant>;
};

TEST_F(MqttExactlyOnce, IsRememberedBeforeItIsTaken) {
    start({}, 1);
    auto peer = join();
    auto other = neighbour();
    handler.rows.changes.close();
    peer->send(untimed);
    EXPECT_TRUE(handler.expect("saved owner/a"));
    EXPECT_EQ(remembered(), (Since{{1, clock.now()}}));
    let_speak(*other);
    EXPECT_EQ(handler.messages, 1U) << "but for the neighbour's";
    handler.rows.changes.open();
    EXPECT_TRUE(handler.expect("publish untimed/t=x of " + now()));
    EXPECT_EQ(read(*peer, 4), spaced(untimed_received));
}

TEST_F(MqttExactlyOnce, IsTheSameAfterARestartUntilItIsReleased) {
    start();
    const std::string told = "publish untimed/t=x of " + now();
    auto peer = join();
    give_new(*peer, untimed, told);
    for (int i = 0; i < 2; ++i) {
        hang_up(peer);
        restart();
        peer = join();
        give(*peer, untimed_again, told);
    }
    auto other = neighbour();
    handler.rows.changes.close();
    peer->send(untimed_release);
    run_until([this] { return remembered().empty(); });
    let_speak(*other);
    EXPECT_EQ(peer->socket.available(), 0U) << "PUBCOMP waits until it is forgotten";
    handler.rows.changes.open();
    EXPECT_EQ(read(*peer, 4), spaced(untimed_complete));
    give_new(*peer, untimed, "publish untimed/t=x of " + now());
}

TEST_F(MqttExactlyOnce, IsReleasedByWhoGotItsPubrecBeforeTheRestart) {
    auto peer = back_after_a_restart();
    peer->send(untimed_release);
    EXPECT_EQ(read(*peer, 4), spaced(untimed_complete)) << "with success: it is known";
    peer->send(untimed_release);
    EXPECT_EQ(read(*peer, 5), spaced("70 03 0001 92"));
}

TEST_F(MqttExactlyOnce, IsTheSameAfterTheConnectionEndedWithoutAPubrec) {
    start();
    handler.at_once = false;
    const std::string told = "publish untimed/t=x of " + now();
    auto peer = join();
    peer->send(untimed);
    EXPECT_TRUE(handler.expect(told));
    hang_up(peer);
    clock.advance(std::chrono::seconds{5});
    handler.at_once = true;
    peer = join();
    give(*peer, untimed_again, told);
}

TEST_F(MqttExactlyOnce, WhatIsNotSaidToBeSentAgainIsNew) {
    auto peer = back_after_a_restart();
    give_new(*peer, untimed, "publish untimed/t=x of " + now());
    EXPECT_EQ(remembered(), (Since{{1, clock.now()}}));
}

TEST_F(MqttExactlyOnce, AnotherMessageOfTheSameIdentifierIsNotTakenForIt) {
    auto peer = back_after_a_restart();
    // It was released and its identifier used again while the row could not be written.
    give_new(*peer, "3c 0f 00 09 'untimed/t' 0001 00 'y'", "publish untimed/t=y of " + now());
    EXPECT_EQ(remembered(), (Since{{1, clock.now()}}));
}

TEST_F(MqttExactlyOnce, IsStillTheSameWhenThereIsNoRoomForItAtFirst) {
    start({}, 1);
    auto peer = join();
    handler.rows.changes.close();
    peer->send(untimed);
    EXPECT_TRUE(handler.expect("saved owner/a"));
    const std::string told = "publish untimed/t=x of " + now();
    handler.set_room(false);
    handler.rows.changes.open();
    run_until([this] { return server->counters().pauses == 1; });
    clock.advance(std::chrono::seconds{5});
    handler.set_room(true);
    server->resume();
    EXPECT_TRUE(handler.expect(told));
    EXPECT_EQ(read(*peer, 4), spaced(untimed_received));
}

TEST_F(MqttExactlyOnce, IsTheSameForWhoTakesTheSessionOverMeanwhile) {
    start();
    auto peer = join();
    handler.rows.changes.close();
    peer->send(untimed);
    EXPECT_TRUE(handler.expect("saved owner/a"));
    const std::string told = "publish untimed/t=x of " + now();
    MqttRawPeer other{io, server->ports().front()};
    other.greet("a", "0000", "05 11 0000003c", "c0");
    EXPECT_TRUE(handler.expect("saved owner/a"));
    EXPECT_EQ(remembered(), (Since{{1, clock.now()}}));
    handler.rows.changes.open();
    welcome(other);
    EXPECT_TRUE(handler.expect("disconnected a 142"));
    EXPECT_EQ(handler.messages, 0U) << "not for who was displaced";
    clock.advance(std::chrono::seconds{5});
    give(other, untimed_again, told);
    EXPECT_EQ(remembered().size(), 1U);
}

TEST_F(MqttExactlyOnce, NothingIsRememberedWithoutASession) {
    start();
    MqttRawPeer peer{io, server->ports().front()};
    peer.greet("a");
    welcome(peer);
    give(peer, untimed, "publish untimed/t=x");
    peer.send(untimed_release);
    EXPECT_EQ(read(peer, 4), spaced(untimed_complete));
}

TEST_F(MqttExactlyOnce, ACleanStartForgets) {
    start();
    auto peer = join();
    give_new(*peer, untimed, "publish untimed/t=x of " + now());
    hang_up(peer);
    MqttRawPeer other{io, server->ports().front()};
    other.greet("a", "0000", "05 11 0000003c");
    welcome(other);
    EXPECT_TRUE(remembered().empty());
}

TEST_F(MqttExactlyOnce, NoMoreAreRememberedThanMayBeInFlightAtNAndNPlus1) {
    start({.receive_max = 2});
    auto peer = join();
    give_new(*peer, untimed, "publish untimed/t=x of " + now());
    clock.advance(std::chrono::milliseconds{1});
    const auto second_at = clock.now();
    give_new(*peer, "34 0f 00 09 'untimed/t' 0002 00 'y'", "publish untimed/t=y of " + now(),
             "50 02 0002");
    EXPECT_EQ(remembered().size(), 2U);
    hang_up(peer);
    stop();
    clock.advance(std::chrono::seconds{5});
    start({.receive_max = 2});
    peer = join();  // and remembers nothing of it
    give_new(*peer, "34 0f 00 09 'untimed/t' 0003 00 'z'", "publish untimed/t=z of " + now(),
             "50 02 0003");
    EXPECT_EQ(remembered(), (Since{{2, second_at}, {3, clock.now()}})) << "the oldest makes room";
}

}  // namespace vigie::net
