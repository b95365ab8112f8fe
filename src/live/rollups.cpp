#include "vigie/live/rollups.hpp"

#include <spdlog/spdlog.h>

#include "live/rollup_store.hpp"
#include "vigie/store/series.hpp"

namespace vigie::live {

namespace {

constexpr std::chrono::seconds compute_every{60};
// What is on its way when an hour ends comes in time, and is not computed twice.
constexpr std::chrono::minutes hour_settles{2};
// One report missing is a hole; one that is half a period late is not.
constexpr double hole_periods = 1.5;
constexpr std::size_t days_a_listing = 1'000;
constexpr std::size_t days_a_transaction = 20;

std::int32_t hour_number(base::Instant instant) {
    return static_cast<std::int32_t>(
        std::chrono::floor<std::chrono::hours>(instant).time_since_epoch().count());
}

base::Duration hole_min_in(const assets::Catalogue& catalogue, assets::AssetId id) {
    const auto* asset = catalogue.find(id);
    return asset == nullptr || asset->kind == nullptr ? base::Duration{0}
                                                      : hole_min_of(*asset->kind);
}

void compute_days(store::Transaction& tx, const assets::Catalogue& catalogue,
                  const Settled& settled, std::span<const AssetDay> days, base::Instant now) {
    allow_loss(tx);
    for (const auto& of : days) {
        if (has_final_rollup(tx, catalogue, of, now)) continue;
        const auto frames = store::read_series(tx, {.asset = of.asset,
                                                    .from = of.day,
                                                    .to = of.day + std::chrono::days{1},
                                                    .positions = std::nullopt});
        write_rollup(tx, of.asset,
                     store::roll_up(frames, of.day, hole_min_in(catalogue, of.asset)));
    }
    for (const auto& of : days)
        remove_marks(tx, settled, of);
}

}  // namespace

base::Duration hole_min_of(const assets::Kind& kind) {
    const std::chrono::duration<double> period = kind.reporting_period;
    return std::chrono::duration_cast<base::Duration>(period * hole_periods);
}

Rollups::Rollups(std::string app_url, const assets::Registry& registry, const base::Clock& clock,
                 Settle settle)
    : pool_(std::move(app_url), 0),
      registry_(registry),
      clock_(clock),
      settle_(std::move(settle)) {}

Rollups::~Rollups() {
    stop();
}

void Rollups::start() {
    thread_ = std::thread([this] { run(); });
}

void Rollups::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stop_came_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Rollups::compute() {
    Settled settled{hour_number(clock_.now() - hour_settles), 0};
    if (!pool_.read_now(
            [&](store::Transaction& tx) { return has_dirty_before(tx, settled.open_hour); }))
        return;
    settled.generation = settle_(settled.open_hour);
    const auto catalogue = registry_.current();
    std::optional<AssetDay> after;
    for (;;) {
        const auto days = pool_.read_now([&](store::Transaction& tx) {
            return read_dirty_days(tx, settled, after, days_a_listing);
        });
        if (days.empty()) break;
        for (std::size_t first = 0; first < days.size() && !stopping_;
             first += days_a_transaction) {
            const auto batch =
                std::span(days).subspan(first, std::min(days_a_transaction, days.size() - first));
            pool_.write_now([&](store::Transaction& tx) {
                compute_days(tx, *catalogue, settled, batch, clock_.now());
            });
            counters_.days += batch.size();
        }
        if (stopping_) return;
        after = days.back();
    }
    ++counters_.rounds;
}

void Rollups::run() {
    for (;;) {
        try {
            compute();
        } catch (const std::exception& error) {
            spdlog::warn("roll-ups wait: {}", error.what());
        }
        std::unique_lock lock(mutex_);
        if (stop_came_.wait_for(lock, compute_every, [this] { return stopping_.load(); })) return;
    }
}

}  // namespace vigie::live
