// The SQL of streets.
#pragma once

#include <span>

#include "vigie/store/database.hpp"
#include "vigie/streets/streets.hpp"

namespace vigie::streets {

// Adds them, or puts them in the place of those with their code.
void write_streets(store::Transaction& tx, std::span<const Street> streets);

}  // namespace vigie::streets
