// Pure: what is done to a batch of frames before the database sees it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "vigie/store/frames.hpp"

namespace vigie::store {

// Whether a and b name the same asset and instant.
[[nodiscard]] bool same_key(const Frame& a, const Frame& b);

// Merges `from` into `into`: element by element, absent gives way, of two different values the
// greater is kept, so that order does not matter; received_at keeps the earliest. Answers how many
// elements were in conflict.
std::size_t merge_into(Frame& into, const Frame& from);

// Sorts by asset and instant and merges equal keys. Answers the conflicts. The order also keeps two
// writers with overlapping upserts from waiting for each other in a circle.
std::size_t sort_and_merge(std::vector<Frame>& frames);

// How many frames go to the database in one transaction: half as many once that took too long, and
// by and by more again.
class AtOnce {
public:
    explicit AtOnce(std::size_t max) : max_(max), now_(max) {}
    [[nodiscard]] std::size_t now() const { return now_; }
    void too_slow(std::size_t tried) { now_ = std::max<std::size_t>(1, std::min(now_, tried) / 2); }
    void went_well(std::size_t tried) {
        if (tried >= now_) now_ = std::min(max_, now_ + now_ / 8 + 1);
    }

private:
    std::size_t max_;
    std::size_t now_;
};

}  // namespace vigie::store
