// A connection as the client sees it: bytes in, events out; calls in, bytes out. No socket, no
// clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vigie/base/limits.hpp"
#include "vigie/wire/mqtt/inbound.hpp"
#include "vigie/wire/mqtt/outbound.hpp"
#include "vigie/wire/mqtt/packets.hpp"

namespace vigie::wire::mqtt {

struct ClientLimits {
    std::uint16_t receive_max{100};  // told to the server in 5.0
    std::uint32_t packet_bytes_max{base::limits::mqtt_packet_bytes_max};
    std::size_t in_flight_max{100};  // the server's receive maximum holds as well
};

// All views live until the bytes given to next() change, or the next call of next().

// After a failure the connection is over.
struct ConnackEvent {
    Connack connack;
};
// QoS 1 and 2: complete(handle) acknowledges.
struct MessageEvent {
    Publish publish;
    PacketHandle handle{0};
};
// PUBACK, PUBCOMP, or the PUBREC that refused.
struct AnsweredEvent {
    std::uint64_t tag{0};
    Reason reason{};
    std::string_view text{};
};
// SUBACK and UNSUBACK.
struct GrantedEvent {
    std::uint64_t tag{0};
    std::vector<Reason> reasons;
};
struct ServerGoodbyeEvent {
    Reason reason{};
    std::string_view text{};
};
struct PongEvent {};
// The server broke the protocol: write what output() holds, and close.
struct ServerFaultEvent {
    Fault fault;
};
using ClientEvent = std::variant<std::monostate, ConnackEvent, MessageEvent, AnsweredEvent,
                                 GrantedEvent, ServerGoodbyeEvent, PongEvent, ServerFaultEvent>;

class ClientConnection {
public:
    // Writes CONNECT; receive maximum and maximum packet size are put into it.
    ClientConnection(const Connect& connect, const Properties& properties,
                     const ClientLimits& limits);

    // As ServerConnection::next.
    ClientEvent next(std::string_view input, std::size_t& consumed);

    enum class Sent : std::uint8_t {
        sent,
        window_full,
        refused,  // not connected, or nothing this server takes: size, retain, QoS
    };
    // The packet identifier is given here; `tag` comes back in AnsweredEvent (QoS 1 and 2).
    Sent publish(Publish message, std::uint64_t tag);
    Sent subscribe(std::vector<Subscription> subscriptions, std::uint64_t tag);
    Sent unsubscribe(std::vector<std::string_view> filters, std::uint64_t tag);
    bool complete(PacketHandle handle, Reason reason = Reason::success);
    void ping();
    void disconnect(Reason reason);

    [[nodiscard]] std::string& output() { return output_; }
    [[nodiscard]] bool is_connected() const { return state_ == State::connected; }
    [[nodiscard]] bool has_room() const { return outbound_.has_room(); }
    [[nodiscard]] std::size_t in_flight() const { return outbound_.publications(); }
    // As the server set it, or as asked.
    [[nodiscard]] std::uint16_t keep_alive_s() const { return keep_alive_s_; }
    // The tags of everything without an answer; forgets them.
    std::vector<std::uint64_t> drop_unanswered() { return outbound_.drop_all(); }

private:
    enum class State : std::uint8_t { asked, connected, closed };
    std::optional<ClientEvent> on_packet(const Packet& packet);
    ClientEvent on_connack(const Connack& connack);
    std::optional<ClientEvent> on_publish(const Publish& publish);
    std::optional<ClientEvent> on_ack(const Ack& ack);
    ClientEvent fail(const Fault& fault);
    [[nodiscard]] bool fits(std::size_t bytes) const {
        return server_packet_bytes_max_ == 0 || bytes <= server_packet_bytes_max_;
    }

    ClientLimits limits_;
    State state_{State::asked};
    Version version_;
    std::string output_;
    Inbound inbound_;
    Outbound outbound_;
    std::uint16_t keep_alive_s_;
    std::uint32_t server_packet_bytes_max_{0};
    Qos server_qos_max_{Qos::exactly_once};
    bool server_retains_{true};
};

}  // namespace vigie::wire::mqtt
