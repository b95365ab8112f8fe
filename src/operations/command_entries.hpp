// What the logbook says of commands: who asked for what, and how it ended. Steps in between stand
// beside the command.
#pragma once

#include <optional>

#include "operations/room.hpp"
#include "vigie/control/command.hpp"

namespace vigie::operations {

// Nothing: not a step that the room is told of. Pure.
[[nodiscard]] std::optional<Entry> command_entry(const control::Change& change,
                                                 const assets::Catalogue& catalogue);
void write_command_entry(Room& room, store::Transaction& tx, const control::Change& change);

}  // namespace vigie::operations
