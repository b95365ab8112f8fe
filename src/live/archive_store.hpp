// SQL of what the archive tells and verifies.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "live/rollup_store.hpp"
#include "vigie/store/database.hpp"

namespace vigie::live {

[[nodiscard]] nlohmann::json read_storage(store::Transaction& tx);

enum class Kept { chunks, rollups };

// A part of what is kept, one in `step`: days of an asset, after the one given.
[[nodiscard]] std::vector<AssetDay> read_kept(store::Transaction& tx, Kept what, std::int64_t step,
                                              const std::optional<AssetDay>& after,
                                              std::size_t limit);
// About how many there are, as the database last counted them.
[[nodiscard]] std::int64_t count_kept(store::Transaction& tx, Kept what);

// The chunks of that day of an asset, in order.
[[nodiscard]] std::vector<std::string> read_chunks(store::Transaction& tx, const AssetDay& of);

}  // namespace vigie::live
