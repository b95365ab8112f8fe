#include "streets/street_rows.hpp"

#include <set>

#include "vigie/assets/field_choice.hpp"
#include "vigie/assets/geojson.hpp"
#include "vigie/base/fnv.hpp"
#include "vigie/base/text.hpp"

namespace vigie::streets {

namespace {

using Chosen = std::map<std::string, std::string>;

std::string street_text(const assets::SourceRow& row, const Chosen& chosen,
                        const std::string& target) {
    const auto field = chosen.find(target);
    const assets::FieldValue* value = field == chosen.end() ? nullptr : row.field(field->second);
    return value ? assets::text_in(*value) : std::string();
}

// Of the line as text: the same on every machine and in every release.
std::string line_code(const std::vector<base::LonLat>& line) {
    std::uint64_t hash = base::fnv_1a(assets::line_geometry(line));
    std::string bytes(8, '\0');
    for (char& byte : bytes) {
        byte = static_cast<char>(hash & 0xFFU);
        hash >>= 8U;
    }
    return "S-" + base::to_hex(bytes);
}

std::string part_code(const std::string& code, std::size_t part) {
    return part == 0 ? code : code + ":" + std::to_string(part + 1);
}

// Empty: the row is good.
base::Text wrong_street(const assets::SourceRow& row, const Street& street, bool coded) {
    if (street.name.empty()) return {"has no name", "n'a pas de nom"};
    if (coded && (!base::is_code(street.code) || street.code.size() > 60))
        return {"has no code of 1 to 60 of A-Z a-z 0-9 - _ . :",
                "n'a pas de code de 1 à 60 caractères parmi A-Z a-z 0-9 - _ . :"};
    for (const auto& line : row.geometry.lines) {
        if (line.size() < 2) return {"a line needs two points", "une ligne exige deux points"};
    }
    if (row.geometry.lines.empty())
        return {"has no line: a LineString or MultiLineString",
                "n'a pas de ligne : une LineString ou MultiLineString"};
    return {};
}

}  // namespace

base::Result<StreetRows> streets_in(assets::SourceFile file, const StreetImport& wish,
                                    const assets::Zones& zones,
                                    const std::function<void()>& checked) {
    const auto chosen = assets::choose_fields(
        file, wish.map,
        {{"code", {"code"}}, {"name", {"name", "nom"}}, {"hierarchy", {"hierarchy"}}});
    if (!chosen) return chosen.error();
    const bool coded = chosen->contains("code");
    StreetRows found;
    found.refused = std::move(file.refused);
    std::set<std::string> met;
    for (const assets::SourceRow& row : file.rows) {
        checked();
        Street street;
        street.code = street_text(row, *chosen, "code");
        street.name = street_text(row, *chosen, "name");
        street.hierarchy = street_text(row, *chosen, "hierarchy");
        base::Text reason = wrong_street(row, street, coded);
        const std::string code =
            coded || !reason.en.empty() ? street.code : line_code(row.geometry.lines[0]);
        if (reason.en.empty() && !met.insert(code).second)
            reason = {"the code " + code + " is there twice",
                      "le code " + code + " figure deux fois"};
        if (!reason.en.empty()) {
            found.refused.push_back({row.number, code, reason});
            continue;
        }
        for (std::size_t part = 0; part < row.geometry.lines.size(); ++part) {
            street.code = part_code(code, part);
            street.line = row.geometry.lines[part];
            street.length_m = length_m_of(street.line);
            street.place = middle_of(street.line);
            street.commune = zones.commune_of(street.place);
            found.streets.push_back(street);
        }
    }
    found.ignored_fields = assets::ignored_fields(file, *chosen);
    return found;
}

}  // namespace vigie::streets
