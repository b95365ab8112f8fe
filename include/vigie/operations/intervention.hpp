// The life of an intervention: which state may follow which, and by whose hand. Pure.
//
//   assigned -> accepted | refused | cancelled
//   accepted -> en_route | on_site | paused | refused | cancelled
//   en_route -> on_site | paused | cancelled
//   on_site -> made_safe | restored | paused
//   made_safe -> restored | paused
//   paused -> accepted | en_route | on_site, made_safe when paused from there, or cancelled
//   restored -> verified, or assigned: reopened, see below
//   verified -> closed, or assigned: reopened
//   refused, cancelled, closed: final
//
// The crew's hand moves it from accepted to restored; the room's cancels, verifies by override and
// closes; telemetry verifies. Reopened is not a state: when an alarm of the repaired function rises
// again after `restored`, telemetry moves the intervention back to `assigned` with the reason
// `reopened_by_telemetry`, so that its crew must answer anew.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/geometry.hpp"
#include "vigie/base/result.hpp"
#include "vigie/base/time.hpp"

namespace vigie::operations {

enum class State {
    assigned,
    accepted,
    refused,
    en_route,
    on_site,
    made_safe,
    paused,
    restored,
    verified,
    closed,
    cancelled,
};
inline constexpr std::size_t states = 11;

[[nodiscard]] std::string_view to_string(State state);
[[nodiscard]] std::optional<State> state_from(std::string_view text);

// Nothing follows.
[[nodiscard]] bool is_final(State state);
// The crew is on it: it is not free for another. What is restored or verified waits for proof or
// for the room, and holds no crew.
[[nodiscard]] bool holds_crew(State state);

// Whose hand: the crew's own members, the room (whoever may operate operations), telemetry, or
// somebody who may only look.
enum class Hand { nobody, crew, room, telemetry };

inline constexpr std::string_view reopened_by_telemetry = "reopened_by_telemetry";

// Where it stands. `paused_from` is set while paused.
struct Standing {
    State state{State::assigned};
    std::optional<State> paused_from;
};

// The states that hand may move it to, in the order of the enumeration.
[[nodiscard]] std::vector<State> allowed(const Standing& standing, Hand hand);

// One step somebody asks for.
struct Move {
    State to{State::accepted};
    base::Instant at;  // by the person's clock
    std::string reason;
    std::string note;
    std::optional<base::LonLat> position;
};

// People's clocks are wrong in life. What a person says of the time is kept as they said it. Where
// it contradicts ours by more than the tolerance, ours orders the step: it counts at the instant we
// heard of it. A clock that is off by more than a day is nonsense, and refused.
inline constexpr std::chrono::minutes clock_tolerance{2};
inline constexpr std::chrono::hours clock_off_max{24};

struct Counted {
    base::Instant at;      // when the step counts as made: never after now, nor before the last
    base::Duration off{};  // what the clock is off by at least; ahead: positive; 0: believable
};
// `last`: when the step before counts as made.
[[nodiscard]] Counted count(base::Instant said, base::Instant last, base::Instant now);

// Whether a person's move may be made.
//   conflict   no hand could make it from here, or it was overtaken; extension: state, allowed
//   forbidden  another hand could; same extension
//   invalid    the reason, the note or the time is wrong; the pointer says which
[[nodiscard]] base::Result<void> judge(const Standing& standing, base::Instant last,
                                       const Move& move, Hand hand, base::Instant now);

}  // namespace vigie::operations
