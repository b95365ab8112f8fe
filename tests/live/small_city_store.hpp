// The small city in a database: its kinds and assets as rows, and frames put straight into the
// table.
#pragma once

#include <string>
#include <vector>

#include "tests/live/small_city.hpp"
#include "tests/support/pgtest_database.hpp"
#include "vigie/store/database.hpp"

namespace vigie::test {

inline constexpr store::Query small_kind_add{
    "small_kind_add", "insert into asset_kind (id, code) overriding system value values ($1, $2)"};
inline constexpr store::Query small_asset_add{
    "small_asset_add",
    "insert into asset (id, code, kind_id, lon, lat, commune, life_stage) overriding system value "
    "values ($1, $2, $3, $4, $5, $6, 'in_service')"};
inline constexpr store::Query small_frame_add{
    "small_frame_add",
    "insert into frame (observed_at, received_at, asset_id, layout, vals) values "
    "($1::timestamptz, $2::timestamptz, $3, $4, $5::float8[])"};
inline constexpr store::Query small_mark_add{
    "small_mark_add",
    "insert into rollup_dirty (asset_id, hour) values ($1, floor(extract(epoch from "
    "$2::timestamptz) / 3600)::int4) on conflict do nothing"};
// The days around the small city's noon, in one partition.
inline constexpr store::Query small_partition{
    "small_partition",
    "create table frame_small partition of frame for values from ('2026-11-01T00:00:00Z') to "
    "('2026-12-01T00:00:00Z')"};

inline void store_small_city(const Database& database, store::Pool& pool,
                             const assets::Catalogue& catalogue) {
    store::Pool owner(database.owner_url(), 1);
    owner.write_now([](store::Transaction& tx) { tx.execute(small_partition); });
    pool.write_now([&](store::Transaction& tx) {
        for (const auto& kind : catalogue.kinds())
            tx.execute(small_kind_add, kind.id, kind.code);
        for (const auto& asset : catalogue.assets()) {
            tx.execute(small_asset_add, asset.id, asset.code, asset.kind->id, asset.place.lon,
                       asset.place.lat, asset.commune);
        }
    });
}

inline void store_frames(store::Pool& pool, const std::vector<store::Frame>& frames) {
    pool.write_now([&](store::Transaction& tx) {
        for (const auto& each : frames) {
            tx.execute(small_frame_add, each.observed_at, each.received_at, each.asset_id,
                       each.layout, each.vals);
            tx.execute(small_mark_add, each.asset_id, each.observed_at);
        }
    });
}

// As the writer does with what is not later than all its asset had said.
inline void note_for_replay(store::Pool& pool, int asset, base::Instant from, int generation = 1) {
    static constexpr store::Query set{"small_note", "insert into replay_from values ($1, $2, $3)"};
    pool.write_now([&](store::Transaction& tx) {
        tx.execute(set, std::int32_t{asset}, from, std::int32_t{generation});
    });
}

}  // namespace vigie::test
