// What the database holds of a run of numbered observations, looked at row by row.
#pragma once

#include <vector>

#include "tests/e2e/support/numbered.hpp"

namespace vigie::e2e {

// Consecutive numbers.
struct Run {
    std::size_t first{};
    std::size_t count{};
};

struct Found {
    std::vector<bool> stored;  // by number, counted from the first of the run
    std::size_t rows{};
    std::size_t strangers{};  // rows nobody sent
    std::size_t doubles{};
    std::size_t wrong{};

    // Those which were promised and are not there.
    [[nodiscard]] std::size_t lost(const std::vector<bool>& acknowledged) const;
};

// Every row of the run's assets and instants, compared with what its number demands.
[[nodiscard]] Found look(const Installation& city, const Numbered& sent, Run run);

}  // namespace vigie::e2e
