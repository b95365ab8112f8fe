// From the rows of a file to streets. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "vigie/assets/zones.hpp"
#include "vigie/streets/street_import.hpp"

namespace vigie::streets {

struct StreetRows {
    std::vector<Street> streets;
    std::vector<assets::Refusal> refused;
    std::vector<std::string> ignored_fields;
};

// Without a mapping: code from code, name from name and nom, hierarchy from hierarchy. A line of
// several parts becomes as many stretches. `checked` is called behind each row.
[[nodiscard]] base::Result<StreetRows> streets_in(
    assets::SourceFile file, const StreetImport& wish, const assets::Zones& zones,
    const std::function<void()>& checked = [] {});

}  // namespace vigie::streets
