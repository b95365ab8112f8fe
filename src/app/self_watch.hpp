// The system's alarms on itself: the database away, the spool, the disk. They belong to no asset
// and cannot wait for a database, so they are no rows of `alarm`: a topic of the stream of their
// own, `system`, which the console shows as a banner; and the obstacles of /readyz and `vigie
// status`.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "vigie/base/result.hpp"
#include "vigie/base/time.hpp"
#include "vigie/live/stream.hpp"

namespace vigie::app {

struct Vitals {
    bool database_away{};
    std::chrono::milliseconds database_silent{};  // since it was asked for a word
    std::chrono::milliseconds storing_waits{};    // since it was given something to store
    std::uint64_t spool_bytes{};
    std::uint64_t spool_bytes_max{1};
    std::uint64_t spool_damaged_bytes{};
    bool alarms_crowded{};                     // their spool is full
    std::optional<std::uint64_t> disk_free{};  // of the data folder
    bool database_shares_disk{};               // what leaves the spool takes room there
    bool disk_short{};                         // as SelfWatch found last
};

struct DiskLimits {
    std::uint64_t alarm_bytes{};
    std::uint64_t min_bytes{};
};

struct Trouble {
    std::string code;
    int priority{};  // 1 the worst, as for alarms
    base::Text text;
};

// Pure. Worst first.
[[nodiscard]] std::vector<Trouble> troubles_of(const Vitals& vitals, const DiskLimits& limits);
// Pure: whether there is too little room for anything more. Once it was short, a tenth more than
// the minimum must be free again.
[[nodiscard]] bool is_disk_short(const Vitals& vitals, const DiskLimits& limits, bool was_short);

// What must wait.
struct Hold {
    bool devices{};
    bool drain{};  // of the spool
    bool operator==(const Hold&) const = default;
};
// Pure; by what `disk_short` says.
[[nodiscard]] Hold hold_of(const Vitals& vitals);

class SelfWatch {
public:
    // What went wrong is told within the second: the pulse asks five times in it, and silence is
    // told after 400 ms.
    static constexpr std::chrono::milliseconds look_every{100};
    // A database that falls silent again and again is one trouble, not many.
    static constexpr std::chrono::seconds silence_over_after{2};

    // `hold` hears what changes of it; `vitals` is called on any thread. All outlive it.
    SelfWatch(live::Stream& stream, const base::Clock& clock, DiskLimits limits,
              std::function<Vitals()> vitals, std::function<void(Hold)> hold);
    ~SelfWatch() { stop(); }
    SelfWatch(const SelfWatch&) = delete;
    SelfWatch& operator=(const SelfWatch&) = delete;

    void start();
    void stop();
    // Once, by hand; not while the thread runs.
    void look();
    [[nodiscard]] Vitals vitals() const;
    // What was so at the last look and since when, as the topic shows it: a JSON array. Any thread.
    [[nodiscard]] std::string rows() const;
    // What is so at this moment. Any thread.
    [[nodiscard]] std::vector<Trouble> troubles() const { return troubles_of(vitals(), limits_); }

private:
    struct Standing {
        Trouble trouble;
        base::Instant since;
    };
    [[nodiscard]] base::Instant beginning_of(const std::string& code) const;
    [[nodiscard]] std::vector<Trouble> found_in(const Vitals& vitals);
    live::Stream& stream_;
    const base::Clock& clock_;
    DiskLimits limits_;
    std::function<Vitals()> vitals_;
    std::function<void(Hold)> hold_;
    Hold held_{};
    std::atomic<bool> disk_short_{false};
    mutable std::mutex mutex_;
    std::map<std::string, Standing> standing_;  // by code
    base::SteadyInstant silent_last_{};
    std::condition_variable stop_came_;
    bool stopping_{};
    std::thread thread_;
};

}  // namespace vigie::app
