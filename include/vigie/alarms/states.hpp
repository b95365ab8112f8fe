// The life of an alarm by IEC 62682 / ISA-18.2 (2016): states A to G and what moves between them.
// Pure: the one place where a transition is decided, for the rules, for operators and for replay.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vigie::alarms {

// Hidden from the operator's list, and why. Shelving (E) and out of service (G) are complete here;
// this release has no route that asks for them.
enum class Suppression : std::uint8_t { none, by_design, shelved, out_of_service };

// Kept orthogonally: the condition is followed whatever else is true.
struct State {
    bool active{};            // the condition stands
    bool acknowledged{true};  // meaningless while suppressed
    Suppression suppression{Suppression::none};
    friend bool operator==(const State&, const State&) = default;
};

// The letters of the standard. A normal, B unacknowledged, C acknowledged, D returned to normal
// unacknowledged, E shelved, F suppressed by design, G out of service.
enum class Letter : std::uint8_t { a, b, c, d, e, f, g };
[[nodiscard]] Letter letter(const State& state);

// The same as the contract says it.
[[nodiscard]] std::string_view to_string(Letter letter);

enum class Event : std::uint8_t {
    raise,            // the condition became true (after its delay)
    come_back,        // the condition became false (after its delay)
    acknowledge,      // an operator has seen it
    suppress,         // a cause that explains it stands
    release,          // ... no longer stands
    shelve,           // an operator puts it aside until an instant
    unshelve,         // ... takes it back by hand: who does so has seen it
    shelf_over,       // ... the instant came
    remove_service,   // taken out of service by someone authorised
    restore_service,  // ... and back
    re_alarm,         // it got worse while acknowledged: to be seen again
};
inline constexpr int event_count = 11;
[[nodiscard]] std::string_view to_string(Event event);
[[nodiscard]] std::optional<Event> event_from(std::string_view text);

struct Step {
    State to;
    bool allowed{};    // false: this event means nothing in that state; `to` is the state as it was
    bool announces{};  // an operator's attention is demanded (anew)
};

[[nodiscard]] Step step(const State& from, Event event);

struct Circumstance {
    bool explained{};                  // a cause that stands explains the condition
    bool needs_acknowledgement{true};  // false for maintenance notices, and what ends for good
};

// What Vigie makes of the standard, one transition at a time: what is explained is hidden from the
// start (raise leads to F); what ends while hidden, or needs no acknowledgement, leaves nothing
// over (come_back leads to A).
[[nodiscard]] Step decide(const State& from, Event event, const Circumstance& circumstance);

}  // namespace vigie::alarms
