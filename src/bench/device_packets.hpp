// The bytes of a device: made once, patched for each message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/device_load.hpp"

namespace vigie::bench {

[[nodiscard]] std::string connect_packet(const Device& device);
// At QoS 1.
[[nodiscard]] std::string subscribe_packet(const std::string& topic);

// What a broker sends to a subscriber.
struct Publications {
    std::size_t bytes{};  // of whole packets
    std::uint64_t count{};
    std::string acknowledgements;  // for those of QoS 1
};
[[nodiscard]] Publications take_publications(std::string_view in);

// A PUBLISH of four values, always of the same length.
class PublishPacket {
public:
    explicit PublishPacket(const std::string& topic);
    // Appends the message to `out`.
    void append_to(std::string& out, std::uint16_t packet_id, std::int64_t epoch_ms,
                   std::uint32_t number);

private:
    std::string bytes_;
    std::size_t id_at_{};
    std::size_t time_at_{};
    std::size_t values_at_[4]{};
};

// "2026-11-22T18:04:05.120Z" over the 24 bytes at `at`.
void put_time(char* at, std::int64_t epoch_ms);

}  // namespace vigie::bench
