// Crews: who there is, where, and whom to send.
#pragma once

#include <string>
#include <vector>

#include "operations/incidents.hpp"
#include "operations/records.hpp"
#include "operations/room.hpp"
#include "vigie/operations/crew_choice.hpp"

namespace vigie::operations::crews {

using incidents::Asker;

[[nodiscard]] base::Result<Crew> add(Room& room, store::Transaction& tx, const Asker& asker,
                                     const Crew& crew);

// Those the asker may see: a crew member their own.
[[nodiscard]] std::vector<Crew> seen_by(const Room& room, store::Transaction& tx,
                                        const access::Principal& actor);

// An older position than the one known changes nothing. A crew member places their own crew.
[[nodiscard]] base::Result<Crew> place(Room& room, store::Transaction& tx, const Asker& asker,
                                       const std::string& code, base::LonLat position,
                                       base::Instant at);

struct Proposed {
    Choice choice;
    std::vector<Crew> crews;  // all of them, located
};
[[nodiscard]] base::Result<Proposed> propose(const Room& room, store::Transaction& tx,
                                             const Asker& asker, std::int64_t incident);

}  // namespace vigie::operations::crews
