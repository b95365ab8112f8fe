#include "assets/zone_rows.hpp"

#include <set>

#include "vigie/assets/field_choice.hpp"
#include "vigie/base/text.hpp"

namespace vigie::assets {

namespace {

using Chosen = std::map<std::string, std::string>;

std::string zone_text(const SourceRow& row, const Chosen& chosen, const std::string& target) {
    const auto field = chosen.find(target);
    const FieldValue* value = field == chosen.end() ? nullptr : row.field(field->second);
    return value ? text_in(*value) : std::string();
}

// Empty: the zone is good.
base::Text read_zone(const SourceRow& row, const Chosen& chosen, Zone& zone) {
    zone.code = zone_text(row, chosen, "code");
    zone.name = zone_text(row, chosen, "name");
    if (!base::is_code(zone.code))
        return {"has no code of 1 to 64 of A-Z a-z 0-9 - _ . :",
                "n'a pas de code de 1 à 64 caractères parmi A-Z a-z 0-9 - _ . :"};
    if (zone.name.empty()) return {"has no name", "n'a pas de nom"};
    const std::string population = zone_text(row, chosen, "population");
    if (!population.empty()) {
        const auto number = number_in(population);
        if (!number || *number < 0 || *number > 1e9)
            return {"/population: must be a number", "/population : doit être un nombre"};
        zone.population = static_cast<std::int64_t>(*number);
    }
    zone.polygons = row.geometry.polygons;
    if (zone.polygons.empty())
        return {"has no outline: a Polygon or MultiPolygon",
                "n'a pas de contour : un Polygon ou MultiPolygon"};
    zone.place = centroid(zone.polygons);
    return {};
}

}  // namespace

base::Result<ZoneRows> zones_in(SourceFile file, const ZoneImport& wish) {
    const auto chosen = choose_fields(file, wish.map,
                                      {{"code", {"code", "insee_code", "code_insee"}},
                                       {"name", {"name", "nom"}},
                                       {"population", {"population"}}});
    if (!chosen) return chosen.error();
    ZoneRows found;
    found.refused = std::move(file.refused);
    std::set<std::string> met;
    for (const SourceRow& row : file.rows) {
        Zone zone;
        zone.type = wish.type;
        base::Text reason = read_zone(row, *chosen, zone);
        if (reason.en.empty() && !met.insert(zone.code).second)
            reason = {"the code " + zone.code + " is there twice",
                      "le code " + zone.code + " figure deux fois"};
        if (reason.en.empty()) {
            found.zones.push_back(std::move(zone));
        } else {
            found.refused.push_back({row.number, zone.code, reason});
        }
    }
    found.ignored_fields = ignored_fields(file, *chosen);
    return found;
}

}  // namespace vigie::assets
