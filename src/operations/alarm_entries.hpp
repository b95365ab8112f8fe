// What the logbook says of alarms.
#pragma once

#include <optional>

#include "operations/room.hpp"
#include "vigie/alarms/alarm.hpp"

namespace vigie::operations {

// The entry that a change is worth: an alarm (no maintenance notice) that an operator sees was
// raised, returned or was acknowledged. What is hidden is its cause's affair.
[[nodiscard]] std::optional<Entry> alarm_entry(const alarms::AlarmChange& change,
                                               const assets::Catalogue& catalogue);

// Writes it in the transaction that records the change, with the incident while that is open. An
// alarm that rises again after its incident was closed belongs to that one no more.
void write_alarm_entry(Room& room, store::Transaction& tx, const alarms::AlarmChange& change);

}  // namespace vigie::operations
