// The sending half of QoS 1 and 2, and of every request that has a packet identifier.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "vigie/wire/mqtt/packets.hpp"

namespace vigie::wire::mqtt {

class Outbound {
public:
    // What an identifier is waiting for.
    enum class Awaits : std::uint8_t { puback, pubrec, pubcomp, suback, unsuback };

    explicit Outbound(std::size_t window_max) : window_max_(window_max) {}

    // At most this many publications may be in flight (the peer's receive maximum).
    void set_window(std::size_t window_max) { window_max_ = window_max; }
    // An identifier for one more; nothing when the window is full.
    std::optional<std::uint16_t> begin(Awaits awaits, std::uint64_t tag);
    // PUBACK, PUBCOMP, SUBACK, UNSUBACK, or a PUBREC that refuses: the tag, and the identifier is
    // free again. Nothing when that is not what the identifier waits for.
    std::optional<std::uint64_t> finish(std::uint16_t packet_id, Awaits awaits);
    // PUBREC: from now on PUBCOMP is awaited.
    bool received(std::uint16_t packet_id);
    [[nodiscard]] std::size_t publications() const { return publications_; }
    [[nodiscard]] bool has_room() const { return publications_ < window_max_; }
    // The tags of everything that waits, in order; forgets them.
    std::vector<std::uint64_t> drop_all();

private:
    struct Entry {
        std::uint16_t packet_id{0};
        Awaits awaits{};
        std::uint64_t tag{0};
    };
    std::deque<Entry>::iterator find(std::uint16_t packet_id, Awaits awaits);

    std::size_t window_max_;
    std::size_t publications_{0};
    std::uint16_t last_id_{0};
    std::deque<Entry> entries_;  // in the order of their identifiers
};

}  // namespace vigie::wire::mqtt
