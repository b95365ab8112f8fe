// What waits at each desk.
#pragma once

#include <vector>

#include "operations/records.hpp"
#include "operations/store_rows.hpp"

namespace vigie::operations::desk_store {

// One strip a desk, in the order of `desks`.
[[nodiscard]] std::vector<DeskStrip> strips(store::Transaction& tx, base::Instant now);

}  // namespace vigie::operations::desk_store
