// The MQTT endpoint on sockets: listeners, connections, sessions.
//
// A connection lives on the io_context that was chosen when it was accepted, and never moves. Each
// io_context must be run by exactly one thread; that is what guards a connection's state.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/limits.hpp"
#include "vigie/base/time.hpp"
#include "vigie/net/mqtt_handler.hpp"

namespace boost::asio {
class io_context;
}

namespace vigie::net {

struct MqttTls {
    std::string certificate_chain_file{};  // PEM
    std::string private_key_file{};        // PEM
    std::string client_ca_file{};          // PEM; empty: no client certificate is asked for
    bool client_certificate_required{false};
};

struct MqttListener {
    std::string address{"127.0.0.1"};
    std::uint16_t port{1883};  // 0: any free one
    std::optional<MqttTls> tls{};
};

struct MqttServerSettings {
    std::vector<MqttListener> listeners{};
    std::uint16_t receive_max{1'000};  // QoS 1 and 2 messages in flight per connection
    std::size_t packet_bytes_max{base::limits::mqtt_packet_bytes_max};
    std::uint16_t topic_alias_max{64};
    std::uint16_t keep_alive_s_max{3'600};  // 5.0 clients are held to it
    std::uint32_t session_expiry_s_max{7 * 86'400};
    std::size_t connections_max{100'000};  // beyond: closed at once
    // The same for those whose client has not signed in yet, in all and from one address (a /64 of
    // IPv6).
    std::size_t strangers_max{10'000};
    std::size_t strangers_per_address_max{1'000};
    // Of one address, kept waiting for the answer to a wrong sign-in; beyond: closed at once. Each
    // as long as MqttConnectDecision says, but no longer than:
    std::size_t held_per_address_max{20};
    std::chrono::seconds held_max{10};
    std::size_t wills_waiting_bytes_max{16UL * 1024 * 1024};  // for room, an io thread
    std::size_t output_bytes_max{1024 * 1024};  // a client that never reads is cut off
    std::size_t deliveries_max{1'000};          // queued for one connection
    std::size_t subscriptions_max{1'000};       // of one session
    std::size_t filters_bytes_max{64 * 1024};   // the same: the text of all its filters together
    // The same of all sessions of one owner; those of an earlier run count once their client is
    // back. In memory it takes four times that, here and at the handler.
    std::size_t filters_bytes_per_owner_max{8 * 1024 * 1024};
    std::size_t filters_per_packet_max{base::limits::mqtt_filters_per_packet_max};
    std::size_t sessions_max{200'000};  // kept for absent clients
    // Of one owner, with an expiry, client connected or not; beyond: CONNECT of another is refused
    // (a client that has one may always come back to it).
    std::size_t sessions_per_owner_max{1'000};
    std::chrono::seconds connect_within{10};  // TLS, CONNECT and the answer
    std::chrono::seconds write_within{30};    // progress of output, or cut off
    std::chrono::milliseconds tick{250};      // how often time limits are looked at
};

// Counted since start, but connections and sessions, which are present numbers.
struct MqttCounters {
    std::atomic<std::uint64_t> connections{0};
    std::atomic<std::uint64_t> sessions{0};
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> refused{0};      // CONNACK with a failure
    std::atomic<std::uint64_t> turned_away{0};  // one connection too many: closed at once
    std::atomic<std::uint64_t> taken_over{0};
    std::atomic<std::uint64_t> messages_in_qos0{0};
    std::atomic<std::uint64_t> messages_in_qos1{0};
    std::atomic<std::uint64_t> messages_in_qos2{0};
    std::atomic<std::uint64_t> dropped_qos0{0};    // no room
    std::atomic<std::uint64_t> retained_3_1_1{0};  // taken as ordinary ones
    std::atomic<std::uint64_t> messages_out{0};
    std::atomic<std::uint64_t> expired_out{0};      // never written: their time was over
    std::atomic<std::uint64_t> protocol_errors{0};  // malformed packets and broken rules
    std::atomic<std::uint64_t> keep_alive_timeouts{0};
    std::atomic<std::uint64_t> cut_off{0};             // did not read what was sent
    std::atomic<std::uint64_t> pauses{0};              // reading stopped for want of room
    std::atomic<std::uint64_t> slowed{0};              // reading stopped above a rate
    std::atomic<std::uint64_t> dropped_above_rate{0};  // QoS 0
    std::atomic<std::uint64_t> wills_lost{0};          // no room for as long
    std::atomic<std::uint64_t> ended_above_rate{0};    // connections
    std::atomic<std::uint64_t> bytes_in{0};
    std::atomic<std::uint64_t> bytes_out{0};
};

struct MqttCompletion {
    MqttTicket ticket{};
    wire::mqtt::Reason reason{wire::mqtt::Reason::success};
    std::string text{};  // the reason string; empty for none
};

// A message for clients. It is never written to a socket at or after `expires_at`, nor sent again
// (a stated deviation from MQTT-4.4.0-1).
struct MqttDelivery {
    std::string topic{};
    std::string payload{};
    wire::mqtt::Qos qos{wire::mqtt::Qos::at_least_once};  // 0 or 1; lowered to what was granted
    std::optional<base::Instant> expires_at{};
    std::uint64_t tag{0};  // comes back in MqttHandler::delivered
};

class MqttServer {
public:
    // `clock` and `handler` outlive the server, and so do the contexts. Loads the certificates:
    // throws when one cannot be read.
    MqttServer(std::span<boost::asio::io_context* const> contexts, MqttServerSettings settings,
               const base::Clock& clock, MqttHandler& handler);
    // stop() must have returned, or the contexts must no longer run.
    ~MqttServer();
    MqttServer(const MqttServer&) = delete;
    MqttServer& operator=(const MqttServer&) = delete;

    // Binds and listens; throws boost::system::system_error when it cannot.
    void start();
    // The bound port of each listener, in the order of the settings. After start().
    [[nodiscard]] std::vector<std::uint16_t> ports() const;

    // All below: from any thread.

    // The promise is kept: acknowledge. Any order; each connection's acknowledgements still go out
    // in the order of its messages. One task is posted per io thread, so give many at once.
    void complete(std::vector<MqttCompletion> completions);

    // There is room again: offers what was `busy` once more, and reads on.
    void resume();

    // To every connected client that subscribed to the topic and may receive it, or to the one
    // client named. The number of connections it was handed to; `delivered` tells how each ended.
    std::size_t send(MqttDelivery delivery);
    // How many connections send() would hand it to now.
    [[nodiscard]] std::size_t hears(std::string_view topic) const;
    std::size_t send_to(const std::string& owner, const std::string& client_id,
                        MqttDelivery delivery);

    // Ends the connection of a client (a revoked credential); false when it has none. Without
    // `client_id`: all connections of the owner.
    bool disconnect(const std::string& owner, const std::optional<std::string>& client_id,
                    wire::mqtt::Reason reason);

    [[nodiscard]] const MqttCounters& counters() const;

    // Stops accepting and reading, lets pending acknowledgements go out, says goodbye (DISCONNECT
    // server_shutting_down in 5.0) and closes, all within `limit`; then closes what is left. Blocks
    // until done: never call it on an io thread. A second call returns at once.
    void stop(std::chrono::milliseconds limit);

private:
    class Impl;
    std::shared_ptr<Impl> impl_{};
};

}  // namespace vigie::net
