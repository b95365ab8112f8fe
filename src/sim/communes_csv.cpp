// Communes from a table.
#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "sim/communes.hpp"
#include "vigie/base/text.hpp"

namespace vigie::sim {

namespace {

enum Column : std::size_t { insee, name, lon, lat, area, population, columns };
constexpr std::array<std::string_view, columns> column_names{
    "insee_code", "name", "centroid_lon", "centroid_lat", "area_km2", "population"};

base::Error wrong_line(std::size_t line, const std::string& why_en, const std::string& why_fr) {
    return base::fail(base::Errc::invalid, "line " + std::to_string(line) + ": " + why_en,
                      "ligne " + std::to_string(line) + " : " + why_fr);
}

// Where each column stands; npos: nowhere.
std::array<std::size_t, columns> places_of(std::string_view header) {
    const auto cells = base::split(header, ',');
    std::array<std::size_t, columns> places{};
    for (std::size_t column = 0; column < columns; ++column) {
        const auto at = std::find_if(cells.begin(), cells.end(), [&](std::string_view cell) {
            return base::trimmed(cell) == column_names.at(column);
        });
        places.at(column) = at == cells.end() ? std::string_view::npos
                                              : static_cast<std::size_t>(at - cells.begin());
    }
    return places;
}

}  // namespace

base::Result<std::vector<CommuneFact>> parse_communes(std::string_view csv) {
    const auto lines = base::split(csv, '\n');
    const auto places = places_of(lines.front());
    for (std::size_t column = 0; column < columns; ++column) {
        const std::string missing(column_names.at(column));
        if (places.at(column) == std::string_view::npos)
            return wrong_line(1, "no column " + missing, "pas de colonne " + missing);
    }
    std::vector<CommuneFact> facts;
    std::set<std::string> codes;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        if (base::trimmed(lines[i]).empty()) continue;
        const auto cells = base::split(lines[i], ',');
        const auto cell = [&](Column column) {
            const std::size_t at = places.at(column);
            return at < cells.size() ? base::trimmed(cells[at]) : std::string_view{};
        };
        const auto x = base::parse_double(cell(lon));
        const auto y = base::parse_double(cell(lat));
        const auto km2 = base::parse_double(cell(area));
        const auto people = cell(population).empty() ? std::optional<std::int64_t>{0}
                                                     : base::parse_int(cell(population));
        CommuneFact fact{std::string(cell(insee)), std::string(cell(name)), {}, 0, 0};
        if (!base::is_code(fact.insee_code) || fact.name.empty() || !base::is_utf8(fact.name))
            return wrong_line(i + 1, "needs a code and a name", "il faut un code et un nom");
        if (!codes.insert(fact.insee_code).second)
            return wrong_line(i + 1, "the code is there twice", "le code y est deux fois");
        if (!x || !y || std::abs(*y) > 80 || !base::valid({*x, *y}))
            return wrong_line(i + 1, "not a position", "pas une position");
        if (!km2 || *km2 <= 0 || !people || *people < 0 ||
            *people > std::numeric_limits<int>::max())
            return wrong_line(i + 1, "not an area or a population",
                              "pas une superficie ou une population");
        fact.centroid = {*x, *y};
        fact.area_km2 = *km2;
        fact.population = static_cast<int>(*people);
        facts.push_back(std::move(fact));
    }
    return facts;
}

}  // namespace vigie::sim
