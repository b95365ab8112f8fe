// Consoles that look at values, and how long what a device says takes until it is on their screen's
// side of the WebSocket.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "bench/latency.hpp"
#include "bench/spoken.hpp"
#include "bench/stream_links.hpp"

namespace vigie::bench {

class Watchers {
public:
    // One console for each element, subscribed to `values` with each of its filters (JSON). A
    // thread of its own reads until the end.
    Watchers(std::uint16_t port, const std::string& cookie,
             const std::vector<std::vector<std::string>>& filters, Spoken& spoken);

    // Counts from now on.
    void begin();
    // Each row of a delta counts once.
    [[nodiscard]] Latency latency() const;
    [[nodiscard]] std::uint64_t messages() const { return messages_; }

private:
    void take(std::string_view text, Spoken::Steady::time_point now);

    Spoken& spoken_;
    mutable std::mutex mutex_;
    Latency latency_;
    std::atomic<std::uint64_t> messages_{0};
    StreamLinks links_;  // last: its thread uses what is above
};

}  // namespace vigie::bench
