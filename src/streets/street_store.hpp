// The SQL of streets.
#pragma once

#include <functional>
#include <span>

#include "vigie/store/database.hpp"
#include "vigie/streets/streets.hpp"

namespace vigie::streets {

// Adds them, or puts them in the place of those with their code. `written` is told how many each
// statement wrote.
void write_streets(
    store::Transaction& tx, std::span<const Street> streets,
    const std::function<void(std::size_t)>& written = [](std::size_t) {});

}  // namespace vigie::streets
