#include "vigie/live/archive.hpp"

#include <date/tz.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "live/archive_store.hpp"

namespace vigie::live {

namespace {

constexpr std::chrono::seconds tend_every{60};
// Late frames come in waves: a chunk is not written anew for each of them.
constexpr std::chrono::minutes repack_every{10};

// Local time as the hours since the epoch of a clock on the wall there.
std::chrono::hours local_hours(const std::string& zone, base::Instant now) {
    const auto local = date::locate_zone(zone)->to_local(now);
    return std::chrono::floor<std::chrono::hours>(local.time_since_epoch());
}

std::vector<store::Retention> retention_of(const assets::Catalogue& catalogue) {
    std::vector<store::Retention> kinds;
    for (const auto& kind : catalogue.kinds())
        kinds.push_back({kind.id, kind.raw_kept, kind.rollups_kept});
    return kinds;
}

store::ClosingSettings closing_settings(const ArchiveSettings& settings) {
    store::ClosingSettings closing;
    closing.app_url = settings.app_url;
    closing.owner_url = settings.owner_url;
    closing.linger = settings.linger;
    return closing;
}

}  // namespace

Archive::Archive(ArchiveSettings settings, const assets::Registry& registry,
                 const base::Clock& clock, std::function<void(store::Day)> route_late,
                 AwaitFlush await_flush)
    : settings_(std::move(settings)),
      registry_(registry),
      clock_(clock),
      closing_(closing_settings(settings_), clock, std::move(route_late)),
      await_flush_(std::move(await_flush)),
      pool_(settings_.app_url, 0) {}

Archive::~Archive() {
    stop();
}

void Archive::start() {
    thread_ = std::thread([this] { run(); });
}

void Archive::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stop_came_.notify_all();
    if (thread_.joinable()) thread_.join();
    clerk_.join();
}

std::size_t Archive::cut_silent(std::chrono::milliseconds older_than) {
    return closing_.cut_silent(older_than) + pool_.cut_silent(older_than);
}

void Archive::throw_when_stopping() const {
    if (stopping_) throw store::Unavailable("the server stops");
}

store::Day Archive::last_due() const {
    return store::day_of(clock_.now()) - std::chrono::days{settings_.close_after_days};
}

std::vector<store::ClosedDay> Archive::close_due() {
    const std::lock_guard lock(working_);
    std::vector<store::ClosedDay> closed;
    for (const auto day : closing_.open_days(last_due())) {
        if (stopping_) break;
        const auto done = closing_.close(day);
        if (!done) {
            ++counters_.failures;
            spdlog::error("a day cannot be closed: {}", done.error().detail.en);
            continue;
        }
        ++counters_.closed_days;
        closed.push_back(*done);
        spdlog::info("{} closed: {} frames, {} values, {} bytes", store::date_text(done->day),
                     done->frames, done->values, done->bytes);
    }
    return closed;
}

base::Result<store::ClosedDay> Archive::close(store::Day day) {
    if (day > last_due()) {
        const auto days = std::to_string(settings_.close_after_days);
        return base::fail(base::Errc::conflict, "a day is closed once it is " + days + " days past",
                          "un jour est clos quand il est passé depuis " + days + " jours");
    }
    const std::lock_guard lock(working_);
    auto closed = closing_.close(day);
    if (closed) ++counters_.closed_days;
    return closed;
}

void Archive::expire() {
    const std::lock_guard lock(working_);
    const auto expired = closing_.expire(retention_of(*registry_.current()));
    counters_.expired_chunks += expired.chunks;
    counters_.expired_rollups += expired.rollups;
}

void Archive::close_by_night() {
    const auto local = local_hours(settings_.time_zone, clock_.now());
    const std::chrono::local_days today{std::chrono::floor<std::chrono::days>(local)};
    if (last_night_ == today) return;
    if (local - std::chrono::floor<std::chrono::days>(local) <
        std::chrono::hours{settings_.close_hour})
        return;
    close_due();
    expire();
    last_night_ = today;
}

void Archive::tend() {
    close_by_night();
    const std::lock_guard lock(working_);
    const auto now = clock_.now();
    const bool may_merge = !last_repack_ || now - *last_repack_ >= repack_every;
    // What comes from now on is left for the next time.
    const auto late_through = may_merge ? closing_.newest_late() : 0;
    if (late_through > 0 || closing_.has_to_drop()) throw_when_not_flushed();
    if (late_through > 0) repack(late_through);
    if (may_merge) last_repack_ = now;
    closing_.drop_closed();
}

void Archive::throw_when_not_flushed() const {
    if (!await_flush_([this] { return stopping_.load(); }))
        throw store::Unavailable("what is stored is not in the last values yet");
}

void Archive::repack(std::int64_t late_through) {
    const auto repacked = closing_.repack(late_through);
    counters_.repacked += repacked.days;
    counters_.conflicts += repacked.conflicts;
}

void Archive::run() {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            if (stop_came_.wait_for(lock, tend_every, [this] { return stopping_.load(); })) return;
        }
        try {
            tend();
        } catch (const std::exception& error) {
            ++counters_.failures;
            spdlog::warn("closing days waits: {}", error.what());
        }
    }
}

nlohmann::json Archive::status() {
    auto body = pool_.read_now([](store::Transaction& tx) { return read_storage(tx); });
    body["close_hour"] = settings_.close_hour;
    body["close_after_days"] = settings_.close_after_days;
    auto& kept = body["kept"] = nlohmann::json::array();
    for (const auto& kind : registry_.current()->kinds()) {
        kept.push_back({{"kind", kind.code},
                        {"raw_days", kind.raw_kept.count()},
                        {"rollup_days", kind.rollups_kept.count()}});
    }
    return body;
}

}  // namespace vigie::live
