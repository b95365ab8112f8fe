// What people may do with commands. Each function works in the caller's transaction, and streams
// what changed once that is committed.
#pragma once

#include <cstdint>
#include <string>

#include "control/room.hpp"
#include "vigie/base/result.hpp"

namespace vigie::control::orders {

struct Asker {
    const access::Principal& actor;
    base::Instant now;
};

// not_found; forbidden beyond the communes that somebody's rights reach.
[[nodiscard]] base::Result<const assets::Asset*> reach(const assets::Catalogue& catalogue,
                                                       const std::string& code, const Asker& asker,
                                                       access::Level level);

// What was asked, already held against the kind.
struct Wish {
    const assets::Command* command{};
    std::string parameters;
    std::chrono::seconds expires{};
};
// conflict: base::limits::commands_queued_max wait for that asset.
[[nodiscard]] base::Result<Command> request(Room& room, store::Transaction& tx, const Asker& asker,
                                            const assets::Asset& asset, const Wish& wish);

// not_found, forbidden.
[[nodiscard]] base::Result<Command> see(Room& room, store::Transaction& tx, const Asker& asker,
                                        std::int64_t id, access::Level level = access::Level::view);

// conflict (with its state): it went out already, or has ended.
[[nodiscard]] base::Result<Command> cancel(Room& room, store::Transaction& tx, const Asker& asker,
                                           std::int64_t id, const std::string& reason);

}  // namespace vigie::control::orders
