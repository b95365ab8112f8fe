// What everything that moves a command works with.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/access/principal.hpp"
#include "vigie/assets/catalogue.hpp"
#include "vigie/control/command.hpp"
#include "vigie/live/stream.hpp"
#include "vigie/store/database.hpp"

namespace vigie::control {

// Lives as long as the module.
struct Room {
    const base::Clock& clock;
    live::Stream& stream;
    const assets::Registry& registry;
    // What must be written together with each change (the logbook); once all rows are changed.
    std::function<void(store::Transaction&, const Change&)> in_transaction{};
    // What follows a commit: the dispatcher.
    std::function<void(const Change&)> changed{};
};

struct Author {
    std::string login;
    std::string name;
};
[[nodiscard]] Author server_author();
[[nodiscard]] Author device_author(const std::string& credential);

struct Step {
    State to{};
    Author author{};
    base::Instant at{};
    base::Instant recorded_at{};
    std::string cause{};
    std::string detail{};
};
// The command after that step, and the step; not written yet.
[[nodiscard]] Change take_step(Command& command, Step step);

// Writes rows and transitions, in their order, and what belongs to them; streams and tells who
// follows once that is committed. `fresh`: their rows were written already.
void write_changes(Room& room, store::Transaction& tx, std::vector<Change> changes,
                   bool fresh = false);

[[nodiscard]] live::StreamRow stream_row(const Command& command,
                                         const assets::Catalogue& catalogue);

}  // namespace vigie::control
