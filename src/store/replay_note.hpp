// Where a start begins to read frames again (table replay_from): notes that a writer sets with what
// is not later than all its asset had said before. What is later needs none: it is newer than the
// newest value that was flushed, and of an asset that was never flushed everything is read.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "vigie/store/frames.hpp"

namespace vigie::store {

struct ReplayNote {
    std::int32_t asset_id{};
    base::Instant from;
};

// The notes that one writer has set, so that it sets one of an asset a generation unless something
// still earlier comes. Not thread-safe.
class NoteMemory {
public:
    // The notes to set with these, which are sorted by asset and time; all of an earlier generation
    // are forgotten.
    [[nodiscard]] std::vector<ReplayNote> missing(std::int64_t generation,
                                                  std::span<const Frame> not_later);
    // Once they are committed.
    void remember(const std::vector<ReplayNote>& notes);

private:
    std::int64_t generation_{};
    std::unordered_map<std::int32_t, base::Instant> known_;
};

}  // namespace vigie::store
