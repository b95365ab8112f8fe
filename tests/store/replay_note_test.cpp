#include "store/replay_note.hpp"

#include <gtest/gtest.h>

namespace vigie::store {
namespace {

Frame at(int asset, int second) {
    Frame made;
    made.asset_id = asset;
    made.observed_at = base::Instant{std::chrono::seconds{second}};
    return made;
}

TEST(NoteMemory, NotesTheEarliestOfEachAssetOnceAGeneration) {
    NoteMemory memory;
    const std::vector<Frame> frames{at(1, 5), at(1, 6), at(2, 9)};
    const auto notes = memory.missing(1, frames);
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_EQ(notes[0].asset_id, 1);
    EXPECT_EQ(notes[0].from, at(1, 5).observed_at);
    EXPECT_EQ(notes[1].asset_id, 2);
    EXPECT_EQ(memory.missing(1, frames).size(), 2U) << "not before they are committed";
    memory.remember(notes);
    EXPECT_TRUE(memory.missing(1, frames).empty());
    const std::vector<Frame> earlier{at(1, 4), at(2, 10)};
    ASSERT_EQ(memory.missing(1, earlier).size(), 1U);
    EXPECT_EQ(memory.missing(1, earlier)[0].from, at(1, 4).observed_at);
    EXPECT_EQ(memory.missing(2, frames).size(), 2U);
}

}  // namespace
}  // namespace vigie::store
