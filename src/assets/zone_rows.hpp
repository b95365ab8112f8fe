// From the rows of a file to zones. Pure.
#pragma once

#include <string>
#include <vector>

#include "vigie/assets/import.hpp"

namespace vigie::assets {

struct ZoneRows {
    std::vector<Zone> zones;
    std::vector<Refusal> refused;
    std::vector<std::string> ignored_fields;
};

// Without a mapping, code is looked for in code, insee_code and code_insee, the name in name and
// nom.
[[nodiscard]] base::Result<ZoneRows> zones_in(SourceFile file, const ZoneImport& wish);

}  // namespace vigie::assets
