// The history of one asset: frames, buckets, and what explains holes. Buckets and stretches come
// from roll-ups where these are complete, and from frames where an hour is marked or a range cuts a
// quarter; both ways lead to the same bits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vigie/assets/catalogue.hpp"
#include "vigie/live/gaps.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/rollup.hpp"

namespace vigie::live {

struct HistoryFrame {
    base::Instant observed_at;
    std::vector<double> values;
};

// In [range.from, range.to), oldest first; only these positions need be filled.
[[nodiscard]] std::vector<HistoryFrame> read_frames(store::Transaction& tx, assets::AssetId asset,
                                                    const Interval& range,
                                                    const std::vector<std::int64_t>& positions,
                                                    std::size_t limit);

// What buckets and stretches in the range may need of roll-ups; read once for both.
struct RolledUp {
    std::vector<store::DayRollup> days;
    std::vector<std::int32_t> dirty_hours;  // since 1970: what changed after the roll-up
};
// Asked for first, to travel with what is asked for before it is read.
class AskedRollups {
public:
    AskedRollups(store::Transaction& tx, assets::AssetId asset, const Interval& range,
                 base::Duration hole_min);
    [[nodiscard]] RolledUp read() const;

private:
    AskedRollups(store::Transaction& tx, assets::AssetId asset, const Interval& window);
    assets::AssetId asset_;
    store::Later days_;
    store::Later dirty_hours_;
};
[[nodiscard]] RolledUp read_rollups_around(store::Transaction& tx, assets::AssetId asset,
                                           const Interval& range, base::Duration hole_min);

struct Bucket {
    std::int32_t position{};
    base::Instant start;
    std::int64_t count{};
    double min{};
    double max{};
    double mean{};
    double last{};
};

// Buckets of `width` (counted from midnight UTC) in which a position has a value, oldest first.
[[nodiscard]] std::vector<Bucket> read_buckets(store::Transaction& tx, assets::AssetId asset,
                                               const Interval& range, std::chrono::seconds width,
                                               const std::vector<std::int64_t>& positions,
                                               const RolledUp& rolled_up);

// The stretches in which something was seen at least every `hole_min`: what holes() needs. With
// positions: in which one of them had a value.
[[nodiscard]] std::vector<Interval> read_stretches(store::Transaction& tx, assets::AssetId asset,
                                                   const Interval& range, base::Duration hole_min,
                                                   const std::vector<std::int64_t>& positions,
                                                   const RolledUp& rolled_up);

// When the latest value of a position was one of `values`.
[[nodiscard]] std::vector<Interval> read_intervals(store::Transaction& tx, assets::AssetId asset,
                                                   int position, const std::vector<double>& values,
                                                   const Interval& range);

// When the server did not listen.
[[nodiscard]] std::vector<Interval> read_absences(store::Transaction& tx, const Interval& range);

}  // namespace vigie::live
