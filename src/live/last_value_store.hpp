// SQL of the tables last_value and live_run, and of the frames a start reads.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "vigie/live/city_state.hpp"
#include "vigie/live/keeper.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::live {

[[nodiscard]] std::vector<LastValue> read_last_values(store::Transaction& tx);
void write_last_values(store::Transaction& tx, std::span<const LastValue> rows);

// Frames that the flushed values may not hold yet, in event order per asset, some assets at a time:
// those after the asset's newest flushed instant, and if it has notes in replay_from all from the
// earliest of these on; all of an asset that was never flushed. Answers how many.
std::size_t read_frames_since(store::Pool& pool, const std::string& url,
                              const std::function<void(std::vector<store::Frame>)>& take);
// Those of a lesser generation.
void remove_replay_notes(store::Transaction& tx, std::int64_t below);

// A run of the server: from now until it was last seen.
[[nodiscard]] std::int64_t begin_run(store::Transaction& tx, base::Instant now);
void touch_run(store::Transaction& tx, std::int64_t run, base::Instant now);

// "{1.5,NULL}" -> 1.5, NaN
[[nodiscard]] std::vector<double> parse_doubles(std::string_view array);

}  // namespace vigie::live
