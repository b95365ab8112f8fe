// An MQTT client on Asio: 3.1.1 and 5.0, QoS 0, 1 and 2 both ways.
//
// Small on purpose: it connects once, and says when the connection is over; when to try again is
// the caller's decision. All members must be called on the executor's thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/limits.hpp"
#include "vigie/base/result.hpp"
#include "vigie/wire/mqtt/packets.hpp"

namespace vigie::net {

struct MqttClientWill {
    std::string topic{};
    std::string payload{};
    wire::mqtt::Qos qos{};
    bool retain{false};
    std::uint32_t delay_s{0};  // 5.0
};

struct MqttClientSettings {
    std::string host{"127.0.0.1"};
    std::uint16_t port{1883};
    wire::mqtt::Version version{wire::mqtt::Version::v5};
    std::string client_id{};  // empty: the server assigns one
    std::optional<std::string> user_name{};
    std::optional<std::string> password{};
    bool clean_start{true};
    std::uint32_t session_expiry_s{0};  // 5.0
    std::uint16_t keep_alive_s{60};     // pings by itself; 0: never
    std::uint16_t receive_max{100};     // 5.0: of messages to us
    std::size_t packet_bytes_max{base::limits::mqtt_packet_bytes_max};
    std::size_t in_flight_max{100};  // QoS 1 and 2; the server's receive maximum also holds
    std::size_t queued_max{10'000};  // waiting for a place in flight, or for the socket
    std::optional<MqttClientWill> will{};
    std::string ca_file{};           // not empty: TLS, and the server's certificate is verified
    std::string certificate_file{};  // client certificate (PEM) and its key; empty: none
    std::string private_key_file{};
};

struct MqttConnected {
    bool session_present{false};
    std::string client_id{};            // ours, or the assigned one
    std::uint16_t keep_alive_s{0};      // in force
    std::uint16_t receive_max{0};       // of the server
    std::uint32_t packet_bytes_max{0};  // of the server; 0: no limit
    bool retain_available{true};
};

// The answer to a publication. `lost`: the connection ended first; whether it arrived is not known.
struct MqttAcknowledgement {
    bool lost{false};
    wire::mqtt::Reason reason{wire::mqtt::Reason::success};
    std::string text{};  // the reason string
    [[nodiscard]] bool ok() const { return !lost && !wire::mqtt::is_failure(reason); }
};

class MqttClient {
public:
    using OnAcknowledged = std::function<void(const MqttAcknowledgement&)>;
    // Views live during the call. Acknowledged on return.
    using OnMessage = std::function<void(const wire::mqtt::Publish&)>;
    // Once per connection, after connect() succeeded. Every publication still open has been told
    // `lost` before. `by_server`: a DISCONNECT came; its reason.
    using OnClosed = std::function<void(std::optional<wire::mqtt::Reason> by_server)>;

    explicit MqttClient(boost::asio::any_io_executor executor);
    // Closes at once; callbacks that wait are told `lost`.
    ~MqttClient();
    MqttClient(const MqttClient&) = delete;
    MqttClient& operator=(const MqttClient&) = delete;

    void on_message(OnMessage callback);
    void on_closed(OnClosed callback);

    // Resolves, connects, shakes hands and waits for CONNACK. unauthenticated, forbidden: refused
    // with that meaning; unavailable: everything else. Cancel by destroying the client. After a
    // connection closed, it may be called again.
    boost::asio::awaitable<base::Result<MqttConnected>> connect(MqttClientSettings settings);
    [[nodiscard]] bool is_connected() const;
    // Why connect() failed last, as the server said it; nothing when it said nothing.
    [[nodiscard]] std::optional<wire::mqtt::Reason> refused_with() const;

    // Queues without waiting; false (and nothing is kept) when not connected or the queue is full.
    // QoS 1 and 2: `callback`, when given, is called once. Many calls become one write.
    bool publish_soon(const wire::mqtt::Publish& message, OnAcknowledged callback = {});
    // Sends and waits: QoS 0 returns when queued, QoS 1 at PUBACK, QoS 2 at PUBCOMP.
    boost::asio::awaitable<MqttAcknowledgement> publish(std::string topic, std::string payload,
                                                        wire::mqtt::Qos qos, bool retain = false);
    // Publications of QoS 1 and 2 without an answer yet.
    [[nodiscard]] std::size_t open() const;
    // Those of them that the kernel has taken to the last byte: on their way, or answered unheard.
    [[nodiscard]] std::size_t on_the_wire() const;

    // The server's answer for each filter, in order; empty when the connection ended first.
    boost::asio::awaitable<std::vector<wire::mqtt::Reason>> subscribe(
        std::vector<std::pair<std::string, wire::mqtt::Qos>> filters);
    boost::asio::awaitable<std::vector<wire::mqtt::Reason>> unsubscribe(
        std::vector<std::string> filters);

    // DISCONNECT, when what was queued is written; then closes. A reason other than success: 5.0.
    boost::asio::awaitable<void> disconnect(
        wire::mqtt::Reason reason = wire::mqtt::Reason::success);
    // Closes the socket without a word: the server publishes the will.
    void abort();

private:
    class Impl;
    std::shared_ptr<Impl> impl_{};
};

}  // namespace vigie::net
