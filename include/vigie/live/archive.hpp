// What becomes of stored observations: days are closed by night, late ones merged into them, what
// is older than its kind is kept forgotten, and all of it shown and verified when asked.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <thread>

#include "vigie/api/router.hpp"
#include "vigie/assets/catalogue.hpp"
#include "vigie/base/time.hpp"
#include "vigie/store/closing.hpp"

namespace vigie::live {

struct ArchiveSettings {
    std::string app_url;
    std::string owner_url;
    std::string time_zone;      // IANA
    std::int64_t close_hour{};  // of the local day
    std::int64_t close_after_days{};
    base::Duration linger{std::chrono::minutes{1}};
};

// Since start.
struct ArchiveCounters {
    std::atomic<std::uint64_t> closed_days{0};
    std::atomic<std::uint64_t> repacked{0};   // days of an asset
    std::atomic<std::uint64_t> conflicts{0};  // store::Repacked
    std::atomic<std::uint64_t> expired_chunks{0};
    std::atomic<std::uint64_t> expired_rollups{0};
    std::atomic<std::uint64_t> failures{0};
};

// What was read again.
struct Verification {
    std::size_t chunks{};
    std::size_t frames{};
    std::size_t rollups{};
    std::size_t skipped{};            // roll-ups with marked hours, or whose frames are forgotten
    std::vector<std::string> faults;  // in words, the first hundred
    std::size_t fault_count{};
};

// Thread-safe. What asks the database throws store::Unavailable while it is away.
class Archive {
public:
    // What Keeper::await_flush promises. A start reads the hot table and what lies beside packed
    // days: what leaves either must be in the flushed values.
    using AwaitFlush = std::function<bool(const std::function<bool()>& given_up)>;

    Archive(ArchiveSettings settings, const assets::Registry& registry, const base::Clock& clock,
            std::function<void(store::Day)> route_late, AwaitFlush await_flush);
    ~Archive();
    Archive(const Archive&) = delete;
    Archive& operator=(const Archive&) = delete;

    void start();
    // Waits for what is under way, also on the clerk; cut_silent() shortens that.
    void stop();
    // One round of the thread: closes what is due if it is the hour for it, then the small things.
    void tend();
    // Days that are old enough, oldest first, at once.
    std::vector<store::ClosedDay> close_due();
    // One day; conflict: it is not over since long enough, or closed.
    base::Result<store::ClosedDay> close(store::Day day);
    [[nodiscard]] nlohmann::json status();
    // Reads chunks and roll-ups again and compares these with the frames: about `sample` of each,
    // or all.
    [[nodiscard]] Verification verify(std::optional<std::size_t> sample);
    // What Pool::cut_silent promises, of all that is done here.
    std::size_t cut_silent(std::chrono::milliseconds older_than);
    // Where requests are served that take long and block, one after the other, until stop().
    [[nodiscard]] boost::asio::thread_pool& clerk() { return clerk_; }
    // Unavailable, once stop() was called.
    void throw_when_stopping() const;
    [[nodiscard]] const ArchiveCounters& counters() const { return counters_; }

private:
    void run();
    [[nodiscard]] store::Day last_due() const;
    void close_by_night();
    void expire();
    void throw_when_not_flushed() const;
    void repack(std::int64_t late_through);
    ArchiveSettings settings_;
    const assets::Registry& registry_;
    const base::Clock& clock_;
    std::mutex working_;  // one at a time closes, merges, forgets
    store::Closing closing_;
    AwaitFlush await_flush_;
    store::Pool pool_;
    ArchiveCounters counters_;
    std::optional<std::chrono::local_days> last_night_;
    std::optional<base::Instant> last_repack_;
    std::mutex mutex_;
    std::condition_variable stop_came_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
    boost::asio::thread_pool clerk_{1};  // last: it uses all of the above
};

// GET /admin/v1/storage, POST /admin/v1/storage/close, GET /admin/v1/storage/verify.
void add_storage_admin_routes(api::Router& admin, Archive& archive);

}  // namespace vigie::live
