#include "vigie/assets/asset_store.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "vigie/assets/geojson.hpp"
#include "vigie/base/text.hpp"

namespace vigie::assets {

namespace {

constexpr std::array<std::string_view, 4> stage_words{"planned", "works", "in_service", "removed"};
constexpr std::size_t rows_per_statement_max = 5'000;

using Ids = std::unordered_map<std::string, AssetId>;

// The columns of a slice of assets, one vector each, for unnest.
struct Columns {
    std::vector<std::int64_t> ids;
    std::vector<std::string> codes;
    std::vector<std::int64_t> kinds;
    std::vector<double> lons;
    std::vector<double> lats;
    std::vector<std::string> communes;
    std::vector<std::string> streets;
    std::vector<std::string> stages;
    std::vector<std::string> attributes;
    std::vector<std::int64_t> power_parents;
    std::vector<std::int64_t> communication_parents;
};

std::int64_t id_in(const Ids& ids, const std::string& code) {
    const auto found = ids.find(code);
    return found == ids.end() ? no_asset : found->second;
}

Columns columns_of(std::span<const PlannedAsset> slice, const Ids& ids) {
    Columns columns;
    for (const PlannedAsset& planned : slice) {
        const Asset& asset = planned.asset;
        columns.ids.push_back(asset.id == no_asset ? id_in(ids, asset.code) : asset.id);
        columns.codes.push_back(asset.code);
        columns.kinds.push_back(asset.kind->id);
        columns.lons.push_back(asset.place.lon);
        columns.lats.push_back(asset.place.lat);
        columns.communes.push_back(asset.commune);
        columns.streets.push_back(asset.street);
        columns.stages.emplace_back(to_string(asset.life_stage));
        columns.attributes.push_back(asset.attributes);
        columns.power_parents.push_back(id_in(ids, planned.power_parent));
        columns.communication_parents.push_back(id_in(ids, planned.communication_parent));
    }
    return columns;
}

template <typename F>
void in_slices(std::span<const PlannedAsset> assets, F each) {
    while (!assets.empty()) {
        const std::size_t count = std::min(assets.size(), rows_per_statement_max);
        each(assets.first(count));
        assets = assets.subspan(count);
    }
}

// Parents follow once every row of the call has its id.
void insert_without_parents(store::Transaction& tx, std::span<const PlannedAsset> slice,
                            base::Instant at, Ids& ids) {
    static constexpr store::Query insert{
        "assets_add",
        "insert into asset (code, kind_id, lon, lat, commune, street, life_stage, attributes, "
        "changed_at) select c, k, x, y, m, s, l, a::jsonb, $9::timestamptz from "
        "unnest($1::text[], $2::int4[], $3::float8[], $4::float8[], $5::text[], $6::text[], "
        "$7::text[], $8::text[]) as n (c, k, x, y, m, s, l, a) returning id, code"};
    const Columns columns = columns_of(slice, ids);
    const auto rows =
        tx.rows(insert, columns.codes, columns.kinds, columns.lons, columns.lats, columns.communes,
                columns.streets, columns.stages, columns.attributes, at);
    for (const store::Row& row : rows)
        ids[row.get<std::string>("code")] = row.get<std::int32_t>("id");
}

void set_parents(store::Transaction& tx, std::span<const PlannedAsset> slice, const Ids& ids) {
    static constexpr store::Query set{
        "assets_set_parents",
        "update asset set power_parent = nullif(p, 0), communication_parent = nullif(m, 0) from "
        "unnest($1::int4[], $2::int4[], $3::int4[]) as n (i, p, m) where id = i and (p <> 0 or m "
        "<> 0)"};
    const Columns columns = columns_of(slice, ids);
    tx.execute(set, columns.ids, columns.power_parents, columns.communication_parents);
}

void update_rows(store::Transaction& tx, std::span<const PlannedAsset> slice, base::Instant at,
                 const Ids& ids) {
    static constexpr store::Query change{
        "assets_change",
        "update asset set lon = x, lat = y, commune = m, street = s, life_stage = l, attributes = "
        "a::jsonb, power_parent = nullif(p, 0), communication_parent = nullif(q, 0), version = "
        "version + 1, changed_at = $10::timestamptz from unnest($1::int4[], $2::float8[], "
        "$3::float8[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int4[], $9::int4[]) as "
        "n (i, x, y, m, s, l, a, p, q) where id = i"};
    const Columns columns = columns_of(slice, ids);
    tx.execute(change, columns.ids, columns.lons, columns.lats, columns.communes, columns.streets,
               columns.stages, columns.attributes, columns.power_parents,
               columns.communication_parents, at);
}

void write_history(store::Transaction& tx, std::span<const PlannedAsset> slice, const Ids& ids,
                   const Authorship& by) {
    static constexpr store::Query add{
        "assets_history_add",
        "insert into asset_history (asset_id, version, changed_at, author, state) select a.id, "
        "a.version, $2::timestamptz, $3, jsonb_build_object('code', a.code, 'kind', k.code, "
        "'position', jsonb_build_array(a.lon, a.lat), 'commune', a.commune, 'street', a.street, "
        "'life_stage', a.life_stage, 'power_parent', p.code, 'communication_parent', m.code, "
        "'attributes', a.attributes) from asset a join asset_kind k on k.id = a.kind_id left join "
        "asset p on p.id = a.power_parent left join asset m on m.id = a.communication_parent where "
        "a.id = any($1::int4[])"};
    tx.execute(add, columns_of(slice, ids).ids, by.at, by.author);
}

// The ids of the parents that exist already.
void find_parents(store::Transaction& tx, std::span<const PlannedAsset> assets, Ids& ids) {
    static constexpr store::Query find{"assets_by_code",
                                       "select id, code from asset where code = any($1::text[])"};
    std::vector<std::string> codes;
    for (const PlannedAsset& planned : assets) {
        for (const std::string& parent : {planned.power_parent, planned.communication_parent}) {
            if (!parent.empty()) codes.push_back(parent);
        }
    }
    std::ranges::sort(codes);
    codes.erase(std::ranges::unique(codes).begin(), codes.end());
    if (codes.empty()) return;
    for (const store::Row& row : tx.rows(find, codes))
        ids[row.get<std::string>("code")] = row.get<std::int32_t>("id");
}

Asset asset_in(const store::Row& row, const Kind& kind) {
    Asset asset;
    asset.id = row.get<std::int32_t>("id");
    asset.code = row.get<std::string>("code");
    asset.kind = &kind;
    asset.place = {row.get<double>("lon"), row.get<double>("lat")};
    asset.commune = row.get<std::string>("commune");
    asset.street = row.get<std::string>("street");
    asset.life_stage = life_stage_from(row.text("life_stage")).value_or(LifeStage::in_service);
    asset.power_parent = row.maybe<std::int32_t>("power_parent").value_or(no_asset);
    asset.communication_parent = row.maybe<std::int32_t>("communication_parent").value_or(no_asset);
    asset.attributes = row.get<std::string>("attributes");
    asset.version = row.get<std::int64_t>("version");
    return asset;
}

}  // namespace

std::string_view to_string(LifeStage stage) {
    return stage_words[static_cast<std::size_t>(stage)];
}

std::optional<LifeStage> life_stage_from(std::string_view text) {
    const auto found = std::ranges::find(stage_words, text);
    if (found == stage_words.end()) return std::nullopt;
    return static_cast<LifeStage>(found - stage_words.begin());
}

void lock_changes(store::Transaction& tx) {
    static constexpr store::Query lock{"assets_lock",
                                       "select pg_advisory_xact_lock(hashtext('vigie.assets'))"};
    tx.execute(lock);
}

std::shared_ptr<const Catalogue> read_catalogue(store::Transaction& tx,
                                                std::shared_ptr<const std::vector<Kind>> kinds) {
    static constexpr store::Query list{
        "assets_read_all",
        "select id, code, kind_id, lon, lat, commune, street, life_stage, power_parent, "
        "communication_parent, attributes, version from asset order by code collate \"C\""};
    std::unordered_map<std::int32_t, const Kind*> by_id;
    for (const Kind& kind : *kinds)
        by_id[kind.id] = &kind;
    const auto rows = tx.rows(list);
    std::vector<Asset> assets;
    assets.reserve(rows.size());
    for (const store::Row& row : rows) {
        const auto kind = by_id.find(row.get<std::int32_t>("kind_id"));
        if (kind != by_id.end()) assets.push_back(asset_in(row, *kind->second));
    }
    return std::make_shared<const Catalogue>(std::move(kinds), std::move(assets));
}

PlannedAsset as_planned(const Catalogue& catalogue, const Asset& asset) {
    const auto code_of = [&](AssetId id) {
        const Asset* parent = catalogue.find(id);
        return parent ? parent->code : std::string();
    };
    return {asset, code_of(asset.power_parent), code_of(asset.communication_parent)};
}

void write_assets(store::Transaction& tx, std::span<const PlannedAsset> added,
                  std::span<const PlannedAsset> changed, const Authorship& by,
                  const std::function<void(std::size_t)>& passed) {
    Ids ids;
    find_parents(tx, added, ids);
    find_parents(tx, changed, ids);
    const auto one_pass = [&](std::span<const PlannedAsset> assets, auto work) {
        in_slices(assets, [&](auto slice) {
            work(slice);
            passed(slice.size());
        });
    };
    one_pass(added, [&](auto slice) { insert_without_parents(tx, slice, by.at, ids); });
    one_pass(added, [&](auto slice) { set_parents(tx, slice, ids); });
    in_slices(changed, [&](auto slice) {
        update_rows(tx, slice, by.at, ids);  // with its parents
        passed(2 * slice.size());
    });
    one_pass(added, [&](auto slice) { write_history(tx, slice, ids, by); });
    one_pass(changed, [&](auto slice) { write_history(tx, slice, ids, by); });
}

std::shared_ptr<const Zones> read_zones(store::Transaction& tx) {
    static constexpr store::Query list{
        "zones_read_all",
        "select zone_type, code, name, population, lon, lat, outline from zone order by zone_type, "
        "code collate \"C\""};
    std::vector<Zone> zones;
    for (const store::Row& row : tx.rows(list)) {
        Zone zone;
        zone.type = zone_type_from(row.text("zone_type")).value_or(ZoneType::zone);
        zone.code = row.get<std::string>("code");
        zone.name = row.get<std::string>("name");
        zone.population = row.maybe<std::int32_t>("population");
        zone.place = {row.get<double>("lon"), row.get<double>("lat")};
        if (auto geometry = parse_geometry(row.text("outline")))
            zone.polygons = std::move(geometry->polygons);
        zones.push_back(std::move(zone));
    }
    return std::make_shared<const Zones>(std::move(zones));
}

void write_zone(store::Transaction& tx, const Zone& zone) {
    static constexpr store::Query write{
        "zone_write",
        "insert into zone (zone_type, code, name, folded, population, lon, lat, outline) values "
        "($1, $2, $3, $4, $5, $6, $7, $8::jsonb) on conflict (zone_type, code) do update set name "
        "= excluded.name, folded = excluded.folded, population = excluded.population, lon = "
        "excluded.lon, lat = excluded.lat, outline = excluded.outline"};
    tx.execute(write, to_string(zone.type), zone.code, zone.name, base::folded(zone.name),
               zone.population, zone.place.lon, zone.place.lat, area_geometry(zone.polygons));
}

}  // namespace vigie::assets
