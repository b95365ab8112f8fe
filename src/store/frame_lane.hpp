// One connection that stores frames, and what it remembers: shared by the writers and by whoever
// empties the spool. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/frame_route.hpp"
#include "store/partitions.hpp"
#include "store/pg.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::store {

class FrameLane {
public:
    // `number`: its place in the routing.
    FrameLane(const FrameWriterSettings& settings, std::size_t number, Partitions& partitions,
              Routing& routing, FrameWriterCounters& counters);

    void connect();
    void disconnect() { pg_.reset(); }

    // Stores frames (sorted, equal keys merged) and quarantine rows in one transaction; a row that
    // the database refuses goes to quarantine and holds back no other. `doubted`: some of them may
    // be there already. Throws Unavailable: nothing is known of them, and the connection is gone.
    void store(const std::vector<Frame>& frames, std::vector<Quarantined>& quarantined,
               bool doubted);
    // Those frames are kept elsewhere, and may come to the database at any time.
    void remember(const std::vector<Frame>& frames);

private:
    // One transaction.
    struct Batch {
        std::vector<Frame> copied;  // later than any known of their asset
        std::vector<Frame> merged;
        std::vector<Frame> late;  // of days that are packed
        std::vector<Mark> marks;
        std::int64_t generation{};
        std::vector<Quarantined> quarantined;
    };

    void store_once(const std::vector<Frame>& frames, std::vector<Quarantined>& quarantined,
                    bool doubted);
    bool store_later(const Routes& routes, const std::vector<Frame>& frames);
    [[nodiscard]] bool are_all_later(const Routes& routes, const std::vector<Frame>& frames) const;
    bool try_transaction(const Batch& batch);
    void run(const Batch& batch);
    void store_bisected(const Batch& batch, std::vector<Quarantined>& quarantined);
    void bisect(Batch& piece, std::vector<Frame> Batch::* into, const std::vector<Frame>& frames,
                std::vector<Quarantined>& refused);
    void ensure_days(const std::vector<Frame>& frames);
    [[nodiscard]] bool is_later(const Frame& frame) const;
    static void separate_late(const Routes& routes, std::vector<Frame>& frames,
                              std::vector<Frame>& late);
    void upsert(const std::vector<Frame>& frames);
    void copy(const char* into, const std::vector<Frame>& frames);

    const FrameWriterSettings& settings_;
    std::size_t number_;
    Partitions& partitions_;
    Routing& routing_;
    FrameWriterCounters& counters_;
    MarkMemory marks_;
    std::unique_ptr<PgConnection> pg_;
    BinaryCopy buffer_;
    // By asset: later ones cannot be there yet.
    std::unordered_map<std::int32_t, base::Instant> newest_;
};

}  // namespace vigie::store
