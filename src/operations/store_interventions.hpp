// Interventions in PostgreSQL. Every function works in the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "operations/records.hpp"
#include "operations/store_rows.hpp"

namespace vigie::operations::intervention_store {

// Answers its id.
[[nodiscard]] std::int64_t insert(store::Transaction& tx, const Intervention& intervention);

[[nodiscard]] std::optional<Intervention> find(store::Transaction& tx, std::int64_t id);
// The same, and nobody else moves it until this transaction ends.
[[nodiscard]] std::optional<Intervention> find_locked(store::Transaction& tx, std::int64_t id);
[[nodiscard]] std::vector<Intervention> of_incident(store::Transaction& tx, std::int64_t incident);

struct Filter {
    std::optional<std::string> crew;
    std::optional<bool> open;
    Communes reach;
};
using Key = std::tuple<std::int64_t, base::Instant, std::int64_t>;  // priority, created_at, id
[[nodiscard]] std::vector<Intervention> page(store::Transaction& tx, const Filter& filter,
                                             const std::optional<Key>& after, std::size_t rows_max);

// Writes the standing, since when, verified_by and restored_at; the version goes up.
void move(store::Transaction& tx, const Intervention& intervention);
// Adds the transition as the next step.
void record(store::Transaction& tx, const Transition& transition);
[[nodiscard]] std::vector<Transition> transitions(store::Transaction& tx, std::int64_t id);

// What telemetry says of a restored or verified intervention. Its alarms are those attached to its
// incident and, when it is about an asset, that asset's only: attached, active, or returned since
// the incident was opened.
struct Evidence {
    std::int64_t alarms{};
    bool all_quiet{};                          // none active, none suppressed
    std::optional<base::Instant> returned_at;  // of the last that returned
    std::optional<base::Instant> risen_at;     // of the first that rose after it was restored
};
[[nodiscard]] Evidence evidence(store::Transaction& tx, std::int64_t id);
// The interventions whose evidence may move them.
[[nodiscard]] std::vector<std::int64_t> unproved(store::Transaction& tx);

}  // namespace vigie::operations::intervention_store
