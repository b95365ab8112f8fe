#include "store/replay_note.hpp"

namespace vigie::store {

std::vector<ReplayNote> NoteMemory::missing(std::int64_t generation,
                                            std::span<const Frame> not_later) {
    if (generation != generation_) known_.clear();
    generation_ = generation;
    std::vector<ReplayNote> notes;
    for (const Frame& frame : not_later) {
        if (!notes.empty() && notes.back().asset_id == frame.asset_id) continue;
        const auto known = known_.find(frame.asset_id);
        if (known == known_.end() || frame.observed_at < known->second)
            notes.push_back({frame.asset_id, frame.observed_at});
    }
    return notes;
}

void NoteMemory::remember(const std::vector<ReplayNote>& notes) {
    for (const auto& note : notes)
        known_[note.asset_id] = note.from;
}

}  // namespace vigie::store
