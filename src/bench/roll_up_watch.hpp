// The server's roll-ups, seen from outside: how many there were, and when the next are due.
//
// It computes them when it starts and a minute after each time it ended, whatever anybody wishes;
// a measurement that is to hold some has to be there at that instant.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace vigie::bench {

// The first instant after `now` at which they are due, when they last ended at `ended`.
[[nodiscard]] std::chrono::steady_clock::time_point next_roll_up(
    std::chrono::steady_clock::time_point ended, std::chrono::steady_clock::time_point now);

class RollUpWatch {
public:
    // `started`: when the server said that it was ready.
    RollUpWatch(std::uint16_t metrics_port, std::chrono::steady_clock::time_point started);
    ~RollUpWatch();
    RollUpWatch(const RollUpWatch&) = delete;
    RollUpWatch& operator=(const RollUpWatch&) = delete;

    // Days of an asset computed since the server's start; asks.
    [[nodiscard]] std::uint64_t computed() const;
    // Returns so long before they are due, of this minute or, when less is left of it, the next.
    void wait_for_room(std::chrono::milliseconds time) const;
    // Returns so long before they are due; at once when there is less left.
    void wait_until_before(std::chrono::milliseconds lead) const;

private:
    void watch(const std::stop_token& stop);

    std::uint16_t port_;
    std::atomic<std::chrono::steady_clock::time_point> ended_;
    std::jthread watcher_;
};

}  // namespace vigie::bench
