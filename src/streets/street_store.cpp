#include "streets/street_store.hpp"

#include <algorithm>

#include "vigie/assets/geojson.hpp"
#include "vigie/base/text.hpp"
#include "vigie/streets/street_import.hpp"

namespace vigie::streets {

namespace {

constexpr std::size_t streets_per_statement_max = 2'000;

void write_slice(store::Transaction& tx, std::span<const Street> slice) {
    static constexpr store::Query write{
        "streets_write",
        "insert into street (code, name, folded, hierarchy, commune, length_m, lon, lat, line) "
        "select c, n, f, h, m, l, x, y, g::jsonb from unnest($1::text[], $2::text[], $3::text[], "
        "$4::text[], $5::text[], $6::float8[], $7::float8[], $8::float8[], $9::text[]) as s (c, n, "
        "f, h, m, l, x, y, g) on conflict (code) do update set name = excluded.name, folded = "
        "excluded.folded, hierarchy = excluded.hierarchy, commune = excluded.commune, length_m = "
        "excluded.length_m, lon = excluded.lon, lat = excluded.lat, line = excluded.line"};
    std::vector<std::string> codes;
    std::vector<std::string> names;
    std::vector<std::string> folded_names;
    std::vector<std::string> hierarchies;
    std::vector<std::string> communes;
    std::vector<double> lengths;
    std::vector<double> lons;
    std::vector<double> lats;
    std::vector<std::string> lines;
    for (const Street& street : slice) {
        codes.push_back(street.code);
        names.push_back(street.name);
        folded_names.push_back(base::folded(street.name));
        hierarchies.push_back(street.hierarchy);
        communes.push_back(street.commune);
        lengths.push_back(street.length_m);
        lons.push_back(street.place.lon);
        lats.push_back(street.place.lat);
        lines.push_back(assets::line_geometry(street.line));
    }
    tx.execute(write, codes, names, folded_names, hierarchies, communes, lengths, lons, lats,
               lines);
}

}  // namespace

void write_streets(store::Transaction& tx, std::span<const Street> streets,
                   const std::function<void(std::size_t)>& written) {
    while (!streets.empty()) {
        const std::size_t count = std::min(streets.size(), streets_per_statement_max);
        write_slice(tx, streets.first(count));
        written(count);
        streets = streets.subspan(count);
    }
}

std::shared_ptr<const Streets> read_streets(store::Transaction& tx) {
    static constexpr store::Query list{
        "streets_read_all",
        "select code, name, hierarchy, commune, length_m, lon, lat, line from street order by code "
        "collate \"C\""};
    std::vector<Street> streets;
    for (const store::Row& row : tx.rows(list)) {
        Street street;
        street.code = row.get<std::string>("code");
        street.name = row.get<std::string>("name");
        street.hierarchy = row.get<std::string>("hierarchy");
        street.commune = row.get<std::string>("commune");
        street.length_m = row.get<double>("length_m");
        street.place = {row.get<double>("lon"), row.get<double>("lat")};
        if (auto geometry = assets::parse_geometry(row.text("line"));
            geometry && !geometry->lines.empty())
            street.line = std::move(geometry->lines[0]);
        streets.push_back(std::move(street));
    }
    return std::make_shared<const Streets>(std::move(streets));
}

}  // namespace vigie::streets
