// The sentences of the logbook, in both languages.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "operations/records.hpp"

namespace vigie::operations {

inline constexpr std::array<std::string_view, 6> desks{"security", "police", "video",
                                                       "traffic",  "winter", "citizen"};
[[nodiscard]] base::Text desk_name(std::string_view desk);
[[nodiscard]] base::Text state_name(State state);
// A coded reason in words; the code itself when it is unknown.
[[nodiscard]] base::Text reason_name(std::string_view reason);

// What a person wrote: the same in both languages.
[[nodiscard]] base::Text free_text(std::string text);

namespace texts {

[[nodiscard]] base::Text incident_opened(const Incident& incident);
[[nodiscard]] base::Text incident_claimed(const Incident& incident);
[[nodiscard]] base::Text incident_released(const Incident& incident);
[[nodiscard]] base::Text incident_changed(const Incident& before, const Incident& after);
[[nodiscard]] base::Text alarm_attached(const base::Text& name, std::string_view asset);
[[nodiscard]] base::Text incident_closed(std::string_view reason, std::string_view text,
                                         std::size_t alarms_left);
[[nodiscard]] base::Text contact(const Contact& contact);
[[nodiscard]] base::Text dispatched(const Intervention& intervention);
[[nodiscard]] base::Text moved(const Intervention& intervention, const Transition& transition);
[[nodiscard]] base::Text alarm_raised(const base::Text& name, std::string_view asset,
                                      const base::Text& value, bool learnt_late);
[[nodiscard]] base::Text alarm_returned(const base::Text& name, std::string_view asset);
[[nodiscard]] base::Text alarm_acknowledged(const base::Text& name, std::string_view asset);
// `what`: requested, done, failed, expired, cancelled, late_result.
[[nodiscard]] base::Text command(std::string_view what, const base::Text& name,
                                 std::string_view asset);
[[nodiscard]] base::Text callers_erased(std::size_t callers, base::Instant before);

}  // namespace texts

}  // namespace vigie::operations
