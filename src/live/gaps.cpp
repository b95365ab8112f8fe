#include "vigie/live/gaps.hpp"

#include <algorithm>

namespace vigie::live {

namespace {

bool covers_half(std::span<const Interval> intervals, const Interval& gap) {
    base::Duration covered{0};
    for (const auto& interval : intervals) {
        const auto from = std::max(interval.from, gap.from);
        const auto to = std::min(interval.to, gap.to);
        if (to > from) covered += to - from;
    }
    return 2 * covered >= gap.to - gap.from;
}

}  // namespace

std::string_view to_string(GapCause cause) {
    static constexpr std::string_view names[] = {"device", "gateway", "platform", "unpowered",
                                                 "unknown"};
    return names[static_cast<std::size_t>(cause)];
}

GapCause explain(const Interval& gap, const Explanations& explanations) {
    if (covers_half(explanations.unpowered, gap)) return GapCause::unpowered;
    if (covers_half(explanations.platform, gap)) return GapCause::platform;
    if (covers_half(explanations.gateway, gap)) return GapCause::gateway;
    return explanations.has_gateway ? GapCause::device : GapCause::unknown;
}

std::vector<Interval> holes(std::span<const Interval> stretches, const Interval& range,
                            base::Duration hole_min) {
    std::vector<Interval> found;
    auto before = range.from;
    const auto look = [&](base::Instant next) {
        const auto from = std::max(before, range.from);
        const auto to = std::min(next, range.to);
        if (next - before > hole_min && to > from) found.push_back({from, to});
    };
    for (const auto& stretch : stretches) {
        if (stretch.from >= range.from) look(stretch.from);
        before = stretch.to;
    }
    if (before < range.to) look(range.to);
    return found;
}

}  // namespace vigie::live
