#include <algorithm>

#include "vigie/assets/import.hpp"

namespace vigie::assets {

void ImportProgress::begin(Phase phase, std::size_t of, std::size_t steps_per_row) {
    const std::lock_guard lock(mutex_);
    seen_ = {phase, 0, of};
    steps_ = 0;
    steps_per_row_ = std::max<std::size_t>(1, steps_per_row);
}

void ImportProgress::advance(std::size_t steps) {
    const std::lock_guard lock(mutex_);
    steps_ += steps;
    seen_.rows = std::min(seen_.of, steps_ / steps_per_row_);
}

ImportProgress::Seen ImportProgress::now() const {
    const std::lock_guard lock(mutex_);
    return seen_;
}

}  // namespace vigie::assets
