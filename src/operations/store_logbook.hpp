// The logbook in PostgreSQL: added to, read and verified, never changed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operations/records.hpp"
#include "operations/store_rows.hpp"
#include "vigie/access/chain.hpp"

namespace vigie::operations::logbook_store {

// Numbers the entry, chains it and answers it whole. Locks the logbook's end until the transaction
// ends: change other rows before.
[[nodiscard]] Entry append(store::Transaction& tx, Entry entry);

struct Filter {
    std::optional<std::int64_t> incident;
    std::optional<base::Instant> from;
    std::optional<base::Instant> until;  // excluded
};
// Newest first; `before` is the last number seen.
[[nodiscard]] std::vector<Entry> page(store::Transaction& tx, const Filter& filter,
                                      const std::optional<std::int64_t>& before,
                                      std::size_t rows_max);
// Oldest first.
[[nodiscard]] std::vector<Entry> story(store::Transaction& tx, std::int64_t incident);
[[nodiscard]] bool exists(store::Transaction& tx, std::int64_t number);

// Reads every entry in blocks, and every caller that is still kept against its commitment.
[[nodiscard]] access::ChainReport verify(store::Transaction& tx);

}  // namespace vigie::operations::logbook_store
