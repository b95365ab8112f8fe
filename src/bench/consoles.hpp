// Consoles: WebSocket clients of the control door, each watching the values of one commune.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/stream_links.hpp"

namespace vigie::bench {

class Consoles {
public:
    // Connects and subscribes all; a thread of its own reads until the end.
    Consoles(std::uint16_t port, const std::string& cookie, const std::string& kind,
             const std::vector<std::string>& communes, std::size_t count);

    [[nodiscard]] std::uint64_t messages() const { return messages_; }
    [[nodiscard]] std::uint64_t bytes() const { return links_.bytes(); }
    [[nodiscard]] bool is_cut() const { return links_.is_cut(); }

private:
    std::atomic<std::uint64_t> messages_{0};
    StreamLinks links_;  // last: its thread uses what is above
};

}  // namespace vigie::bench
