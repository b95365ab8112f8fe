// A device that keeps to no window: MQTT packets as bytes, as fast as the kernel takes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/e2e/support/installation.hpp"
#include "tests/e2e/support/socket.hpp"
#include "vigie/wire/mqtt/packets.hpp"

namespace vigie::e2e {

// Appended: the socket gets many at once.
void append_publish(std::string& out, wire::mqtt::Version version, std::string_view topic,
                    std::string_view payload, std::uint16_t id);  // 0: QoS 0, else QoS 1
[[nodiscard]] std::string connect_packet(wire::mqtt::Version version, const std::string& client_id,
                                         const Secrets& secrets);

// To one filter, with packet identifier 1.
[[nodiscard]] std::string subscribe_packet(wire::mqtt::Version version, std::string_view filter,
                                           wire::mqtt::Qos qos);
// Takes the whole packets at the beginning of `bytes`, and leaves the rest; the payloads of those
// that are publications are appended.
void take_publications(wire::mqtt::Version version, std::string& bytes,
                       std::vector<std::string>& payloads);

class RawDevice {
public:
    // Throws std::runtime_error when it is not let in.
    RawDevice(std::uint16_t port, const Secrets& secrets, wire::mqtt::Version version,
              const std::string& client_id, int receive_bytes = 0);
    [[nodiscard]] Socket& socket() { return socket_; }

private:
    Socket socket_;
};

}  // namespace vigie::e2e
