// SQL of the roll-ups of assets, and of the marks that say which hours of them are out of date.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "vigie/assets/catalogue.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/rollup.hpp"

namespace vigie::live {

struct AssetDay {
    assets::AssetId asset{};
    store::Day day;
};

// From the first day to the last, as far as there are any and they can be read.
// Asked for, to travel with other statements, and what they answered.
[[nodiscard]] store::Later ask_rollups(store::Transaction& tx, assets::AssetId asset,
                                       store::Day first, store::Day last);
[[nodiscard]] std::vector<store::DayRollup> rollups_of(assets::AssetId asset,
                                                       const store::Rows& rows);
[[nodiscard]] store::Later ask_dirty_hours(store::Transaction& tx, assets::AssetId asset,
                                           std::int32_t first, std::int32_t last);
[[nodiscard]] std::vector<std::int32_t> dirty_hours_of(const store::Rows& rows);

[[nodiscard]] std::vector<store::DayRollup> read_rollups(store::Transaction& tx,
                                                         assets::AssetId asset, store::Day first,
                                                         store::Day last);
void write_rollup(store::Transaction& tx, assets::AssetId asset, const store::DayRollup& rollup);

// Whether the roll-up stays as it is, whatever still comes: the day is closed, and older than its
// kind keeps observations, so that they may be forgotten. So it is too where the kind is not known.
[[nodiscard]] bool has_final_rollup(store::Transaction& tx, const assets::Catalogue& catalogue,
                                    const AssetDay& of, base::Instant now);

// Hours since 1970 from `first` to `last` whose frames changed since the roll-up was computed, in
// order.
[[nodiscard]] std::vector<std::int32_t> read_dirty_hours(store::Transaction& tx,
                                                         assets::AssetId asset, std::int32_t first,
                                                         std::int32_t last);

// Which marks may be taken: of hours before this one, set in this generation at the latest.
struct Settled {
    std::int32_t open_hour{};
    std::int64_t generation{};
};
[[nodiscard]] bool has_dirty_before(store::Transaction& tx, std::int32_t hour);
// After the one given, by asset and day.
[[nodiscard]] std::vector<AssetDay> read_dirty_days(store::Transaction& tx, const Settled& settled,
                                                    const std::optional<AssetDay>& after,
                                                    std::size_t limit);
// To be called last in its transaction: a writer that marks one of them anew waits for its end.
void remove_marks(store::Transaction& tx, const Settled& settled, const AssetDay& of);
// The transaction may be lost in a power cut, as a whole: it is computed anew.
void allow_loss(store::Transaction& tx);

}  // namespace vigie::live
