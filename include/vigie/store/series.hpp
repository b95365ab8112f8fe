// The stored frames of one asset, wherever they lie: in the hot table, in chunks of closed days, or
// set apart because they came late. Read in one transaction, they are one series.
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "vigie/store/chunk.hpp"
#include "vigie/store/database.hpp"

namespace vigie::store {

struct SeriesQuestion {
    std::int32_t asset{};
    base::Instant from;  // included
    base::Instant to;    // excluded
    // Only these need be filled; without, all.
    std::optional<std::vector<std::int64_t>> positions;
    std::size_t limit{std::numeric_limits<std::size_t>::max()};
};

// The first `limit` frames in event order, each instant once. Arrival times are those of the row
// (history does not ask for them: 0 where the frame is still hot). A chunk that cannot be read is
// left out and logged: the rest of the series is worth more than none.
[[nodiscard]] FrameColumns read_series(Transaction& tx, const SeriesQuestion& question);

// The same for several, in their order; what they ask first travels together.
[[nodiscard]] std::vector<FrameColumns> read_all_series(
    Transaction& tx, const std::vector<SeriesQuestion>& questions);

// To be called first in a reading transaction that will read series: until it ends no day it can
// see leaves the database.
void hold_series(Transaction& tx);

// PostgreSQL's hexadecimal text of a bytea, "\x00ff", as a parameter takes it.
[[nodiscard]] std::string bytea_text(std::string_view bytes);

}  // namespace vigie::store
