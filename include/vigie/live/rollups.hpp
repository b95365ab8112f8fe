// Computes roll-ups of the hours that writers marked, on a thread and a connection of its own.
//
// An hour is taken once it is over: until then its buckets are computed from frames when asked for,
// so that a mark is set once an hour and asset. A mark is removed in the transaction that writes
// the roll-up; one set meanwhile carries a greater generation and stays.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "vigie/assets/catalogue.hpp"
#include "vigie/base/time.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::live {

// Since start.
struct RollupCounters {
    std::atomic<std::uint64_t> days{0};  // of an asset, computed
    std::atomic<std::uint64_t> rounds{0};
};

class Rollups {
public:
    // What FrameWriter::settle_marks promises.
    using Settle = std::function<std::int64_t(std::int32_t open_hour)>;
    Rollups(std::string app_url, const assets::Registry& registry, const base::Clock& clock,
            Settle settle);
    ~Rollups();
    Rollups(const Rollups&) = delete;
    Rollups& operator=(const Rollups&) = delete;

    void start();
    void stop();
    // All that may be taken now, on the calling thread; at most one caller at a time. Throws
    // store::Unavailable.
    void compute();
    // What Pool::cut_silent promises. On any thread.
    std::size_t cut_silent(std::chrono::milliseconds older_than) {
        return pool_.cut_silent(older_than);
    }
    [[nodiscard]] const RollupCounters& counters() const { return counters_; }

private:
    void run();
    store::Pool pool_;
    const assets::Registry& registry_;
    const base::Clock& clock_;
    Settle settle_;
    RollupCounters counters_;
    std::mutex mutex_;
    std::condition_variable stop_came_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

// How long a kind may be silent before that is a hole.
[[nodiscard]] base::Duration hole_min_of(const assets::Kind& kind);

}  // namespace vigie::live
