// The list of open alarms without a database: what list_alarms() would answer, out of what was
// shown last.
#pragma once

#include <optional>
#include <vector>

#include "alarms/alarm_store.hpp"
#include "vigie/alarms/recorder.hpp"

namespace vigie::alarms {

// Pure: whether the question is about this one, which is open.
[[nodiscard]] bool is_meant(const Alarm& alarm, const AlarmQuestion& question);

// Nothing: it cannot be known without the database (what is over, or nothing is kept in memory).
[[nodiscard]] std::optional<std::vector<Alarm>> list_shown(const Recorder& recorder,
                                                           const AlarmQuestion& question);

}  // namespace vigie::alarms
