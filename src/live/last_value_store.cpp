#include "live/last_value_store.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "vigie/live/json.hpp"
#include "vigie/store/frame_reader.hpp"

namespace vigie::live {

namespace {

constexpr std::size_t rows_a_statement = 5'000;
constexpr std::int32_t assets_a_slice = 500;
constexpr std::size_t connections_at_start = 2;

constexpr store::Query last_values_read{
    "last_values_read",
    "select asset_id, layout, newest_at, heard_at, observed, vals from last_value"};

constexpr store::Query last_values_write{
    "last_values_write",
    "insert into last_value (asset_id, layout, newest_at, heard_at, observed, vals) "
    "select a, l, n, h, o::int8[], v::float8[] from unnest($1::int4[], $2::int4[], "
    "$3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[]) as r (a, l, n, h, o, v) "
    "where exists (select from asset where id = a) "
    "on conflict (asset_id) do update set layout = excluded.layout, newest_at = "
    "excluded.newest_at, heard_at = excluded.heard_at, observed = excluded.observed, "
    "vals = excluded.vals"};

constexpr store::Query frames_since{
    "frames_since",
    "select f.asset_id, f.layout, f.observed_at, f.received_at, f.vals "
    "from (select a.id, case when l.asset_id is null then '-infinity' else "
    "    least(l.newest_at + interval '1 microsecond', n.since) end as since "
    "  from asset a left join last_value l on l.asset_id = a.id "
    "  left join (select asset_id, min(observed_at) as since from replay_from "
    "    where asset_id >= $1::int4 and asset_id < $2::int4 group by asset_id) n "
    "  on n.asset_id = a.id where a.id >= $1 and a.id < $2) as a "
    "join lateral ("
    "  select asset_id, layout, observed_at, received_at, vals from frame "
    "  where asset_id = a.id and observed_at >= a.since union all "
    "  select asset_id, layout, observed_at, received_at, vals from frame_late "
    "  where asset_id = a.id and observed_at >= a.since order by observed_at) as f "
    "on true"};

constexpr store::Query replay_notes_remove{"replay_notes_remove",
                                           "delete from replay_from where generation < $1::int8"};

constexpr store::Query frames_between{
    "frames_between",
    "select f.asset_id, f.layout, f.observed_at, f.received_at, f.vals from "
    "unnest($1::int4[], $2::timestamptz[], $3::timestamptz[]) as span (asset, since, until) "
    "join lateral ("
    "  select asset_id, layout, observed_at, received_at, vals from frame "
    "  where asset_id = asset and observed_at between since and until union all "
    "  select asset_id, layout, observed_at, received_at, vals from frame_late "
    "  where asset_id = asset and observed_at between since and until order by observed_at) as f "
    "on true"};

constexpr store::Query asset_bound{"asset_bound",
                                   "select coalesce(max(id), 0)::int4 + 1 as bound from asset"};

constexpr store::Query run_begin{
    "live_run_begin",
    "insert into live_run (started_at, seen_at) values ($1::timestamptz, $1) returning id"};
constexpr store::Query run_touch{
    "live_run_touch",
    "update live_run set seen_at = greatest(seen_at, $2::timestamptz) where id = $1"};

// Calls `take(text)` for each element of a one-dimensional array of numbers.
template <typename Take>
void each_element(std::string_view array, Take&& take) {
    if (array.size() < 2) return;
    array = array.substr(1, array.size() - 2);
    while (!array.empty()) {
        const auto comma = array.find(',');
        take(array.substr(0, comma));
        array = comma == std::string_view::npos ? std::string_view{} : array.substr(comma + 1);
    }
}

std::vector<std::int64_t> parse_times(std::string_view array) {
    std::vector<std::int64_t> times;
    each_element(array, [&times](std::string_view text) {
        std::int64_t value = LastValue::never;
        if (text != "NULL") std::from_chars(text.data(), text.data() + text.size(), value);
        times.push_back(value);
    });
    return times;
}

std::string times_text(std::span<const std::int64_t> times) {
    std::string text = "{";
    for (const auto time : times) {
        if (text.size() > 1) text += ',';
        if (time == LastValue::never) {
            text += "NULL";
        } else {
            json::append_integer(text, time);
        }
    }
    return text + '}';
}

std::string doubles_text(std::span<const double> values) {
    std::string text = "{";
    for (const auto value : values) {
        if (text.size() > 1) text += ',';
        if (std::isnan(value)) {
            text += "NULL";
        } else {
            json::append_number(text, value);
        }
    }
    return text + '}';
}

}  // namespace

std::vector<double> parse_doubles(std::string_view array) {
    std::vector<double> values;
    each_element(array, [&values](std::string_view text) {
        double value = std::numeric_limits<double>::quiet_NaN();
        if (text != "NULL") std::from_chars(text.data(), text.data() + text.size(), value);
        values.push_back(value);
    });
    return values;
}

std::vector<LastValue> read_last_values(store::Transaction& tx) {
    std::vector<LastValue> rows;
    for (const auto& row : tx.rows(last_values_read)) {
        rows.push_back({.asset = row.get<std::int32_t>("asset_id"),
                        .layout = row.get<std::int32_t>("layout"),
                        .newest = row.get<base::Instant>("newest_at"),
                        .heard = row.maybe<base::Instant>("heard_at"),
                        .times = parse_times(row.text("observed")),
                        .values = parse_doubles(row.text("vals"))});
    }
    return rows;
}

void write_last_values(store::Transaction& tx, std::span<const LastValue> rows) {
    for (std::size_t first = 0; first < rows.size(); first += rows_a_statement) {
        const auto slice = rows.subspan(first, std::min(rows_a_statement, rows.size() - first));
        std::vector<std::int64_t> assets;
        std::vector<std::int64_t> layouts;
        std::vector<std::string> newest;
        std::string heard = "{";
        std::vector<std::string> times;
        std::vector<std::string> values;
        for (const auto& row : slice) {
            assets.push_back(row.asset);
            layouts.push_back(row.layout);
            newest.push_back(base::to_rfc3339(row.newest));
            if (heard.size() > 1) heard += ',';
            heard += row.heard ? '"' + base::to_rfc3339(*row.heard) + '"' : "NULL";
            times.push_back(times_text(row.times));
            values.push_back(doubles_text(row.values));
        }
        tx.execute(last_values_write, assets, layouts, newest, heard + '}', times, values);
    }
}

std::size_t read_frames_since(store::Pool& pool, const std::string& url,
                              const std::function<void(std::vector<store::Frame>)>& take) {
    const auto bound = pool.read_now(
        [](store::Transaction& tx) { return tx.row(asset_bound)->get<std::int32_t>("bound"); });
    std::vector<store::FrameQuestion> slices;
    for (std::int32_t first = 1; first < bound; first += assets_a_slice) {
        slices.push_back({store::to_param(first), store::to_param(first + assets_a_slice)});
    }
    std::size_t count = 0;
    store::read_frames(url, connections_at_start, frames_since, slices,
                       [&](std::vector<store::Frame> frames) {
                           count += frames.size();
                           take(std::move(frames));
                       });
    return count;
}

std::int64_t begin_run(store::Transaction& tx, base::Instant now) {
    return tx.row(run_begin, now)->get<std::int64_t>("id");
}

void touch_run(store::Transaction& tx, std::int64_t run, base::Instant now) {
    tx.execute(run_touch, run, now);
}

void remove_replay_notes(store::Transaction& tx, std::int64_t below) {
    tx.execute(replay_notes_remove, below);
}

std::vector<store::Frame> read_frames_between(store::Transaction& tx,
                                              std::span<const FrameSpan> spans) {
    std::vector<std::int64_t> assets;
    std::vector<std::string> from;
    std::vector<std::string> to;
    for (const auto& span : spans) {
        assets.push_back(span.asset);
        from.push_back(base::to_rfc3339(span.from));
        to.push_back(base::to_rfc3339(span.to));
    }
    std::vector<store::Frame> frames;
    for (const auto& row : tx.rows(frames_between, assets, from, to)) {
        frames.push_back({.observed_at = row.get<base::Instant>("observed_at"),
                          .received_at = row.get<base::Instant>("received_at"),
                          .asset_id = row.get<std::int32_t>("asset_id"),
                          .layout = row.get<std::int32_t>("layout"),
                          .vals = parse_doubles(row.text("vals"))});
    }
    return frames;
}

}  // namespace vigie::live
