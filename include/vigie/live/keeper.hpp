// What the live city leaves in the database, and finds there again.
//
// Last values are flushed, coalesced, every few seconds; a start reads them and then, by primary
// key, the frames since. While the database is away nothing is lost: what could not be written
// waits in memory and is written later.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "vigie/base/time.hpp"
#include "vigie/live/city.hpp"
#include "vigie/live/frame_span.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::live {

inline constexpr std::chrono::seconds flush_every{5};
// How far before an asset's newest flushed instant its frames are read again: a late frame may have
// been committed after the flush.
inline constexpr std::chrono::minutes replay_overlap{15};
// Of those, the ones are read that were not committed yet so many flushes before the last: a
// quarter of a minute, far longer than a frame is on its way from its commit to the live city,
// which a full inbox lengthens for flushes as well. All of it is read at a start: after a flood
// this, more than anything, is how long a start takes. A run that was shorter goes by what was
// settled before it.
inline constexpr std::size_t settled_after_flushes{3};

// Before City::start, in this order, with what judges (alarms) restored in between: last values as
// flushed, of which nobody is told; then the frames since, which everybody judges. Both first take
// what waits in the city's queue (the catalogue). Answer how many rows they read.
std::size_t load_last_values(City& city, store::Pool& pool, base::Instant now);
std::size_t replay_frames(City& city, store::Pool& pool, const std::string& url, base::Instant now);

// The frames of those, as far as they are not packed away (days are closed long after the longest
// delay of a rule). In event order per asset.
[[nodiscard]] std::vector<store::Frame> read_frames_between(store::Transaction& tx,
                                                            std::span<const FrameSpan> spans);

// Flushes on a thread of its own, and notes that the server is there. To be stopped before the city
// is: it flushes a last time.
class Keeper {
public:
    Keeper(City& city, store::Pool& pool, const base::Clock& clock);
    ~Keeper();
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

    // Values are flushed only once this answers true: what was decided of them is recorded.
    // Without, a crash between the two would lose the alarm of a moment.
    void settle_before(std::function<bool()> settled) { settled_ = std::move(settled); }

    // While this answers false nothing is taken in, and a gap in what a device reported is ours.
    void take_in_while(std::function<bool()> takes_in) { takes_in_ = std::move(takes_in); }

    void start();
    void stop();
    // At once, on the calling thread, while the city runs. False: the database is away, what
    // changed stays to be flushed. At most one caller at a time.
    bool flush();

private:
    void run();
    [[nodiscard]] bool settled();
    [[nodiscard]] std::string note_run(store::Transaction& tx, std::int64_t& run, base::Instant now,
                                       bool takes_in) const;
    City& city_;
    store::Pool& pool_;
    const base::Clock& clock_;
    std::function<bool()> settled_;
    std::function<bool()> takes_in_;
    std::int64_t run_{};
    base::Instant taken_in_until_{};
    bool paused_{};                    // since then something may not have been taken in
    std::deque<std::string> running_;  // the oldest transaction of then, by flush
    std::mutex mutex_;
    std::condition_variable stop_came_;
    bool stopping_{};
    std::thread thread_;
};

}  // namespace vigie::live
