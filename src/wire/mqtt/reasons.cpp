#include "wire/mqtt/reasons.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

namespace vigie::wire::mqtt {

namespace {

constexpr std::array<std::uint8_t, 22> connack_codes{0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86,
                                                     0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95, 0x97,
                                                     0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F};
// PUBACK and PUBREC.
constexpr std::array<std::uint8_t, 9> received_codes{0x00, 0x10, 0x80, 0x83, 0x87,
                                                     0x90, 0x91, 0x97, 0x99};
// PUBREL and PUBCOMP.
constexpr std::array<std::uint8_t, 2> released_codes{0x00, 0x92};
constexpr std::array<std::uint8_t, 12> suback_codes{0x00, 0x01, 0x02, 0x80, 0x83, 0x87,
                                                    0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2};
constexpr std::array<std::uint8_t, 7> unsuback_codes{0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91};
constexpr std::array<std::uint8_t, 29> disconnect_codes{
    0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94,
    0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2};
constexpr std::array<std::uint8_t, 3> auth_codes{0x00, 0x18, 0x19};

std::span<const std::uint8_t> codes_of(PacketType type) {
    switch (type) {
        case PacketType::connack:
            return connack_codes;
        case PacketType::puback:
        case PacketType::pubrec:
            return received_codes;
        case PacketType::pubrel:
        case PacketType::pubcomp:
            return released_codes;
        case PacketType::suback:
            return suback_codes;
        case PacketType::unsuback:
            return unsuback_codes;
        case PacketType::disconnect:
            return disconnect_codes;
        case PacketType::auth:
            return auth_codes;
        default:
            return {};
    }
}

}  // namespace

bool is_reason_of(PacketType type, std::uint8_t code) {
    return std::ranges::binary_search(codes_of(type), code);
}

std::uint8_t connack_code_3_1_1(Reason reason) {
    switch (reason) {
        case Reason::success:
            return 0;
        case Reason::unsupported_protocol_version:
            return 1;
        case Reason::client_identifier_not_valid:
            return 2;
        case Reason::bad_user_name_or_password:
            return 4;
        case Reason::not_authorized:
        case Reason::banned:
        case Reason::bad_authentication_method:
            return 5;
        default:
            return 3;
    }
}

std::optional<Reason> connack_reason_3_1_1(std::uint8_t code) {
    static constexpr std::array reasons{Reason::success,
                                        Reason::unsupported_protocol_version,
                                        Reason::client_identifier_not_valid,
                                        Reason::server_unavailable,
                                        Reason::bad_user_name_or_password,
                                        Reason::not_authorized};
    return code < reasons.size() ? std::optional{reasons[code]} : std::nullopt;
}

}  // namespace vigie::wire::mqtt
