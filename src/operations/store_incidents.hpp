// Incidents in PostgreSQL. Every function works in the caller's transaction.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "operations/records.hpp"
#include "operations/store_rows.hpp"

namespace vigie::operations::incident_store {

// Answers its number.
[[nodiscard]] std::int64_t insert(store::Transaction& tx, const Incident& incident);

[[nodiscard]] std::optional<Incident> find(store::Transaction& tx, std::int64_t number);
// The same, and nobody else changes it until this transaction ends.
[[nodiscard]] std::optional<Incident> find_locked(store::Transaction& tx, std::int64_t number);

struct Filter {
    std::optional<std::string> desk;
    std::optional<bool> open;
    std::optional<std::string> commune;
    Communes reach;
};
using Key = std::tuple<std::int64_t, base::Instant, std::int64_t>;  // priority, opened_at, number
[[nodiscard]] std::vector<Incident> page(store::Transaction& tx, const Filter& filter,
                                         const std::optional<Key>& after, std::size_t rows_max);

// One atomic update: false when somebody owns it or it is closed.
[[nodiscard]] bool claim(store::Transaction& tx, std::int64_t number, const Author& owner,
                         base::Instant now);
void release(store::Transaction& tx, std::int64_t number);
// Title, priority and desk. The version goes up.
void change(store::Transaction& tx, const Incident& incident);
void close(store::Transaction& tx, std::int64_t number, const Author& author,
           const std::string& reason, base::Instant now);
// What stands in incident_transition.
void record(store::Transaction& tx, std::int64_t number, const char* step, const Author& author,
            base::Instant at, base::Instant now, const nlohmann::json& detail);

// Answers the open incident that already holds the alarm, if there is one: then nothing changed.
// The alarm's own row learns its incident.
[[nodiscard]] std::optional<std::int64_t> attach_alarm(store::Transaction& tx, std::int64_t number,
                                                       const std::string& alarm,
                                                       const Author& author, base::Instant now);

[[nodiscard]] std::vector<std::string> alarms_of(store::Transaction& tx, std::int64_t number);

// What keeps it open.
struct Left {
    std::vector<std::string> interventions;  // not in a final state
    std::vector<std::string> alarms;         // attached and active
};
[[nodiscard]] Left left_open(store::Transaction& tx, std::int64_t number);

[[nodiscard]] bool is_open(store::Transaction& tx, std::int64_t number);

// The open incidents to which any of these alarms is attached.
[[nodiscard]] std::vector<Incident> of_alarms(store::Transaction& tx,
                                              const std::vector<std::string>& alarms);

}  // namespace vigie::operations::incident_store
