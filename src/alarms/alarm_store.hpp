// SQL of the tables alarm and alarm_transition.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "vigie/alarms/alarm.hpp"
#include "vigie/alarms/occurrence.hpp"
#include "vigie/store/database.hpp"

namespace vigie::alarms {

// Those of `ids` that are kept, locked until the transaction ends.
[[nodiscard]] std::map<std::string, Alarm> lock_alarms(store::Transaction& tx,
                                                       const std::vector<std::string>& ids);

// What tells two transitions of one alarm apart.
using TransitionKey = std::tuple<std::string, std::int64_t, std::string, std::string>;
[[nodiscard]] TransitionKey key_of(const std::string& alarm, const Occurrence& occurrence);
// Those the rules made, of these alarms.
[[nodiscard]] std::set<TransitionKey> read_rule_transitions(store::Transaction& tx,
                                                            const std::vector<std::string>& ids);

// Rows and transitions of changes, the latest change of an alarm last.
void write_changes(store::Transaction& tx, std::span<const AlarmChange> changes, base::Instant now);
void write_incident(store::Transaction& tx, const std::string& id,
                    std::optional<std::int64_t> incident, base::Instant now);

// What the engine finds again after a restart.
[[nodiscard]] std::vector<Standing> read_standing(store::Transaction& tx);
[[nodiscard]] std::vector<JudgedThrough> read_judged(store::Transaction& tx,
                                                     base::Instant changed_since);

struct AlarmQuestion {
    std::optional<std::string> raises;
    bool open_only{true};
    std::optional<std::vector<std::string>> states;
    std::optional<assets::AssetId> asset;
    std::optional<std::string> kind;
    std::optional<std::string> desk;
    std::optional<std::vector<std::string>> communes;
    std::optional<std::string> suppressed_by;
    // After this place in the order: worst first, then oldest.
    std::optional<std::tuple<std::int64_t, base::Instant, std::string>> after;
    std::size_t limit{};
};
[[nodiscard]] std::vector<Alarm> list_alarms(store::Transaction& tx, const AlarmQuestion& question);

[[nodiscard]] std::vector<Transition> read_transitions(store::Transaction& tx,
                                                       const std::string& id);

}  // namespace vigie::alarms
