// Which crews to propose for a place, and why not the others (law 7). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/geometry.hpp"
#include "vigie/base/time.hpp"

namespace vigie::operations {

inline constexpr std::size_t crews_proposed_max = 3;
// An older position says where a crew was, not where it is.
inline constexpr std::chrono::minutes crew_position_age_max{10};

struct Located {
    base::LonLat position;
    base::Instant at;
};

// The later of what the crew said and what its vehicle reported; the crew's own word at the same
// instant.
[[nodiscard]] std::optional<Located> latest(const std::optional<Located>& said,
                                            const std::optional<Located>& reported);

struct CrewStanding {
    std::string code;
    bool free{};
    std::optional<Located> located;
};

enum class WhyNot { busy, no_position, position_too_old, farther };
[[nodiscard]] std::string_view to_string(WhyNot reason);

struct Proposal {
    std::string code;
    double distance_m{};
    base::Duration age{};  // of the position; never negative
};

struct NotProposed {
    std::string code;
    WhyNot reason{WhyNot::busy};
    std::optional<double> distance_m;
    std::optional<base::Duration> age;
};

struct Choice {
    std::vector<Proposal> proposed;   // nearest first, at most crews_proposed_max
    std::vector<NotProposed> others;  // by code, the farther ones by distance first
};

[[nodiscard]] Choice choose(const std::vector<CrewStanding>& crews, base::LonLat place,
                            base::Instant now);

}  // namespace vigie::operations
