// The receiving half of QoS 1 and 2, the same at a server and at a client: what waits for its
// acknowledgement, in order, and which QoS 2 identifiers are in flight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vigie/wire/mqtt/packets.hpp"

namespace vigie::wire::mqtt {

// Names a message that waits for its acknowledgement, within its connection; never used twice.
// 0: QoS 0.
using PacketHandle = std::uint64_t;

// Acknowledgements in the order of what they acknowledge, whatever the order they become ready in
// (MQTT-4.6.0-2, MQTT-4.6.0-3).
class AckQueue {
public:
    struct Ready {
        PacketType type{};
        std::uint16_t packet_id{0};
        Reason reason{};
        std::string text{};
    };

    PacketHandle push(PacketType type, std::uint16_t packet_id);
    // False when the handle waits no longer, or never did.
    bool complete(PacketHandle handle, Reason reason, std::string_view text);
    // The front, once it is complete.
    std::optional<Ready> pop_ready();
    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(next_ - first_); }

private:
    struct Entry {
        std::uint16_t packet_id{0};
        PacketType type{};
        Reason reason{};
        bool done{false};
        bool has_text{false};
    };
    Entry& at(PacketHandle handle) { return ring_[handle & (ring_.size() - 1)]; }
    void grow();
    std::string take_text(PacketHandle handle);

    std::vector<Entry> ring_;  // a power of two
    PacketHandle first_{1};
    PacketHandle next_{1};
    std::vector<std::pair<PacketHandle, std::string>> texts_;  // rare: only refusals have one
};

// How acknowledgements may be written to this peer.
struct AckStyle {
    Version version{Version::v5};
    bool with_texts{true};              // the peer wants reason strings (MQTT-3.1.2-29)
    std::uint32_t packet_bytes_max{0};  // the peer's limit; 0: none
};

class Inbound {
public:
    enum class Arrival : std::uint8_t {
        fresh,       // to be delivered; complete() its handle
        duplicate,   // QoS 2, already here: not delivered again, answered when due
        over_limit,  // more than the receive maximum in flight
    };
    struct Taken {
        Arrival arrival{};
        PacketHandle handle{0};
    };

    Inbound(Version version, std::uint16_t receive_max)
        : version_(version), receive_max_(receive_max) {}

    // A PUBLISH of QoS 1 or 2.
    Taken take(const Publish& publish);
    bool complete(PacketHandle handle, Reason reason, std::string_view text) {
        return acks_.complete(handle, reason, text);
    }
    // PUBREL: what PUBCOMP has to say.
    Reason release(std::uint16_t packet_id);
    // Appends every acknowledgement whose turn has come.
    void write_ready(const AckStyle& style, std::string& out);

    // As many wait as may: nothing more should be read from a peer that was told no limit (3.1.1).
    [[nodiscard]] bool is_full() const { return acks_.size() >= receive_max_; }
    [[nodiscard]] std::size_t waiting() const { return acks_.size(); }

    // The QoS 2 identifiers whose PUBREC went out and whose PUBREL has not come: they belong to the
    // session. What was not yet acknowledged does not: the peer sends it again, and it is delivered
    // again.
    [[nodiscard]] std::vector<std::uint16_t> received() const;
    void restore(const std::vector<std::uint16_t>& received);

private:
    struct InFlight {
        std::uint16_t packet_id{0};
        bool received{false};  // PUBREC is out
    };
    std::vector<InFlight>::iterator find(std::uint16_t packet_id);
    bool is_in_flight(std::uint16_t packet_id);
    void after_pubrec(std::uint16_t packet_id, Reason reason);

    Version version_;
    std::size_t receive_max_;
    AckQueue acks_;
    std::vector<InFlight> exactly_once_;  // sorted by packet_id
    std::size_t received_count_{0};
};

}  // namespace vigie::wire::mqtt
