// How far what was last seen of an asset can be trusted now. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "vigie/assets/kind.hpp"
#include "vigie/base/time.hpp"

namespace vigie::live {

enum class Freshness : std::uint8_t { fresh, stale, unknown, unpowered };

// What the map shows, worst first: the order of the contract, whose numbers the topic `map` sends.
enum class DisplayState : std::uint8_t {
    alarm_1,
    alarm_2,
    alarm_3,
    alarm_4,
    maintenance,
    unknown,
    stale,
    unpowered,
    normal,
    not_in_service,
    silent_kind
};
inline constexpr int display_states = 11;

[[nodiscard]] std::string_view to_string(Freshness freshness);
[[nodiscard]] std::string_view to_string(DisplayState state);

struct Seen {
    std::optional<base::Instant> newest;  // event time of the newest observation
    bool fed{true};                       // the power graph says it has current
    // When the current last came back; nothing if it was never seen off.
    std::optional<base::Instant> fed_since;
};

struct Judged {
    Freshness freshness{Freshness::unknown};
    std::optional<base::Instant> until;  // judge again then; nothing: only a new fact changes it
};

// By event time: fresh until kind.stale_after, stale until kind.unknown_after. Never seen is
// unknown. Without current it is unpowered, whatever it said. Once the current is back the clock
// starts anew at that instant, but what was seen before it is at best stale: an old value never
// passes for a fresh one.
[[nodiscard]] Judged judge_freshness(const assets::Kind& kind, const Seen& seen, base::Instant now);

}  // namespace vigie::live
