// Closing days: the frames of a day that is over are packed into chunks, compared bit for bit, and
// their partition leaves the database. Readers see one series at every moment, and nobody who
// stores or reads waits for it.
//
// From the moment a day is being closed what comes for it goes to frame_late. One transaction locks
// the partition against writers, packs it, compares, and marks the day closed: from its commit on
// readers take chunks. The partition is detached concurrently and dropped later, when no reader
// looks at it. Whatever breaks in between, the next call goes on from where it stands.
#pragma once

#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vigie/base/result.hpp"
#include "vigie/base/time.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::store {

class UnderWay;

// What has just been done; for tests that break off there.
enum class ClosingStep { routed, locked, packed, compared, closed, detached, dropped };

struct ClosingSettings {
    std::string app_url;
    std::string owner_url;
    // Between the commit that closes a day and the end of its partition: a reader whose snapshot is
    // older has looked at the table by then, or is over.
    base::Duration linger{std::chrono::minutes{1}};
    // How long detaching and dropping may wait for readers before they are left for the next time.
    std::chrono::milliseconds wait_max{500};
    std::function<void(ClosingStep)> at_step;
};

struct ClosedDay {
    Day day;
    std::int64_t frames{};
    std::int64_t values{};
    std::int64_t bytes{};  // of its chunks
};

// How long observations and roll-ups of a kind are kept, in whole days.
struct Retention {
    std::int32_t kind_id{};
    std::chrono::days raw{};
    std::chrono::days rollups{};
};

struct Repacked {
    std::size_t days{};       // of an asset
    std::size_t conflicts{};  // two values for one property and instant; the greater is kept
};

struct Expired {
    std::size_t chunks{};
    std::size_t rollups{};
};

// One thread at a time. Everything throws Unavailable while the database is away.
class Closing {
public:
    // `route_late`: what FrameWriter::route_late promises.
    Closing(ClosingSettings settings, const base::Clock& clock,
            std::function<void(Day)> route_late);
    ~Closing();
    Closing(const Closing&) = delete;
    Closing& operator=(const Closing&) = delete;

    // Days that have a partition and are not closed, up to `last`, oldest first.
    [[nodiscard]] std::vector<Day> open_days(Day last);
    // conflict: it is closed already; not_found: it has no partition.
    base::Result<ClosedDay> close(Day day);
    // A day is closed for long enough that its partition may go.
    [[nodiscard]] bool has_to_drop();
    // Detaches and drops partitions of closed days; those that a reader holds are left for the next
    // time. Answers how many are left.
    std::size_t drop_closed();
    // The number of what came last for a day that is packed, or is being; nothing came: 0.
    [[nodiscard]] std::int64_t newest_late();
    // Merges what came late for closed days into their chunks, up to that number.
    Repacked repack(std::int64_t through = std::numeric_limits<std::int64_t>::max());
    // Forgets what is older than its kind is kept.
    Expired expire(const std::vector<Retention>& kinds);
    // What Pool::cut_silent promises, of the schema's owner as well. On any thread.
    std::size_t cut_silent(std::chrono::milliseconds older_than);

private:
    void at(ClosingStep step) const;
    void mark_closing(Day day);
    [[nodiscard]] std::vector<Day> droppable();
    bool drop(Day day);
    ClosingSettings settings_;
    const base::Clock& clock_;
    std::function<void(Day)> route_late_;
    Pool pool_;
    // Packing may take as long as it takes: no answer limit ends what the owner does.
    std::unique_ptr<UnderWay> owner_under_way_;
};

}  // namespace vigie::store
