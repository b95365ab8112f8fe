#include "live/rollup_store.hpp"

#include <spdlog/spdlog.h>

#include "vigie/base/time.hpp"
#include "vigie/store/series.hpp"

namespace vigie::live {

namespace {

constexpr store::Query rollups_read{
    "rollups_read",
    "select day - date '1970-01-01' as day, body from rollup where asset_id = $1 "
    "and day between $2::date and $3::date order by day",
    true};

constexpr store::Query rollup_write{
    "rollup_write",
    "insert into rollup (asset_id, day, counts, mins, maxs, sums, lasts, body) values "
    "($1, $2::date, $3::int4[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::bytea) "
    "on conflict (asset_id, day) do update set counts = excluded.counts, mins = excluded.mins, "
    "maxs = excluded.maxs, sums = excluded.sums, lasts = excluded.lasts, body = excluded.body"};

constexpr store::Query rollup_of_closed_day{
    "rollup_of_closed_day",
    "select exists (select from rollup where asset_id = $1 and day = $2::date) "
    "and exists (select from storage_day where day = $2::date and closed_at is not null) as there"};

constexpr store::Query rollup_dirty_hours{
    "rollup_dirty_hours",
    "select hour from rollup_dirty where asset_id = $1 and hour between $2 and $3 order by hour"};

constexpr store::Query rollup_dirty_any{
    "rollup_dirty_any", "select exists (select from rollup_dirty where hour < $1) as there"};

// Hours count from 1970 and none is before: division cuts off as it should.
constexpr store::Query rollup_dirty_days{
    "rollup_dirty_days",
    "select distinct asset_id, hour / 24 as day from rollup_dirty where hour < $1 "
    "and generation <= $2 and (asset_id, hour / 24) > ($3::int4, $4::int4) "
    "order by asset_id, day limit $5"};

constexpr store::Query rollup_marks_remove{
    "rollup_marks_remove",
    "delete from rollup_dirty where asset_id = $1 and hour >= $2 and hour < $3 "
    "and generation <= $4"};

constexpr store::Query rollup_allow_loss{"rollup_allow_loss", "set local synchronous_commit = off"};

std::int64_t number_of(store::Day day) {
    return day.time_since_epoch().count();
}

}  // namespace

store::Later ask_rollups(store::Transaction& tx, assets::AssetId asset, store::Day first,
                         store::Day last) {
    return tx.later(rollups_read, asset, store::date_text(first), store::date_text(last));
}

std::vector<store::DayRollup> rollups_of(assets::AssetId asset, const store::Rows& rows) {
    std::vector<store::DayRollup> rollups;
    for (const auto& row : rows) {
        const store::Day day{std::chrono::days{row.get<std::int32_t>("day")}};
        auto rollup = store::decode_rollup(day, row.text("body"));
        if (rollup) {
            rollups.push_back(*std::move(rollup));
        } else {
            spdlog::error("the roll-up of asset {}, {} cannot be read", asset,
                          store::date_text(day));
        }
    }
    return rollups;
}

std::vector<store::DayRollup> read_rollups(store::Transaction& tx, assets::AssetId asset,
                                           store::Day first, store::Day last) {
    return rollups_of(asset, ask_rollups(tx, asset, first, last).rows());
}

void write_rollup(store::Transaction& tx, assets::AssetId asset, const store::DayRollup& rollup) {
    std::vector<std::int64_t> counts;
    std::vector<double> mins;
    std::vector<double> maxs;
    std::vector<double> sums;
    std::vector<double> lasts;
    for (std::size_t i = 0; i < rollup.positions.size(); ++i) {
        const auto figures = rollup.whole_day(i);
        const double nothing = std::numeric_limits<double>::quiet_NaN();
        counts.push_back(figures.count);
        mins.push_back(figures.count > 0 ? figures.min : nothing);
        maxs.push_back(figures.count > 0 ? figures.max : nothing);
        sums.push_back(figures.count > 0 ? figures.sum : nothing);
        lasts.push_back(figures.count > 0 ? figures.last : nothing);
    }
    tx.execute(rollup_write, asset, store::date_text(rollup.day), counts, mins, maxs, sums, lasts,
               store::bytea_text(store::encode_rollup(rollup)));
}

// Whether there is still a chunk says nothing: what comes late is packed into one by itself.
bool has_final_rollup(store::Transaction& tx, const assets::Catalogue& catalogue,
                      const AssetDay& of, base::Instant now) {
    const auto* asset = catalogue.find(of.asset);
    if (asset != nullptr && asset->kind != nullptr &&
        of.day + asset->kind->raw_kept >= store::day_of(now))
        return false;
    return tx.row(rollup_of_closed_day, of.asset, store::date_text(of.day))->get<bool>("there");
}

store::Later ask_dirty_hours(store::Transaction& tx, assets::AssetId asset, std::int32_t first,
                             std::int32_t last) {
    return tx.later(rollup_dirty_hours, asset, first, last);
}

std::vector<std::int32_t> dirty_hours_of(const store::Rows& rows) {
    std::vector<std::int32_t> hours;
    for (const auto& row : rows)
        hours.push_back(row.get<std::int32_t>("hour"));
    return hours;
}

std::vector<std::int32_t> read_dirty_hours(store::Transaction& tx, assets::AssetId asset,
                                           std::int32_t first, std::int32_t last) {
    return dirty_hours_of(ask_dirty_hours(tx, asset, first, last).rows());
}

bool has_dirty_before(store::Transaction& tx, std::int32_t hour) {
    return tx.row(rollup_dirty_any, hour)->get<bool>("there");
}

std::vector<AssetDay> read_dirty_days(store::Transaction& tx, const Settled& settled,
                                      const std::optional<AssetDay>& after, std::size_t limit) {
    std::vector<AssetDay> days;
    for (const auto& row :
         tx.rows(rollup_dirty_days, settled.open_hour, settled.generation, after ? after->asset : 0,
                 after ? number_of(after->day) : 0, limit)) {
        days.push_back({row.get<std::int32_t>("asset_id"),
                        store::Day{std::chrono::days{row.get<std::int32_t>("day")}}});
    }
    return days;
}

void remove_marks(store::Transaction& tx, const Settled& settled, const AssetDay& of) {
    const auto first = number_of(of.day) * 24;
    tx.execute(rollup_marks_remove, of.asset, first,
               std::min<std::int64_t>(first + 24, settled.open_hour), settled.generation);
}

void allow_loss(store::Transaction& tx) {
    tx.execute(rollup_allow_loss);
}

}  // namespace vigie::live
