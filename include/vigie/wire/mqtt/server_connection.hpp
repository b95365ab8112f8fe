// One client's connection as the server sees it: bytes in, events out; calls in, bytes out.
//
// No socket and no clock. The owner reads bytes, asks for events until there are none, answers
// them, and writes what output() holds. A device gateway's rules are built in: retained messages
// and shared subscriptions are refused as 5.0 provides, QoS 2 comes in and QoS 0 and 1 go out.
#pragma once

#include <chrono>
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

// What this server grants at most.
struct ServerLimits {
    std::uint16_t receive_max{1'000};
    std::uint32_t packet_bytes_max{base::limits::mqtt_packet_bytes_max};
    std::uint32_t connect_bytes_max{base::limits::mqtt_connect_bytes_max};  // before that is over
    std::size_t filters_per_packet_max{base::limits::mqtt_filters_per_packet_max};
    std::uint16_t topic_alias_max{64};
    std::uint16_t keep_alive_s_max{3'600};  // 0: as the client likes
    std::uint32_t session_expiry_s_max{7 * 86'400};
    std::uint16_t in_flight_max{100};  // to a client, when it allows more
    std::size_t client_id_bytes_max{256};
};

// All views live until the bytes given to next() change, or the next call of next().

// The first packet. Nothing more comes before accept() or refuse().
struct ConnectEvent {
    Connect connect;
};
// `publish.topic` is the full one, also under an alias. QoS 1 and 2: complete(handle) answers.
struct PublishEvent {
    Publish publish;
    PacketHandle handle{0};
};
// Answer with suback(), one reason for each subscription. Filters are valid and not shared.
struct SubscribeEvent {
    Subscribe subscribe;
};
struct UnsubscribeEvent {
    Unsubscribe unsubscribe;
};
// The client's answer to a message of QoS 1.
struct DeliveredEvent {
    std::uint64_t tag{0};
    Reason reason{};
};
// The client's PUBREL: the identifier is free. Answer with pubcomp(), and with this reason when the
// owner knows no better: packet_identifier_not_found when no PUBREC went out here.
struct ReleaseEvent {
    std::uint16_t packet_id{0};
    Reason reason{};
};
// The client says goodbye: close. With `with_will` the will is published all the same.
struct DisconnectEvent {
    Reason reason{};
    bool with_will{false};
};
// The client broke the protocol: write what output() holds, if anything, and close.
struct FaultEvent {
    Fault fault;
};
using ServerEvent =
    std::variant<std::monostate, ConnectEvent, PublishEvent, SubscribeEvent, UnsubscribeEvent,
                 DeliveredEvent, ReleaseEvent, DisconnectEvent, FaultEvent>;

struct Acceptance {
    bool session_present{false};
    std::string_view assigned_client_id{};       // 5.0: told when not empty
    std::vector<std::uint16_t> received_qos2{};  // of the session that is resumed
    std::uint32_t packet_bytes_max{0};           // less than the server takes; 0: as much
};

class ServerConnection {
public:
    explicit ServerConnection(const ServerLimits& limits);

    // The next event in `input`, the unread bytes so far. Adds to `consumed` what it took off the
    // front; monostate when more bytes, an accept() or a complete() must come first.
    ServerEvent next(std::string_view input, std::size_t& consumed);

    void accept(const Acceptance& acceptance);
    void refuse(Reason reason, std::string_view text);
    // False when the handle is not waiting.
    bool complete(PacketHandle handle, Reason reason, std::string_view text);
    // Reasons beyond what 3.1.1 knows become its one failure there. A client that cannot take an
    // answer of that size is told goodbye instead: look at is_connected().
    void suback(std::uint16_t packet_id, std::vector<Reason> reasons);
    void unsuback(std::uint16_t packet_id, std::vector<Reason> reasons);
    void pubcomp(std::uint16_t packet_id, Reason reason);

    enum class Sent : std::uint8_t { sent, window_full, too_large };
    // QoS 0 or 1. The packet identifier is given here; `tag` comes back in DeliveredEvent.
    Sent deliver(Publish message, std::uint64_t tag);
    // The tags of QoS 1 messages without an answer; forgets them.
    std::vector<std::uint64_t> drop_undelivered() { return outbound_.drop_all(); }

    // DISCONNECT with a reason in 5.0; 3.1.1 has no such packet. Nothing comes in after it.
    void disconnect(Reason reason, std::string_view text);

    // Bytes to be written; the owner takes them away.
    [[nodiscard]] std::string& output() { return output_; }
    [[nodiscard]] const std::string& output() const { return output_; }

    [[nodiscard]] bool is_connected() const { return state_ == State::connected; }
    [[nodiscard]] Version version() const { return version_; }
    // So many messages wait that nothing should be read (3.1.1, which knows no receive maximum).
    [[nodiscard]] bool is_full() const { return version_ == Version::v3_1_1 && inbound_.is_full(); }
    [[nodiscard]] std::size_t waiting() const { return inbound_.waiting(); }
    // One and a half times the keep-alive (MQTT-3.1.2-22 of 5.0); nothing when there is none.
    [[nodiscard]] std::optional<std::chrono::milliseconds> silence_max() const;
    // As granted, and as the client's DISCONNECT changed it. 0: the session ends here.
    [[nodiscard]] std::uint32_t session_expiry_s() const { return session_expiry_s_; }
    // The part of the session that lives here.
    [[nodiscard]] std::vector<std::uint16_t> received_qos2() const { return inbound_.received(); }

private:
    enum class State : std::uint8_t { fresh, asked, connected, closed };

    // An event, or nothing when the packet was dealt with here.
    std::optional<ServerEvent> on_frame(const Frame& frame);
    std::optional<ServerEvent> on_connect(const Frame& frame);
    std::optional<ServerEvent> on_publish(const Frame& frame);
    std::optional<ServerEvent> on_packet(const Packet& packet);
    std::optional<ServerEvent> on_ack(const Ack& ack);
    std::optional<ServerEvent> on_subscribe(const Subscribe& subscribe);
    std::optional<ServerEvent> on_disconnect(const Disconnect& disconnect);
    std::optional<Fault> wrong_connect(const Connect& connect) const;
    std::optional<Fault> resolve_alias(Publish& publish);
    void take_settings(const Connect& connect);
    ServerEvent fail(const Fault& fault);
    void refuse_malformed(std::string_view body, const Fault& fault);
    ServerEvent refuse_frame(std::string_view input, const Fault& fault);
    std::optional<ServerEvent> on_unsubscribe(const Unsubscribe& unsubscribe);
    template <typename T>
    void answer(const T& packet);
    [[nodiscard]] bool is_too_large(std::size_t bytes) const {
        return client_packet_bytes_max_ != 0 && bytes > client_packet_bytes_max_;
    }
    [[nodiscard]] AckStyle style() const;

    ServerLimits limits_;
    State state_{State::fresh};
    Version version_{Version::v3_1_1};
    std::string output_;
    Inbound inbound_;
    Outbound outbound_;
    std::vector<std::string> aliases_;
    bool with_texts_{true};
    std::uint16_t keep_alive_s_{0};
    std::uint16_t keep_alive_asked_s_{0};
    std::uint32_t session_expiry_s_{0};
    std::uint32_t session_expiry_asked_s_{0};
    std::uint32_t client_packet_bytes_max_{0};
};

}  // namespace vigie::wire::mqtt
