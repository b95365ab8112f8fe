#include "vigie/live/freshness.hpp"

#include <algorithm>

namespace vigie::live {

std::string_view to_string(Freshness freshness) {
    static constexpr std::string_view names[] = {"fresh", "stale", "unknown", "unpowered"};
    return names[static_cast<std::size_t>(freshness)];
}

std::string_view to_string(DisplayState state) {
    static constexpr std::string_view names[] = {
        "alarm_1", "alarm_2",   "alarm_3", "alarm_4",        "maintenance", "unknown",
        "stale",   "unpowered", "normal",  "not_in_service", "silent_kind"};
    static_assert(std::size(names) == display_states);
    return names[static_cast<std::size_t>(state)];
}

Judged judge_freshness(const assets::Kind& kind, const Seen& seen, base::Instant now) {
    if (!seen.fed) return {Freshness::unpowered, std::nullopt};
    if (!seen.newest) return {Freshness::unknown, std::nullopt};
    const bool seen_since_fed = !seen.fed_since || *seen.newest >= *seen.fed_since;
    const auto from = seen_since_fed ? *seen.newest : *seen.fed_since;
    const auto stale_at = from + kind.stale_after;
    const auto unknown_at = from + kind.unknown_after;
    if (now >= unknown_at) return {Freshness::unknown, std::nullopt};
    if (now >= stale_at || !seen_since_fed) return {Freshness::stale, unknown_at};
    return {Freshness::fresh, stale_at};
}

}  // namespace vigie::live
