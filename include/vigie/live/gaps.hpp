// Gaps: where a series should have values and has none, and why as far as is known. Pure.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "vigie/base/time.hpp"

namespace vigie::live {

struct Interval {
    base::Instant from;
    base::Instant to;
    friend bool operator==(const Interval&, const Interval&) = default;
};

enum class GapCause { device, gateway, platform, unpowered, unknown };
[[nodiscard]] std::string_view to_string(GapCause cause);

struct Gap {
    Interval interval;
    GapCause cause{GapCause::unknown};
};

// What may explain a gap, as intervals in order.
struct Explanations {
    std::span<const Interval> unpowered;  // the asset had no current
    std::span<const Interval> platform;   // the server did not listen
    std::span<const Interval> gateway;    // what it speaks through was silent too
    bool has_gateway{};
};

// A gap is put down to what covers at least half of it, in the order above; to the device when it
// has a gateway that was heard meanwhile; else its cause is unknown.
[[nodiscard]] GapCause explain(const Interval& gap, const Explanations& explanations);

// Holes longer than `hole_min` between stretches in which there is none (an instant alone is a
// stretch of no length), in order, within `range`. The first may lie before the range and the last
// after it: a hole is cut to the range.
[[nodiscard]] std::vector<Interval> holes(std::span<const Interval> stretches,
                                          const Interval& range, base::Duration hole_min);

}  // namespace vigie::live
