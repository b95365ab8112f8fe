#include "live/history_store.hpp"

#include <algorithm>

#include "live/last_value_store.hpp"

namespace vigie::live {

namespace {

constexpr store::Query history_frames{
    "history_frames",
    "select observed_at, vals from frame where asset_id = $1 and observed_at >= $2::timestamptz "
    "and observed_at < $3::timestamptz order by observed_at limit $4"};

constexpr store::Query history_buckets{
    "history_buckets",
    "select position, bucket, count(v) as count, min(v) as min, max(v) as max, avg(v) as mean, "
    "(array_agg(v order by observed_at desc))[1] as last from ("
    "  select observed_at, position, vals[position + 1] as v, "
    "    date_bin($4::int8 * interval '1 second', observed_at, '2000-01-01T00:00:00Z') as bucket "
    "  from frame cross join unnest($5::int4[]) as position "
    "  where asset_id = $1 and observed_at >= $2::timestamptz and observed_at < $3::timestamptz"
    ") as s where v is not null group by position, bucket order by bucket, position"};

constexpr store::Query history_edges{
    "history_edges",
    "select observed_at, next_at from ("
    "  select observed_at, lead(observed_at) over w as next_at, lag(observed_at) over w as "
    "before_at "
    "  from frame where asset_id = $1 and observed_at > $2::timestamptz "
    "    and observed_at < $3::timestamptz and (cardinality($5::int4[]) = 0 or exists ("
    "      select from unnest($5::int4[]) as position where vals[position + 1] is not null)) "
    "  window w as (order by observed_at)"
    ") as s where before_at is null or next_at is null "
    "or next_at - observed_at > $4::float8 * interval '1 second' order by observed_at"};

constexpr store::Query history_turns{
    "history_turns",
    "select observed_at, hit from ("
    "  select observed_at, hit, lag(hit) over (order by observed_at) as before from ("
    "    select observed_at, vals[$2::int4 + 1] = any($3::float8[]) as hit from frame "
    "    where asset_id = $1 and observed_at > $4::timestamptz and observed_at < $5::timestamptz "
    "      and vals[$2::int4 + 1] is not null) as h"
    ") as s where hit is distinct from before order by observed_at"};

constexpr store::Query run_absences{
    "live_run_absences",
    "select seen_at, next_at from ("
    "  select seen_at, lead(started_at) over (order by started_at) as next_at from live_run) as r "
    "where next_at > $1::timestamptz and seen_at < $2::timestamptz "
    "and next_at - seen_at > interval '30 seconds' order by seen_at"};

// What held at the start of a range was said before it: a cabinet repeats itself at least once a
// day.
constexpr std::chrono::hours turn_lookback{24};

}  // namespace

std::vector<HistoryFrame> read_frames(store::Transaction& tx, assets::AssetId asset,
                                      const Interval& range, std::size_t limit) {
    std::vector<HistoryFrame> frames;
    for (const auto& row : tx.rows(history_frames, asset, range.from, range.to, limit)) {
        frames.push_back({row.get<base::Instant>("observed_at"), parse_doubles(row.text("vals"))});
    }
    return frames;
}

std::vector<Bucket> read_buckets(store::Transaction& tx, assets::AssetId asset,
                                 const Interval& range, std::chrono::seconds width,
                                 const std::vector<std::int64_t>& positions) {
    std::vector<Bucket> buckets;
    for (const auto& row :
         tx.rows(history_buckets, asset, range.from, range.to, width.count(), positions)) {
        buckets.push_back({.position = row.get<std::int32_t>("position"),
                           .start = row.get<base::Instant>("bucket"),
                           .count = row.get<std::int64_t>("count"),
                           .min = row.get<double>("min"),
                           .max = row.get<double>("max"),
                           .mean = row.get<double>("mean"),
                           .last = row.get<double>("last")});
    }
    return buckets;
}

std::vector<Interval> read_stretches(store::Transaction& tx, assets::AssetId asset,
                                     const Interval& range, base::Duration hole_min,
                                     const std::vector<std::int64_t>& positions) {
    std::vector<Interval> stretches;
    std::optional<base::Instant> begun;
    const double hole_s = std::chrono::duration<double>(hole_min).count();
    for (const auto& row : tx.rows(history_edges, asset, range.from - hole_min, range.to + hole_min,
                                   hole_s, positions)) {
        const auto at = row.get<base::Instant>("observed_at");
        if (!begun) begun = at;
        const auto next = row.maybe<base::Instant>("next_at");
        // The very first row is there for its own sake: a hole may not follow it.
        if (next && *next - at <= hole_min) continue;
        stretches.push_back({*begun, at});
        begun = next;
    }
    return stretches;
}

std::vector<Interval> read_intervals(store::Transaction& tx, assets::AssetId asset, int position,
                                     const std::vector<double>& values, const Interval& range) {
    std::vector<Interval> intervals;
    std::optional<base::Instant> since;
    for (const auto& row :
         tx.rows(history_turns, asset, position, values, range.from - turn_lookback, range.to)) {
        const auto at = row.get<base::Instant>("observed_at");
        if (row.get<bool>("hit")) {
            since = at;
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
