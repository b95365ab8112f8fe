// One connection that stores frames, and what it remembers: shared by the writers and by whoever
// empties the spool. Not thread-safe.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/frame_batch.hpp"
#include "store/frame_route.hpp"
#include "store/partitions.hpp"
#include "store/pg.hpp"
#include "store/replay_note.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::store {

// A batch on its way to where it is durable, in as many transactions or records as that takes.
struct Instalments {
    std::span<const Frame> frames;  // sorted, equal keys merged
    std::span<const Quarantined> rows;
    std::size_t frames_done{};
    std::size_t rows_done{};
    std::vector<Quarantined> refused{};  // what the database made rows of quarantine of
    [[nodiscard]] bool done() const {
        return frames_done == frames.size() && rows_done == rows.size();
    }
};

// Of each asset the newest instant that is stored, or kept on its way there: what is later cannot
// be there yet. Whoever stores assets of one part may look and write beside whoever stores those of
// another.
class NewestKnown {
public:
    explicit NewestKnown(std::size_t parts) : newest_(parts) {}
    [[nodiscard]] std::size_t part_of(std::int32_t asset) const {
        return static_cast<std::size_t>(asset) % newest_.size();
    }
    void know(std::int32_t asset, base::Instant newest);
    [[nodiscard]] bool is_later(const Frame& frame) const;

private:
    std::vector<std::unordered_map<std::int32_t, base::Instant>> newest_;
};

class FrameLane {
public:
    // `number`: its place in the routing.
    FrameLane(const FrameWriterSettings& settings, std::size_t number, Partitions& partitions,
              Routing& routing, NewestKnown& newest, FrameWriterCounters& counters);

    void connect();
    void disconnect() { pg_.reset(); }
    // Connects anew, and so finds out whether the database takes anything. Throws Unavailable.
    void reach();

    // Stores what is left of the batch, in one transaction if that many may go at once; a row that
    // the database refuses goes to quarantine and holds back no other. `doubted`: some of them may
    // be there already. Throws Unavailable, TooSlow among it: nothing is known of what is not
    // done, and the connection is gone.
    void store(Instalments& batch, AtOnce& at_once, bool doubted);
    // Those frames are kept elsewhere, and may come to the database at any time.
    void remember(std::span<const Frame> frames);

private:
    // One transaction.
    struct Batch {
        std::vector<Frame> copied;  // later than any known of their asset
        std::vector<Frame> merged;
        std::vector<Frame> late;  // of days that are packed
        std::vector<Mark> marks;
        std::int64_t generation{};  // of the marks
        std::vector<ReplayNote> notes;
        std::int64_t note_generation{};
        std::vector<Quarantined> quarantined;
    };

    using Frames = std::span<const Frame>;
    using Rows = std::span<const Quarantined>;
    [[nodiscard]] Batch batch_of(const Routes& routes, Frames frames, bool doubted);
    void store_piece(Frames frames, Rows rows, std::vector<Quarantined>& refused, bool doubted);
    void store_once(Frames frames, Rows rows, std::vector<Quarantined>& refused, bool doubted);
    bool store_later(const Routes& routes, Frames frames);
    [[nodiscard]] bool are_all_later(const Routes& routes, Frames frames) const;
    bool try_transaction(const Batch& batch);
    void run(const Batch& batch);
    void store_bisected(const Batch& batch, std::vector<Quarantined>& refused);
    void bisect(Batch& piece, std::vector<Frame> Batch::* into, const std::vector<Frame>& frames,
                std::vector<Quarantined>& refused);
    void bisect_rows(Batch& piece, Rows rows);
    void store_stripped(Batch& piece, const Quarantined& row);
    void ensure_days(Frames frames);
    static void separate_late(const Routes& routes, std::vector<Frame>& frames,
                              std::vector<Frame>& late);
    void upsert(Frames frames);
    void copy(const char* into, Frames frames);

    const FrameWriterSettings& settings_;
    std::size_t number_;
    Partitions& partitions_;
    Routing& routing_;
    NewestKnown& newest_;
    FrameWriterCounters& counters_;
    MarkMemory marks_;
    NoteMemory notes_;
    std::size_t quarantined_{};  // rows since quarantine was last held to its bound
    std::uint64_t conflicts_{};  // in the transaction under way
    std::unique_ptr<PgConnection> pg_;
    BinaryCopy buffer_;
};

}  // namespace vigie::store
