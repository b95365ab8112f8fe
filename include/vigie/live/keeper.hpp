// What the live city leaves in the database, and finds there again.
//
// Last values are flushed, coalesced, every few seconds; a start reads them and then, by primary
// key, each asset's frames that are later than the newest flushed, or from where something came
// since that was not (table replay_from). While the database is away nothing is lost: what could
// not be written waits in memory and is written later.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
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
// A start reads back what came since the last flush: after a flood this, more than anything, is how
// long it takes. So a flush comes early when so many frames were applied since the one before, as
// long as flushes take no more than this share of the time.
inline constexpr std::uint64_t early_flush_frames{250'000};
inline constexpr int early_flush_share{10};  // a tenth
[[nodiscard]] constexpr bool is_flush_due(base::Duration since, base::Duration last_took,
                                          std::uint64_t frames) {
    return since >= flush_every ||
           (frames >= early_flush_frames && since >= early_flush_share * last_took);
}
// What is committed and not told the city within this time keeps its notes.
inline constexpr std::chrono::seconds hand_over_limit{2};

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

    // What store::FrameWriter::renew_notes promises: a flush holds all that set a lesser note, and
    // removes those. Without, none are removed.
    using RenewNotes = std::function<std::optional<std::int64_t>(std::chrono::milliseconds)>;
    void renew_notes_by(RenewNotes renew) { renew_notes_ = std::move(renew); }

    // While this answers false nothing is taken in, and a gap in what a device reported is ours.
    void take_in_while(std::function<bool()> takes_in) { takes_in_ = std::move(takes_in); }

    void start();
    void stop();
    // At once, on the calling thread, while the city runs. False: the database is away, what
    // changed stays to be flushed. At most one caller at a time.
    bool flush();
    // Has its thread flush, and waits for it: true once all that the writers had begun to store
    // before this call is in the flushed values. False: not within the limit, or it stops, or
    // whoever asks has given up.
    bool await_flush(std::chrono::milliseconds limit, const std::function<bool()>& given_up);

private:
    void run();
    std::uint64_t asked() const;
    void hold(std::uint64_t asked);
    [[nodiscard]] bool settled();
    [[nodiscard]] std::optional<std::vector<LastValue>> take_changed();
    void note_run(store::Transaction& tx, std::int64_t& run, base::Instant now,
                  bool takes_in) const;
    City& city_;
    store::Pool& pool_;
    const base::Clock& clock_;
    std::function<bool()> settled_;
    RenewNotes renew_notes_;
    std::function<bool()> takes_in_;
    std::int64_t run_{};
    base::Instant taken_in_until_{};
    bool paused_{};     // since then something may not have been taken in
    bool holds_all_{};  // the last flush, all that was stored before it
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable held_came_;
    bool stopping_{};
    std::uint64_t asked_{};  // how often somebody asked for a flush
    std::uint64_t held_{};   // for so many of them it came
    std::thread thread_;
};

}  // namespace vigie::live
