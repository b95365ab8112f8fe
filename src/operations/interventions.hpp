// Interventions: what people and telemetry may do with them. Each function works in the caller's
// transaction, writes the logbook there, and sends what changed once that is committed.
#pragma once

#include <optional>
#include <string>

#include "operations/incidents.hpp"
#include "operations/records.hpp"
#include "operations/room.hpp"
#include "operations/store_interventions.hpp"

namespace vigie::operations::interventions {

using incidents::Asker;

struct Dispatch {
    std::string crew;
    std::optional<std::string> asset;  // the incident's when absent
    std::string description;
};
[[nodiscard]] base::Result<Intervention> dispatch(Room& room, store::Transaction& tx,
                                                  const Asker& asker, std::int64_t incident,
                                                  const Dispatch& dispatch);

// The row, if the asker may see it: a crew member sees those of their crew.
[[nodiscard]] base::Result<Intervention> see(store::Transaction& tx, const Asker& asker,
                                             std::int64_t id);

// A person's move. What is restored is verified at once when telemetry has proved it before.
[[nodiscard]] base::Result<Intervention> move(Room& room, store::Transaction& tx,
                                              const Asker& asker, std::int64_t id,
                                              const Move& move);

// What telemetry makes of it.
struct Verdict {
    State to{State::verified};
    base::Instant at;
    std::string_view reason;
};
// Nothing: it stays as it is. Pure.
[[nodiscard]] std::optional<Verdict> judge_evidence(const Intervention& intervention,
                                                    const intervention_store::Evidence& evidence);

// Verifies or reopens it if the evidence says so. False: it stays as it is.
bool prove(Room& room, store::Transaction& tx, std::int64_t id, base::Instant now);

}  // namespace vigie::operations::interventions
