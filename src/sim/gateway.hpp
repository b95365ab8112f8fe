// One device or gateway on the wire: an MQTT connection that comes back, and what waits to be
// said on it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "sim/random.hpp"
#include "vigie/net/mqtt_client.hpp"

namespace vigie::sim {

// Of all gateways together.
struct WireCounts {
    std::uint64_t sent{};     // PUBLISH packets of QoS 1 queued on a connection, repeats included
    std::uint64_t acked{};    // acknowledged with success
    std::uint64_t refused{};  // acknowledged with a failure
    std::uint64_t resent{};   // open when the connection ended: said again on the next one
    std::uint64_t dropped{};  // outbox full: the oldest was forgotten
    std::uint64_t connections_failed{};
    std::uint64_t connected{};  // now
    std::uint64_t waiting{};    // now, in outboxes
    std::string last_refusal;   // reason and text, for a person
};

// How long to wait before attempt `attempt` (from 1): doubles from `first` up to 64 times it, of
// which a random part between half and all is taken, so that a thousand gateways do not knock at
// once. `chance` is in [0, 1).
[[nodiscard]] std::chrono::milliseconds back_off(int attempt, double chance,
                                                 std::chrono::milliseconds first);

// All members on the executor's thread.
class Gateway {
public:
    static constexpr std::size_t outbox_messages_max = 2'000;

    // `counts` outlives the gateway.
    Gateway(const boost::asio::any_io_executor& executor, net::MqttClientSettings settings,
            std::chrono::milliseconds retry_first, std::uint64_t seed, WireCounts& counts);
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    // Connects after `delay`, and again whenever the connection ends, until stopped. The gateway
    // must outlive the coroutine.
    boost::asio::awaitable<void> run(std::chrono::milliseconds delay);
    // QoS 1. Kept until acknowledged, over connections.
    void say(std::string topic, std::string payload);
    // Ends the connection with DISCONNECT, and run() with it.
    boost::asio::awaitable<void> stop();
    // Said and not acknowledged, or not yet said.
    [[nodiscard]] std::size_t unsettled() const { return outbox_.size() + open_; }
    [[nodiscard]] bool is_connected() const { return client_.is_connected(); }

private:
    struct Message {
        std::string topic;
        std::string payload;
    };
    boost::asio::awaitable<void> wait(std::chrono::milliseconds time);
    void pump();
    void settled(Message message, const net::MqttAcknowledgement& answer);
    void keep(Message message, bool first);

    net::MqttClientSettings settings_;
    std::chrono::milliseconds retry_first_;
    WireCounts& counts_;
    Random random_;
    std::deque<Message> outbox_;
    std::size_t open_{};
    bool stopping_{};
    bool pumping_{};
    boost::asio::steady_timer timer_;
    net::MqttClient client_;  // last: its end tells what is open, to the members above
};

}  // namespace vigie::sim
