// Which reason codes stand in which packet (table 2-6 of MQTT 5.0), and the codes of 3.1.1.
#pragma once

#include <cstdint>
#include <optional>

#include "vigie/wire/mqtt/types.hpp"

namespace vigie::wire::mqtt {

[[nodiscard]] bool is_reason_of(PacketType type, std::uint8_t code);

// CONNACK's return codes 0 to 5.
[[nodiscard]] std::uint8_t connack_code_3_1_1(Reason reason);
[[nodiscard]] std::optional<Reason> connack_reason_3_1_1(std::uint8_t code);

}  // namespace vigie::wire::mqtt
