// Roll-ups: what the frames of an asset and day come to. Pure.
//
// A day is kept as its 96 quarters of an hour by position; hours and the day follow from them
// exactly, because sums are added up in this order everywhere: frames to a quarter, quarters to a
// longer bucket. Whoever computes a bucket from frames uses the same function and finds the same
// bits.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/result.hpp"
#include "vigie/store/chunk.hpp"

namespace vigie::store {

inline constexpr std::chrono::seconds quarter_s{900};
inline constexpr std::size_t quarters_a_day = 96;

// Of the values in a stretch of time.
struct Figures {
    std::int64_t count{};
    double min{};
    double max{};
    double sum{};
    double last{};

    void add(double value);
    // `later` lies after all that is in here.
    void add(const Figures& later);
    friend bool operator==(const Figures&, const Figures&) = default;
};

// From the first to the last of a run of instants at which something was heard, none of them
// further from the one before than what counts as a hole.
struct Stretch {
    base::Instant from;
    base::Instant to;
    friend bool operator==(const Stretch&, const Stretch&) = default;
};

// Joins stretches that overlap or are no further apart than a hole may be; in any order.
[[nodiscard]] std::vector<Stretch> joined(std::vector<Stretch> stretches, base::Duration hole_min);

// The quarters, by number since 1970, in which each position asked for has a value. A NaN is none.
using Quarters = std::map<std::int64_t, Figures>;
[[nodiscard]] Quarters quarters_of(const FrameColumns& frames, std::size_t position);

// The stretches in which one of the positions had a value; without positions, in which anything was
// heard at all.
[[nodiscard]] std::vector<Stretch> stretches_of(const FrameColumns& frames,
                                                std::span<const std::int64_t> positions,
                                                base::Duration hole_min);

struct DayRollup {
    struct Position {
        std::array<Figures, quarters_a_day> quarters;
        std::vector<Stretch> heard;
        friend bool operator==(const Position&, const Position&) = default;
    };
    Day day;
    base::Duration hole_min{};  // stretches were made with; 0: there are none
    std::vector<Stretch> heard;
    std::vector<Position> positions;

    [[nodiscard]] Figures whole_day(std::size_t position) const;
    friend bool operator==(const DayRollup&, const DayRollup&) = default;
};

// Of the frames of that day, in event order.
[[nodiscard]] DayRollup roll_up(const FrameColumns& frames, Day day, base::Duration hole_min);

[[nodiscard]] std::string encode_rollup(const DayRollup& rollup);
// Anything may be handed in; memory stays bounded.
[[nodiscard]] base::Result<DayRollup> decode_rollup(Day day, std::string_view body);

}  // namespace vigie::store
