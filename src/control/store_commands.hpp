// Commands in PostgreSQL. Every function works in the caller's transaction.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "control/lines.hpp"
#include "vigie/control/command.hpp"
#include "vigie/store/database.hpp"

namespace vigie::control::command_store {

// How many wait for that asset. Nobody else adds to them until this transaction ends.
[[nodiscard]] std::size_t count_queued_locked(store::Transaction& tx, assets::AssetId asset);

// Answers its id.
[[nodiscard]] std::int64_t insert(store::Transaction& tx, const Command& command);

[[nodiscard]] std::optional<Command> find(store::Transaction& tx, std::int64_t id);
// Those there are of them, in the order of their ids; nobody else moves them until this transaction
// ends.
[[nodiscard]] std::vector<Command> find_locked(store::Transaction& tx,
                                               const std::vector<std::int64_t>& ids);
// Newest first; `before`: older than this id. `open`: those that have not ended, or the others.
[[nodiscard]] std::vector<Command> page(store::Transaction& tx, assets::AssetId asset,
                                        std::optional<bool> open,
                                        std::optional<std::int64_t> before, std::size_t rows_max);
// For the stream: those that have not ended, and those that ended since; newest first.
[[nodiscard]] std::vector<Command> recent(store::Transaction& tx, base::Instant ended_since,
                                          std::size_t rows_max);
// Every command that has not ended.
[[nodiscard]] std::vector<Lines::Open> open(store::Transaction& tx);

// Writes state, since when, detail and what was learnt late; the version goes up.
void write(store::Transaction& tx, const Command& command);
// Adds each as the next step of its command.
void record(store::Transaction& tx, std::span<const Transition> transitions);
[[nodiscard]] std::vector<Transition> transitions(store::Transaction& tx, std::int64_t id);

}  // namespace vigie::control::command_store
