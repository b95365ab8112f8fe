#include "live/history_store.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "live/rollup_store.hpp"
#include "vigie/store/rollup.hpp"
#include "vigie/store/series.hpp"

namespace vigie::live {

namespace {

constexpr store::Query run_absences{
    "live_run_absences",
    "select seen_at, next_at from ("
    "  select seen_at, lead(started_at) over (order by started_at) as next_at from live_run) as r "
    "where next_at > $1::timestamptz and seen_at < $2::timestamptz "
    "and next_at - seen_at > interval '30 seconds' order by seen_at"};

// What held at the start of a range was said before it: a cabinet repeats itself at least once a
// day.
constexpr std::chrono::hours turn_lookback{24};

// More separate readings of frames than this are joined into longer ones.
constexpr std::size_t parts_max = 16;

using Parts = std::vector<Interval>;

Interval hour_interval(std::int32_t hour) {
    const base::Instant from{std::chrono::hours{hour}};
    return {from, from + std::chrono::hours{1}};
}

std::int32_t hour_number_at(base::Instant instant) {
    return static_cast<std::int32_t>(
        std::chrono::floor<std::chrono::hours>(instant).time_since_epoch().count());
}

base::Instant quarter_start(std::int64_t number) {
    return base::Instant{number * store::quarter_s};
}

// In order, cut to the range, those no further apart than `gap` made one.
Parts cut_and_joined(const Parts& parts, const Interval& range, base::Duration gap) {
    Parts out;
    for (const auto& part : parts) {
        const Interval cut{std::max(part.from, range.from), std::min(part.to, range.to)};
        if (cut.from >= cut.to) continue;
        if (!out.empty() && cut.from - out.back().to <= gap) {
            out.back().to = std::max(out.back().to, cut.to);
        } else {
            out.push_back(cut);
        }
    }
    return out;
}

Parts arranged(Parts parts, const Interval& range) {
    std::ranges::sort(parts, {}, &Interval::from);
    auto out = cut_and_joined(parts, range, base::Duration{0});
    for (base::Duration gap = std::chrono::hours{3}; out.size() > parts_max; gap *= 4)
        out = cut_and_joined(out, range, gap);
    return out;
}

bool overlaps_any(const Parts& parts, const Interval& interval) {
    return std::ranges::any_of(parts, [&](const auto& part) {
        return part.from < interval.to && interval.from < part.to;
    });
}

// Cut quarters at the ends of the range, and what changed since its roll-up was computed.
Parts parts_for_buckets(const RolledUp& rolled_up, const Interval& range) {
    using Quarter = std::chrono::duration<std::int64_t, std::ratio<900>>;
    const base::Instant first = std::chrono::ceil<Quarter>(range.from);
    const base::Instant last = std::chrono::floor<Quarter>(range.to);
    Parts parts{{range.from, first}, {last, range.to}};
    for (const auto hour : rolled_up.dirty_hours)
        parts.push_back(hour_interval(hour));
    return arranged(std::move(parts), range);
}

using NumberedQuarters = std::vector<std::pair<std::int64_t, store::Figures>>;

// The quarters of one position over the range, in order.
NumberedQuarters quarters_in(const Interval& range, std::size_t position,
                             const std::vector<store::DayRollup>& rollups, const Parts& parts,
                             const std::vector<store::FrameColumns>& frames) {
    NumberedQuarters quarters;
    for (const auto& rollup : rollups) {
        if (position >= rollup.positions.size()) continue;
        const auto first = base::Instant(rollup.day).time_since_epoch() / store::quarter_s;
        for (std::size_t i = 0; i < store::quarters_a_day; ++i) {
            const auto& figures = rollup.positions[position].quarters[i];
            const auto number = first + static_cast<std::int64_t>(i);
            const Interval quarter{quarter_start(number), quarter_start(number + 1)};
            if (figures.count == 0 || quarter.from < range.from || quarter.to > range.to ||
                overlaps_any(parts, quarter))
                continue;
            quarters.emplace_back(number, figures);
        }
    }
    // What overlaps a part is told by its frames alone.
    store::Quarters of_frames;
    for (const auto& part : frames)
        of_frames.merge(store::quarters_of(part, position));
    if (of_frames.empty()) return quarters;
    NumberedQuarters all;
    all.reserve(quarters.size() + of_frames.size());
    std::ranges::merge(quarters, of_frames, std::back_inserter(all), {},
                       &NumberedQuarters::value_type::first, &store::Quarters::value_type::first);
    return all;
}

Bucket bucket_of(std::int64_t position, std::int64_t first_quarter, const store::Figures& figures) {
    return {.position = static_cast<std::int32_t>(position),
            .start = quarter_start(first_quarter),
            .count = figures.count,
            .min = figures.min,
            .max = figures.max,
            .mean = figures.sum / static_cast<double>(figures.count),
            .last = figures.last};
}

void append_position(std::vector<Bucket>& buckets, std::int64_t position,
                     const NumberedQuarters& quarters, std::chrono::seconds width) {
    const std::int64_t quarters_a_bucket = width / store::quarter_s;
    const auto bucket_start = [quarters_a_bucket](std::int64_t number) {
        return number - ((number % quarters_a_bucket) + quarters_a_bucket) % quarters_a_bucket;
    };
    for (auto at = quarters.begin(); at != quarters.end();) {
        const auto start = bucket_start(at->first);
        store::Figures longer;
        for (; at != quarters.end() && bucket_start(at->first) == start; ++at)
            longer.add(at->second);
        buckets.push_back(bucket_of(position, start, longer));
    }
}

// A stretch that reaches into the range may begin or end so far from it.
Interval window_around(const Interval& range, base::Duration hole_min) {
    return {range.from - hole_min + base::Duration{1}, range.to + hole_min};
}

// What is outside the parts; inside, frames tell.
void append_outside(std::vector<store::Stretch>& out, const std::vector<store::Stretch>& heard,
                    const Parts& parts) {
    for (auto stretch : heard) {
        bool is_over = false;
        for (const auto& part : parts) {
            if (part.to < stretch.from || part.from > stretch.to) continue;
            if (stretch.from <= part.from) out.push_back({stretch.from, part.from});
            is_over = part.to > stretch.to;
            if (is_over) break;
            stretch.from = part.to;
        }
        if (!is_over) out.push_back(stretch);
    }
}

void append_heard(std::vector<store::Stretch>& out, const store::DayRollup& rollup,
                  const std::vector<std::int64_t>& positions, const Parts& parts) {
    if (positions.empty()) append_outside(out, rollup.heard, parts);
    for (const auto position : positions) {
        const auto index = static_cast<std::size_t>(position);
        if (index < rollup.positions.size())
            append_outside(out, rollup.positions[index].heard, parts);
    }
}

// Marked hours and days whose stretches were made with another measure, widened so that frames join
// what roll-ups say beside them.
Parts parts_for_stretches(const RolledUp& rolled_up, const Interval& window,
                          base::Duration hole_min) {
    Parts parts;
    const auto widened = [&](base::Instant from, base::Instant to) {
        parts.push_back({from - hole_min, to + hole_min});
    };
    for (const auto hour : rolled_up.dirty_hours)
        widened(hour_interval(hour).from, hour_interval(hour).to);
    for (const auto& rollup : rolled_up.days) {
        if (rollup.hole_min != hole_min) widened(rollup.day, rollup.day + std::chrono::days{1});
    }
    return arranged(std::move(parts), window);
}

std::vector<store::FrameColumns> read_parts(store::Transaction& tx, assets::AssetId asset,
                                            const Parts& parts,
                                            const std::vector<std::int64_t>& positions) {
    std::vector<store::SeriesQuestion> questions;
    questions.reserve(parts.size());
    for (const auto& part : parts) {
        questions.push_back(
            {.asset = asset, .from = part.from, .to = part.to, .positions = positions});
    }
    return store::read_all_series(tx, questions);
}

// Behind the end of the range only the first frame can end a hole. A device that floods may have
// said a hundred thousand there.
std::vector<store::FrameColumns> read_parts_until(store::Transaction& tx, assets::AssetId asset,
                                                  const Parts& parts, base::Instant end) {
    std::vector<store::SeriesQuestion> questions;
    store::SeriesQuestion question{
        .asset = asset, .from = {}, .to = {}, .positions = std::vector<std::int64_t>{}};
    for (const auto& part : parts) {
        const auto ask = [&](base::Instant from, base::Instant to, std::size_t limit) {
            question.from = from;
            question.to = to;
            question.limit = limit;
            if (from < to) questions.push_back(question);
        };
        ask(part.from, std::min(part.to, end), std::numeric_limits<std::size_t>::max());
        ask(std::max(part.from, end), part.to, 1);
    }
    return store::read_all_series(tx, questions);
}

}  // namespace

std::vector<HistoryFrame> read_frames(store::Transaction& tx, assets::AssetId asset,
                                      const Interval& range,
                                      const std::vector<std::int64_t>& positions,
                                      std::size_t limit) {
    const auto found = store::read_series(tx, {.asset = asset,
                                               .from = range.from,
                                               .to = range.to,
                                               .positions = positions,
                                               .limit = limit});
    std::vector<HistoryFrame> frames;
    frames.reserve(found.size());
    for (std::size_t row = 0; row < found.size(); ++row) {
        auto& frame = frames.emplace_back();
        frame.observed_at = base::from_epoch_us(found.observed_us[row]);
        for (std::size_t i = 0; i < found.positions.size(); ++i)
            frame.values.push_back(found.value(row, i));
    }
    return frames;
}

AskedRollups::AskedRollups(store::Transaction& tx, assets::AssetId asset, const Interval& range,
                           base::Duration hole_min)
    : AskedRollups(tx, asset, window_around(range, hole_min)) {}

AskedRollups::AskedRollups(store::Transaction& tx, assets::AssetId asset, const Interval& window)
    : asset_(asset),
      days_(ask_rollups(tx, asset, store::day_of(window.from), store::day_of(window.to))),
      dirty_hours_(
          ask_dirty_hours(tx, asset, hour_number_at(window.from), hour_number_at(window.to))) {}

RolledUp AskedRollups::read() const {
    return {rollups_of(asset_, days_.rows()), dirty_hours_of(dirty_hours_.rows())};
}

RolledUp read_rollups_around(store::Transaction& tx, assets::AssetId asset, const Interval& range,
                             base::Duration hole_min) {
    return AskedRollups(tx, asset, range, hole_min).read();
}

std::vector<Bucket> read_buckets(store::Transaction& tx, assets::AssetId asset,
                                 const Interval& range, std::chrono::seconds width,
                                 const std::vector<std::int64_t>& positions,
                                 const RolledUp& rolled_up) {
    if (range.from >= range.to) return {};
    const auto parts = parts_for_buckets(rolled_up, range);
    const auto frames = read_parts(tx, asset, parts, positions);
    std::vector<Bucket> buckets;
    for (const auto position : positions) {
        const auto quarters =
            quarters_in(range, static_cast<std::size_t>(position), rolled_up.days, parts, frames);
        append_position(buckets, position, quarters, width);
    }
    return buckets;
}

std::vector<Interval> read_stretches(store::Transaction& tx, assets::AssetId asset,
                                     const Interval& range, base::Duration hole_min,
                                     const std::vector<std::int64_t>& positions,
                                     const RolledUp& rolled_up) {
    const auto window = window_around(range, hole_min);
    const auto parts = parts_for_stretches(rolled_up, window, hole_min);
    std::vector<store::Stretch> heard;
    for (const auto& rollup : rolled_up.days) {
        if (rollup.hole_min == hole_min) append_heard(heard, rollup, positions, parts);
    }
    const auto all = positions.empty() ? read_parts_until(tx, asset, parts, range.to)
                                       : read_parts(tx, asset, parts, positions);
    for (const auto& frames : all) {
        const auto found = store::stretches_of(frames, positions, hole_min);
        heard.insert(heard.end(), found.begin(), found.end());
    }
    std::vector<Interval> stretches;
    for (const auto& stretch : store::joined(std::move(heard), hole_min)) {
        if (stretch.to >= window.from && stretch.from < window.to)
            stretches.push_back({stretch.from, stretch.to});
    }
    return stretches;
}

std::vector<Interval> read_intervals(store::Transaction& tx, assets::AssetId asset, int position,
                                     const std::vector<double>& values, const Interval& range) {
    const auto frames = store::read_series(tx, {.asset = asset,
                                                .from = range.from - turn_lookback,
                                                .to = range.to,
                                                .positions = {{position}}});
    std::vector<Interval> intervals;
    std::optional<base::Instant> since;
    for (std::size_t row = 0; row < frames.size(); ++row) {
        const double value = frames.value(row, static_cast<std::size_t>(position));
        if (std::isnan(value)) continue;
        const auto at = base::from_epoch_us(frames.observed_us[row]);
        if (std::ranges::find(values, value) != values.end()) {
            if (!since) since = at;
        } else if (since) {
            intervals.push_back({*since, at});
            since.reset();
        }
    }
    if (since) intervals.push_back({*since, range.to});
    return intervals;
}

std::vector<Interval> read_absences(store::Transaction& tx, const Interval& range) {
    std::vector<Interval> absences;
    for (const auto& row : tx.rows(run_absences, range.from, range.to)) {
        absences.push_back({row.get<base::Instant>("seen_at"), row.get<base::Instant>("next_at")});
    }
    return absences;
}

}  // namespace vigie::live
