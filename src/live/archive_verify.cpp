#include <algorithm>

#include "live/archive_store.hpp"
#include "live/rollup_store.hpp"
#include "vigie/live/archive.hpp"
#include "vigie/store/rollup.hpp"
#include "vigie/store/series.hpp"

namespace vigie::live {

namespace {

constexpr std::size_t days_a_reading = 50;
constexpr std::size_t faults_told_max = 100;

class Verifier {
public:
    Verifier(store::Pool& pool, const assets::Catalogue& catalogue, base::Instant now,
             const std::atomic<bool>& stopping)
        : pool_(pool), catalogue_(catalogue), now_(now), stopping_(stopping) {}

    void read(Kept what, std::optional<std::size_t> sample) {
        const auto there =
            pool_.read_now([&](store::Transaction& tx) { return count_kept(tx, what); });
        const auto wanted = static_cast<std::int64_t>(sample.value_or(0));
        const std::int64_t step =
            sample ? std::max<std::int64_t>(1, there / std::max<std::int64_t>(1, wanted)) : 1;
        std::optional<AssetDay> after;
        std::size_t count = 0;
        while (!stopping_ && (!sample || count < *sample)) {
            const auto days = pool_.read_now([&](store::Transaction& tx) {
                store::hold_series(tx);
                auto part = read_kept(tx, what, step, after, days_a_reading);
                for (const auto& of : part)
                    what == Kept::chunks ? check_chunks(tx, of) : check_rollup(tx, of);
                return part;
            });
            if (days.empty()) return;
            count += days.size();
            after = days.back();
        }
    }

    Verification found;

private:
    void fault(const AssetDay& of, const std::string& what) {
        ++found.fault_count;
        if (found.faults.size() >= faults_told_max) return;
        found.faults.push_back("asset " + std::to_string(of.asset) + ", " +
                               store::date_text(of.day) + ": " + what);
    }

    void check_chunks(store::Transaction& tx, const AssetDay& of) {
        for (const auto& body : read_chunks(tx, of)) {
            ++found.chunks;
            const auto chunk = store::decode_chunk(body);
            if (!chunk) {
                fault(of, chunk.error().detail.en);
                continue;
            }
            found.frames += chunk->size();
            const bool is_of_day = std::ranges::all_of(chunk->observed_us, [&](auto us) {
                return store::day_of(base::from_epoch_us(us)) == of.day;
            });
            if (!is_of_day) fault(of, "a frame of another day");
        }
    }

    void check_rollup(store::Transaction& tx, const AssetDay& of) {
        const auto hour = static_cast<std::int32_t>(of.day.time_since_epoch().count()) * 24;
        const auto stored = read_rollups(tx, of.asset, of.day, of.day);
        if (stored.empty()) {
            ++found.rollups;
            return fault(of, "the roll-up cannot be read");
        }
        if (!read_dirty_hours(tx, of.asset, hour, hour + 23).empty() ||
            has_final_rollup(tx, catalogue_, of, now_)) {
            ++found.skipped;
            return;
        }
        ++found.rollups;
        const auto frames = store::read_series(tx, {.asset = of.asset,
                                                    .from = of.day,
                                                    .to = of.day + std::chrono::days{1},
                                                    .positions = std::nullopt});
        if (store::roll_up(frames, of.day, stored.front().hole_min) != stored.front())
            fault(of, "the roll-up is not what its frames come to");
    }

    store::Pool& pool_;
    const assets::Catalogue& catalogue_;
    base::Instant now_;
    const std::atomic<bool>& stopping_;
};

}  // namespace

Verification Archive::verify(std::optional<std::size_t> sample) {
    const auto catalogue = registry_.current();
    Verifier verifier(pool_, *catalogue, clock_.now(), stopping_);
    verifier.read(Kept::chunks, sample);
    verifier.read(Kept::rollups, sample);
    throw_when_stopping();  // cut short, it proves nothing
    return std::move(verifier.found);
}

}  // namespace vigie::live
