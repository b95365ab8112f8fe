#include "live/archive_store.hpp"

#include <nlohmann/json.hpp>

#include "vigie/base/time.hpp"
#include "vigie/store/series.hpp"

namespace vigie::live {

namespace {

constexpr store::Query archive_sums{
    "archive_sums",
    "select count(*) filter (where closed_at is not null) as closed, "
    "count(*) filter (where closed_at is null) as closing, "
    "count(*) filter (where closed_at is not null and dropped_at is null) as held, "
    "coalesce(sum(frames), 0)::int8 as frames, coalesce(sum(present), 0)::int8 as present, "
    "coalesce(sum(bytes), 0)::int8 as bytes from storage_day"};

constexpr store::Query archive_days{
    "archive_days",
    "select day::text as day, closed_at is not null as closed, dropped_at is not null as dropped, "
    "frames, present, bytes from storage_day order by day desc limit 30"};

// The embedded database's statistics follow within a minute; nothing here waits for a lock.
constexpr store::Query archive_open{
    "archive_open",
    "select c.relname as name, pg_total_relation_size(c.oid) as bytes from pg_inherits i "
    "join pg_class c on c.oid = i.inhrelid where i.inhparent = 'frame'::regclass "
    "and not exists (select from storage_day where closed_at is not null and "
    "'frame_' || to_char(day, 'YYYYMMDD') = c.relname) order by c.relname"};

constexpr store::Query archive_waiting{
    "archive_waiting",
    "select (select count(*) from frame_late) as late, (select count(*) from rollup_dirty) as "
    "marks, pg_total_relation_size('chunk') as chunk_bytes, "
    "pg_total_relation_size('rollup') as rollup_bytes"};

constexpr store::Query archive_chunk_days{
    "archive_chunk_days",
    "select distinct asset_id, day - date '1970-01-01' as day from chunk "
    "where (asset_id, day) > ($1::int4, date '1970-01-01' + $2::int4) "
    "and (asset_id::int8 * 7919 + (day - date '1970-01-01')) % $3::int8 = 0 "
    "order by asset_id, day limit $4"};

constexpr store::Query archive_rollup_days{
    "archive_rollup_days",
    "select asset_id, day - date '1970-01-01' as day from rollup "
    "where (asset_id, day) > ($1::int4, date '1970-01-01' + $2::int4) "
    "and (asset_id::int8 * 7919 + (day - date '1970-01-01')) % $3::int8 = 0 "
    "order by asset_id, day limit $4"};

constexpr store::Query archive_count{
    "archive_count",
    "select greatest(reltuples, 0)::int8 as n from pg_class where oid = to_regclass($1::text)"};

constexpr store::Query archive_chunks{
    "archive_chunks",
    "select body from chunk where asset_id = $1 and day = date '1970-01-01' + $2::int4 "
    "order by part",
    true};

std::int64_t day_number(store::Day day) {
    return day.time_since_epoch().count();
}

double bytes_a_value(std::int64_t bytes, std::int64_t values) {
    return values == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(values);
}

nlohmann::json closed_day_json(const store::Row& row) {
    const auto bytes = row.get<std::int64_t>("bytes");
    const auto values = row.get<std::int64_t>("present");
    const bool is_closed = row.get<bool>("closed");
    return {{"day", row.get<std::string>("day")},
            {"state", is_closed ? "closed" : "closing"},
            {"partition_dropped", row.get<bool>("dropped")},
            {"frames", row.get<std::int64_t>("frames")},
            {"values", values},
            {"bytes", bytes},
            {"bytes_a_value", bytes_a_value(bytes, values)}};
}

}  // namespace

nlohmann::json read_storage(store::Transaction& tx) {
    nlohmann::json open = nlohmann::json::array();
    for (const auto& row : tx.rows(archive_open)) {
        open.push_back({{"partition", row.get<std::string>("name")},
                        {"bytes", row.get<std::int64_t>("bytes")}});
    }
    nlohmann::json days = nlohmann::json::array();
    for (const auto& row : tx.rows(archive_days))
        days.push_back(closed_day_json(row));
    const auto sums = tx.row(archive_sums);
    const auto waiting = tx.row(archive_waiting);
    const auto values = sums->get<std::int64_t>("present");
    const auto bytes = sums->get<std::int64_t>("bytes");
    return {{"open_partitions", open},
            {"latest_days", days},
            {"closed",
             {{"days", sums->get<std::int64_t>("closed")},
              {"frames", sums->get<std::int64_t>("frames")},
              {"values", values},
              {"bytes", bytes},
              {"bytes_a_value", bytes_a_value(bytes, values)}}},
            {"closing_days", sums->get<std::int64_t>("closing")},
            {"partitions_to_drop", sums->get<std::int64_t>("held")},
            {"late_frames", waiting->get<std::int64_t>("late")},
            {"marked_hours", waiting->get<std::int64_t>("marks")},
            {"chunk_table_bytes", waiting->get<std::int64_t>("chunk_bytes")},
            {"rollup_table_bytes", waiting->get<std::int64_t>("rollup_bytes")}};
}

std::vector<AssetDay> read_kept(store::Transaction& tx, Kept what, std::int64_t step,
                                const std::optional<AssetDay>& after, std::size_t limit) {
    const auto& query = what == Kept::chunks ? archive_chunk_days : archive_rollup_days;
    std::vector<AssetDay> days;
    for (const auto& row : tx.rows(query, after ? after->asset : -1,
                                   after ? day_number(after->day) : 0, step, limit)) {
        days.push_back({row.get<std::int32_t>("asset_id"),
                        store::Day{std::chrono::days{row.get<std::int32_t>("day")}}});
    }
    return days;
}

std::int64_t count_kept(store::Transaction& tx, Kept what) {
    return tx.row(archive_count, what == Kept::chunks ? "chunk" : "rollup")->get<std::int64_t>("n");
}

std::vector<std::string> read_chunks(store::Transaction& tx, const AssetDay& of) {
    std::vector<std::string> bodies;
    for (const auto& row : tx.rows(archive_chunks, of.asset, day_number(of.day)))
        bodies.emplace_back(row.text("body"));
    return bodies;
}

}  // namespace vigie::live
