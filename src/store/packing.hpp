// From the partition of a day to its chunks, and back to compare. In the transaction of the caller,
// as the schema's owner; in bounded memory, a piece of a cursor at a time.
#pragma once

#include "store/pg.hpp"
#include "vigie/base/result.hpp"
#include "vigie/store/closing.hpp"

namespace vigie::store {

// Packs all frames of the partition. invalid: a row is wider than a chunk may be.
[[nodiscard]] base::Result<ClosedDay> pack_day(PgConnection& pg, Day day);

// Whether the chunks of that day, unpacked, are the rows of its partition, bit for bit. The error
// says where they differ.
[[nodiscard]] base::Result<void> compare_day(PgConnection& pg, Day day);

}  // namespace vigie::store
