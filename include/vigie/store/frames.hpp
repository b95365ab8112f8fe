// Frames: what is stored of a message, and the writers that make it durable.
//
// submit -> (writer thread: take all that is pending, one transaction) -> commit -> listener. While
// little is pending one writer takes all of it; when much is, each takes the assets that fall to
// it, beside the others (src/store/turns.hpp). A submission of several writers' assets goes in
// parts. Who waits for it is told of it as a whole, after the listener has heard of the last of
// them: then all of it is committed. While the database is away it is durable once it is synced in
// the spool, from which a thread of its own brings it to the database afterwards, in order.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vigie/base/time.hpp"
#include "vigie/store/spool.hpp"

namespace vigie::store {

using Day = std::chrono::sys_days;
[[nodiscard]] inline Day day_of(base::Instant instant) {
    return std::chrono::floor<std::chrono::days>(instant);
}
// "2026-11-28", as PostgreSQL and people read it.
[[nodiscard]] inline std::string date_text(Day day) {
    return base::to_rfc3339(base::Instant(day)).substr(0, 10);
}

// The values of one asset at one instant. `vals[i]` belongs to position i of the layout; NaN is
// absent.
struct Frame {
    base::Instant observed_at;
    base::Instant received_at;
    std::int32_t asset_id{};
    std::int32_t layout{};
    bool backfill{};  // history being filled in: stored, never judged
    std::vector<double> vals;
    bool stamped{};  // its time is that of its arrival: it says nothing of a clock. Not stored
};

// What was refused, kept with its reason.
struct Quarantined {
    base::Instant received_at;
    std::string credential;  // name of who sent it
    std::string channel;     // "mqtt" or "http"
    std::string topic;       // MQTT topic or HTTP path
    std::string reason;      // a short code: not_json, unknown_asset, out_of_range, ...
    std::string detail;      // a sentence in English
    std::string payload;     // cut to base::limits::quarantine_payload_bytes_max
};

class Transaction;

// Deletes the oldest rows of quarantine beyond the newest `kept`; how many. Writers do the same
// while it fills.
std::size_t drop_oldest_quarantine(Transaction& tx, std::size_t kept);

struct Submission {
    std::vector<Frame> frames;
    std::vector<Quarantined> quarantined;
    // Whose it is, by a number that stays the same: nobody takes more of the room for what is
    // pending than he leaves to others. 0: nobody's in particular.
    std::uint32_t sender{};
    std::size_t room{};  // what it takes of it: the writer's
    // What the store hands back untouched: who waits (a connection and its packet; 0: nobody), and
    // what it is told.
    std::uint64_t waiter{};
    std::uint64_t ticket{};
    std::uint8_t outcome{};
    std::string outcome_text;
    std::function<void()> durable;  // called once it is durable, on a writer thread; may be empty
    // Of a part: how many of its submission the listener has not heard of. The writer's.
    std::shared_ptr<std::atomic<std::size_t>> parts_left;
};

// Up to so many pending frames go in one transaction of one writer: one COPY of them takes about as
// long as a commit does. A refused message counts by its size, as in the room for what is pending.
inline constexpr std::size_t frames_together_max = 200;

struct FrameWriterSettings {
    std::string app_url;
    std::string owner_url;  // makes partitions
    std::size_t writers{2};
    std::size_t pending_frames_max{
        100'000};  // frames accepted and not yet durable; a refused payload counts by its size
    std::size_t batch_frames_max{10'000};
    std::size_t together_max{frames_together_max};
    std::size_t days_ahead{3};  // partitions made in advance
    // A database that stays silent for longer in the middle of a statement is away; 0: never.
    std::chrono::milliseconds answer_limit{5'000};
    Spool* spool{};  // opened; none: while the database is away nothing is durable
};

// Since start.
struct FrameWriterCounters {
    std::atomic<std::uint64_t> frames{0};       // durable (a merged one counts)
    std::atomic<std::uint64_t> quarantined{0};  // durable
    std::atomic<std::uint64_t> commits{0};
    std::atomic<std::uint64_t> copied{0};    // frames that went by COPY
    std::atomic<std::uint64_t> upserted{0};  // frames that went by the merging upsert
    std::atomic<std::uint64_t> late{0};      // frames of days that are packed
    // Two values for one property and instant. Not those that come for days that are packed.
    std::atomic<std::uint64_t> conflicts{0};
    std::atomic<std::uint64_t> refused_rows{0};  // refused by the database, quarantined instead
    std::atomic<std::uint64_t> pending{0};       // now
    std::atomic<std::uint64_t> retries{0};       // of a batch, because the database was away
    std::atomic<bool> away{false};               // the database, now
    std::atomic<std::uint64_t> spooled{0};       // frames made durable in the spool
    std::atomic<std::uint64_t> drained{0};       // frames brought from the spool to the database
    std::atomic<std::uint64_t> spool_full{0};    // times that the spool had no room
};

// Thread-safe.
class FrameWriter {
public:
    // Hears each durable batch, on a writer thread; all its frames, merged, stand in the first. Who
    // waits for a submission of several parts stands in the call that follows the last of them.
    using OnDurable = std::function<void(std::vector<Submission>&)>;

    FrameWriter(FrameWriterSettings settings, const base::Clock& clock, OnDurable on_durable);
    ~FrameWriter();
    FrameWriter(const FrameWriter&) = delete;
    FrameWriter& operator=(const FrameWriter&) = delete;

    // Connects and makes the partitions of today and the days ahead; throws when it cannot.
    void start();
    // Before start(): the newest instant of an asset that is stored, or spooled. What is not later
    // than any known costs a search for its key, and a note.
    void know(std::int32_t asset, base::Instant newest);
    // False: no room for its sender, nothing was taken; on_room is called when there is again.
    [[nodiscard]] bool submit(Submission& submission);
    void on_room(std::function<void()> listener);
    // From now on frames of that day go to frame_late. Returns once no transaction is under way
    // that began before.
    void route_late(Day day);
    // Marks of hours (counted from 1970) before `open_hour` that are set from now on carry a
    // greater generation than the one answered. Returns once no transaction is under way that began
    // before: a mark of that generation or less, of such an hour, may be taken.
    std::int64_t settle_marks(std::int32_t open_hour);
    // Makes the coming days' partitions; to be called now and then.
    void make_partitions_ahead();
    // Takes no more submissions (submit answers false) until it is told otherwise.
    void hold(bool held);
    // Leaves what lies in the spool there until it is told otherwise; that the database is back it
    // finds out all the same.
    void hold_drain(bool held);
    // False: it is held, or the database is away and the spool full: what devices send waits there.
    [[nodiscard]] bool takes_in() const;
    // A generation of notes (ReplayNote): all that are set from now on are of it or a greater one,
    // and the listener has heard of everything that set a lesser one. Nothing: not of all of that
    // within the limit.
    [[nodiscard]] std::optional<std::int64_t> renew_notes(std::chrono::milliseconds limit);
    // How long the writer that has waited longest has been waiting for the database to answer.
    [[nodiscard]] std::chrono::milliseconds waiting() const;
    // Takes no more, makes durable what is pending, or gives up after `limit` (then false: those
    // were never acknowledged).
    bool stop(std::chrono::milliseconds limit);
    [[nodiscard]] const FrameWriterCounters& counters() const;

private:
    void load_generations();
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// What lies in the spool and has not been brought to the database, in the order in which it came;
// before start().
void read_spooled(Spool& spool, const std::function<void(std::vector<Frame>)>& take);

}  // namespace vigie::store
