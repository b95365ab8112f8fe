// Kinds in the database: what is numbered there is never numbered otherwise again.
#pragma once

#include <vector>

#include "vigie/assets/kind.hpp"
#include "vigie/base/result.hpp"
#include "vigie/store/database.hpp"

namespace vigie::assets {

// Makes known what is new in `parsed` and answers the kinds as they count from now on: id, layout,
// width, positions of properties, numbers of codes (in rules too) as allotted once for all. A code
// that left the file keeps its number, so that old observations can be read. invalid: a property
// changed its type in a way that would make what is stored mean something else.
[[nodiscard]] base::Result<std::vector<Kind>> load_kinds(store::Transaction& tx,
                                                         std::vector<Kind> parsed);

}  // namespace vigie::assets
