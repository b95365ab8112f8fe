// Where promises lie while the database is away: records in checksummed segments in a folder,
// synced before append() returns, taken out in order, never dropped to make room.
//
// A segment is deleted only when its records are known to lie elsewhere; whoever takes them out
// must bear to see them twice, for the program may end between the two.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/store/files.hpp"

namespace vigie::store {

struct SpoolSettings {
    std::string folder;
    std::uint64_t bytes_max{std::uint64_t{4} * 1024 * 1024 * 1024};
    std::uint64_t free_bytes_min{0};  // of the disk, left to others
    std::uint64_t segment_bytes_max{std::uint64_t{16} * 1024 * 1024};
};

// Now, or since open().
struct SpoolCounters {
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> records{0};
    std::atomic<std::uint64_t> segments{0};
    std::atomic<std::uint64_t> appended{0};    // records, since open
    std::atomic<std::uint64_t> torn_bytes{0};  // cut off at open: never acknowledged
    // What may have been acknowledged and cannot be read. Kept aside.
    std::atomic<std::uint64_t> damaged_bytes{0};
};

// Thread-safe but for open().
class Spool {
public:
    Spool(Files& files, SpoolSettings settings);
    ~Spool();
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    // Reads what an earlier run left. A torn end of the last segment is cut off; whatever else
    // cannot be read is damage. The bytes of both are kept aside in `aside/`, and no segment goes
    // before they are. Throws FilesError.
    void open();

    // True: it will be found after a power cut. False: there is no room for it (bytes_max, the
    // disk's free_bytes_min, or the disk is full), nothing was promised. Throws FilesError when
    // the disk fails otherwise: nothing was promised then either.
    [[nodiscard]] bool append(std::string_view payload);

    // The oldest segment, closed to further records. Nothing: the spool is empty. What the disk
    // damaged meanwhile is kept aside and counted; throws FilesError when it cannot be.
    struct Segment {
        std::uint64_t number{};
        std::vector<std::string> payloads;
    };
    [[nodiscard]] std::optional<Segment> oldest();
    void drop(std::uint64_t segment);
    // All that lies in it is known to lie elsewhere. Throws as the two above do.
    void drop_all();
    // For a payload that nobody understands: its bytes stay in `aside/`. Throws FilesError.
    void set_aside(std::uint64_t segment, std::size_t index, std::string_view payload);

    // Every record in order; not while others append or drop. False: it means nothing, and is set
    // aside, or in the log if that cannot be.
    void each(const std::function<bool(std::string_view)>& take);

    [[nodiscard]] bool empty() const { return counters_.records == 0; }
    [[nodiscard]] const SpoolCounters& counters() const { return counters_; }

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    SpoolCounters counters_;
};

}  // namespace vigie::store
