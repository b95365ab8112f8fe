// Rules on observations, with dead band and delays. Pure: facts in, decisions out; time is an
// argument.
//
// Law 2: a value belongs to the instant it was observed. Delays count in event time; the clock only
// says when a delay that no further observation ended is over.
#pragma once

#include <cstdint>
#include <optional>

#include "vigie/assets/kind.hpp"
#include "vigie/base/time.hpp"

namespace vigie::alarms {

// Whether `value` meets the condition of a rule on a property (above, below, is). `stands`: it did
// so far; then a dead band must be left behind before it ends.
[[nodiscard]] bool meets(const assets::Rule& rule, double value, bool stands);

// What a rule remembers of one asset.
enum class Phase : std::uint8_t {
    normal,
    rising,  // the condition holds, delay_on is running
    standing,
    falling,  // the condition ended, delay_off is running
};

struct Memory {
    Phase phase{Phase::normal};
    base::Instant since{};  // event time at which rising, standing or falling began
};

enum class Outcome : std::uint8_t { nothing, raised, came_back };

struct Decision {
    Outcome outcome{Outcome::nothing};
    base::Instant at{};  // event time of what was decided
};

// One observation, the latest of its property. `may_raise` false: what it shows is remembered, but
// nothing is raised by it (it is late and overtaken by another that arrived with it); if the
// condition still holds at the next observation or at the end of the delay, that raises it, as of
// when it began.
[[nodiscard]] Decision observe(const assets::Rule& rule, Memory& memory, double value,
                               base::Instant observed_at, bool may_raise = true);

// The same for one that was judged before and has only been forgotten: what it does to the phase,
// without any decision. An observation of a delay's length ago and each since give back when the
// delay began.
void recall(const assets::Rule& rule, Memory& memory, double value, base::Instant observed_at);

// The clock came to `now`: ends a delay that is over.
[[nodiscard]] Decision elapse(const assets::Rule& rule, Memory& memory, base::Instant now);

// When elapse has something to do, if nothing is observed before.
[[nodiscard]] std::optional<base::Instant> due(const assets::Rule& rule, const Memory& memory);

// A rule on silence. `quiet_from` is the instant its clock runs from: the newest judged
// observation, or later the return of the current, or the start of our listening; nothing while
// silence is not judged (never heard of, without current).
[[nodiscard]] std::optional<base::Instant> silent_at(const assets::Rule& rule,
                                                     const assets::Kind& kind,
                                                     std::optional<base::Instant> quiet_from);

// What law 2 makes of an observation by its age when it arrived.
enum class Age : std::uint8_t {
    timely,
    late,      // by more than a reporting period: raises, marked learnt late, unless overtaken
    too_late,  // beyond the kind's limit: raises nothing
};
[[nodiscard]] Age age_of(const assets::Kind& kind, base::Instant observed_at,
                         base::Instant received_at);

}  // namespace vigie::alarms
