// Control packets, decoded and encoded, in both directions and both versions.
//
// The same structs serve both ways. Decoded ones are views on the bytes given, and live no longer;
// a property or code that 3.1.1 does not know is empty there and is not written there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vigie/wire/mqtt/properties.hpp"
#include "vigie/wire/mqtt/types.hpp"

namespace vigie::wire::mqtt {

struct Will {
    std::string_view topic{};
    std::string_view payload{};
    Qos qos{Qos::at_most_once};
    bool retain{false};
    PropertyView properties{};
};

struct Connect {
    Version version{Version::v5};
    bool clean_start{true};  // clean session in 3.1.1
    std::uint16_t keep_alive_s{0};
    std::string_view client_id{};
    std::optional<Will> will{};
    std::optional<std::string_view> user_name{};
    std::optional<std::string_view> password{};
    PropertyView properties{};
};

struct Connack {
    bool session_present{false};
    Reason reason{Reason::success};
    PropertyView properties{};
};

struct Publish {
    std::string_view topic{};  // empty only where a topic alias stands for it
    std::string_view payload{};
    std::uint16_t packet_id{0};  // 0 at QoS 0
    Qos qos{Qos::at_most_once};
    bool retain{false};
    bool dup{false};
    PropertyView properties{};
};

// PUBACK, PUBREC, PUBREL and PUBCOMP have one shape.
struct Ack {
    PacketType type{PacketType::puback};
    std::uint16_t packet_id{0};
    Reason reason{Reason::success};
    PropertyView properties{};
};

struct Subscription {
    std::string_view filter{};
    Qos qos{Qos::at_most_once};
    bool no_local{false};
    bool retain_as_published{false};
    std::uint8_t retain_handling{0};
};

struct Subscribe {
    std::uint16_t packet_id{0};
    std::vector<Subscription> subscriptions{};
    PropertyView properties{};
};

struct Suback {
    std::uint16_t packet_id{0};
    std::vector<Reason> reasons{};
    PropertyView properties{};
};

struct Unsubscribe {
    std::uint16_t packet_id{0};
    std::vector<std::string_view> filters{};
    PropertyView properties{};
};

// 3.1.1 has no reasons here.
struct Unsuback {
    std::uint16_t packet_id{0};
    std::vector<Reason> reasons{};
    PropertyView properties{};
};

struct Pingreq {};
struct Pingresp {};

struct Disconnect {
    Reason reason{Reason::success};
    PropertyView properties{};
};

struct Auth {
    Reason reason{Reason::success};
    PropertyView properties{};
};

using Packet = std::variant<Connect, Connack, Publish, Ack, Subscribe, Suback, Unsubscribe,
                            Unsuback, Pingreq, Pingresp, Disconnect, Auth>;

// One packet's extent in a stream of bytes.
struct Frame {
    PacketType type{};
    std::uint8_t flags{0};
    bool shortest_length{true};  // 5.0 demands the remaining length in as few bytes as can be
    std::string_view body{};     // after the fixed header
    std::size_t bytes{0};        // with the fixed header
};

// The frame that `stream` begins with; nothing when more bytes are needed. A packet greater than
// `packet_bytes_max` is refused as soon as its length is known (packet_too_large).
[[nodiscard]] Decoded<std::optional<Frame>> next_frame(std::string_view stream,
                                                       std::size_t packet_bytes_max);

// CONNECT says its version itself, so `version` is not asked there. A CONNECT of a version that is
// not spoken is the fault unsupported_protocol_version.
[[nodiscard]] Decoded<Packet> decode(const Frame& frame, Version version);
// The hot path: `frame.type` must be publish.
[[nodiscard]] Decoded<Publish> decode_publish(const Frame& frame, Version version);

// Each appends one packet to `out`. Fields longer than field_bytes_max, or a packet longer than
// remaining_length_max, are the caller's bug.
void encode(const Connect& packet, std::string& out);
void encode(const Connack& packet, Version version, std::string& out);
void encode(const Publish& packet, Version version, std::string& out);
void encode(const Ack& packet, Version version, std::string& out);
void encode(const Subscribe& packet, Version version, std::string& out);
void encode(const Suback& packet, Version version, std::string& out);
void encode(const Unsubscribe& packet, Version version, std::string& out);
void encode(const Unsuback& packet, Version version, std::string& out);
void encode(const Pingreq& packet, Version version, std::string& out);
void encode(const Pingresp& packet, Version version, std::string& out);
void encode(const Disconnect& packet, Version version, std::string& out);
void encode(const Auth& packet, Version version, std::string& out);  // 5.0 only
void encode(const Packet& packet, Version version, std::string& out);

// The bytes that encode() appends for this packet.
[[nodiscard]] std::size_t encoded_bytes(const Publish& packet, Version version);

}  // namespace vigie::wire::mqtt
