// The words of MQTT 3.1.1 and 5.0 that every part of the codec shares.
//
// Reasons are always spoken in the vocabulary of 5.0. Where 3.1.1 has a code of its own (CONNACK,
// SUBACK) the codec translates; where it has none (PUBACK, DISCONNECT) the reason stays on our
// side of the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

namespace vigie::wire::mqtt {

enum class Version : std::uint8_t { v3_1_1 = 4, v5 = 5 };

enum class Qos : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };

enum class PacketType : std::uint8_t {
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    pubrec = 5,
    pubrel = 6,
    pubcomp = 7,
    subscribe = 8,
    suback = 9,
    unsubscribe = 10,
    unsuback = 11,
    pingreq = 12,
    pingresp = 13,
    disconnect = 14,
    auth = 15,
};

// From 0x80 on, a failure.
enum class Reason : std::uint8_t {
    success = 0x00,  // also: normal disconnection, granted QoS 0
    granted_qos_1 = 0x01,
    granted_qos_2 = 0x02,
    disconnect_with_will = 0x04,
    no_matching_subscribers = 0x10,
    no_subscription_existed = 0x11,
    continue_authentication = 0x18,
    re_authenticate = 0x19,
    unspecified_error = 0x80,
    malformed_packet = 0x81,
    protocol_error = 0x82,
    implementation_specific_error = 0x83,
    unsupported_protocol_version = 0x84,
    client_identifier_not_valid = 0x85,
    bad_user_name_or_password = 0x86,
    not_authorized = 0x87,
    server_unavailable = 0x88,
    server_busy = 0x89,
    banned = 0x8A,
    server_shutting_down = 0x8B,
    bad_authentication_method = 0x8C,
    keep_alive_timeout = 0x8D,
    session_taken_over = 0x8E,
    topic_filter_invalid = 0x8F,
    topic_name_invalid = 0x90,
    packet_identifier_in_use = 0x91,
    packet_identifier_not_found = 0x92,
    receive_maximum_exceeded = 0x93,
    topic_alias_invalid = 0x94,
    packet_too_large = 0x95,
    message_rate_too_high = 0x96,
    quota_exceeded = 0x97,
    administrative_action = 0x98,
    payload_format_invalid = 0x99,
    retain_not_supported = 0x9A,
    qos_not_supported = 0x9B,
    use_another_server = 0x9C,
    server_moved = 0x9D,
    shared_subscriptions_not_supported = 0x9E,
    connection_rate_exceeded = 0x9F,
    maximum_connect_time = 0xA0,
    subscription_identifiers_not_supported = 0xA1,
    wildcard_subscriptions_not_supported = 0xA2,
};

[[nodiscard]] constexpr bool is_failure(Reason reason) {
    return static_cast<std::uint8_t>(reason) >= 0x80;
}

// What is wrong with bytes that came in. `why` is a sentence of ours (static storage), fit for a
// reason string and for a log.
struct Fault {
    Reason reason{Reason::malformed_packet};
    std::string_view why{};
};

template <typename T>
using Decoded = std::expected<T, Fault>;

// A string or binary field is counted by two bytes.
inline constexpr std::size_t field_bytes_max = 65'535;
// The greatest remaining length four bytes can say.
inline constexpr std::size_t remaining_length_max = 268'435'455;
inline constexpr std::size_t fixed_header_bytes_max = 5;

}  // namespace vigie::wire::mqtt
