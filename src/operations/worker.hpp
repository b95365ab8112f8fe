// What operations does by itself: proofs by telemetry, strips of desks, crews that moved. One
// thread, woken by what changed and every 10 seconds: a change that nobody heard of is found then.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "operations/room.hpp"

namespace vigie::operations {

class Worker {
public:
    static constexpr std::chrono::seconds round_every{10};
    // Strips of desks wait this long for what changes together.
    static constexpr std::chrono::milliseconds desks_settle{500};

    Worker(Room& room, store::Pool& pool) : room_(room), pool_(pool) {}
    ~Worker() { stop(); }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void start();
    void stop();

    // Any thread; these only take note.
    void desks_changed();
    void alarm_changed(const std::string& alarm);

    // One round of everything, on the calling thread.
    void work_once();

private:
    using Steady = std::chrono::steady_clock;
    struct Wanted {
        bool round{};
        bool desks{};
        std::vector<std::string> alarms;
    };

    void run();
    // Waits until something is wanted; nothing: it stops.
    std::optional<Wanted> wait();
    void attempt(const char* what, const std::function<void()>& work);

    // One that cannot be written holds back no other. Throws store::Unavailable.
    void prove_all();
    void send_incidents_of(const std::vector<std::string>& alarms);
    void send_desks();
    void send_moved_crews();

    Room& room_;
    store::Pool& pool_;

    std::set<std::int64_t> stuck_;  // interventions of which the log has told already

    // What was last sent, so that only what changed is sent again.
    std::mutex sent_mutex_;
    std::map<std::string, DeskStrip> desks_sent_;
    std::map<std::string, base::Instant> crews_sent_;

    std::mutex mutex_;
    std::condition_variable woken_;
    bool stopping_{};
    std::set<std::string> alarms_;
    std::optional<Steady::time_point> desks_due_;
    Steady::time_point round_due_{};
    std::thread thread_;
};

}  // namespace vigie::operations
