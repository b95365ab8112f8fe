// Brings what lies in the spool to the database, oldest first, on a thread of its own, and so finds
// out when the database is back.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/frame_lane.hpp"

namespace vigie::store {

// What the writers and the drain agree on, once each way.
void go_away(FrameWriterCounters& counters, const char* why);
void come_back(FrameWriterCounters& counters);

class SpoolDrain {
public:
    // `number`: its place in the routing.
    SpoolDrain(const FrameWriterSettings& settings, std::size_t number, Partitions& partitions,
               Routing& routing, FrameWriterCounters& counters);
    ~SpoolDrain() { stop(); }
    SpoolDrain(const SpoolDrain&) = delete;
    SpoolDrain& operator=(const SpoolDrain&) = delete;

    void start();
    // Something lies in the spool.
    void wake();
    // After the batch under way; what is left stays in the spool until it is told otherwise.
    // Meanwhile it only finds out when the database is back.
    void hold(bool held);
    // After the transaction under way; what is left stays in the spool.
    void stop();

private:
    void run();
    [[nodiscard]] bool has_nothing_to_do() const;
    bool nap(std::chrono::milliseconds limit);
    bool reach();
    bool drain_oldest();
    void store(std::vector<Frame>& frames, std::vector<Quarantined>& quarantined);

    const FrameWriterSettings& settings_;
    FrameWriterCounters& counters_;
    NewestKnown newest_{1};
    FrameLane lane_;
    AtOnce at_once_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_{};
    std::atomic<bool> held_{false};
    std::thread thread_;
};

}  // namespace vigie::store
