// SQL of the tables last_value and live_run, and of the frames a start reads.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "vigie/live/city_state.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::live {

[[nodiscard]] std::vector<LastValue> read_last_values(store::Transaction& tx);
void write_last_values(store::Transaction& tx, std::span<const LastValue> rows);

// Frames of each asset after its newest flushed instant less `overlap`, in event order per asset, a
// slice of assets at a time.
void read_frames_since(store::Transaction& tx, base::Duration overlap,
                       const std::function<void(std::vector<store::Frame>)>& take);

// A run of the server: from now until it was last seen.
[[nodiscard]] std::int64_t begin_run(store::Transaction& tx, base::Instant now);
void touch_run(store::Transaction& tx, std::int64_t run, base::Instant now);

// "{1.5,NULL}" -> 1.5, NaN
[[nodiscard]] std::vector<double> parse_doubles(std::string_view array);

}  // namespace vigie::live
