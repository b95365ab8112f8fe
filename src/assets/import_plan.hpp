// What an import changes, compared with what is there. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "assets/import_rows.hpp"
#include "vigie/assets/asset_store.hpp"
#include "vigie/assets/catalogue.hpp"

namespace vigie::assets {

struct ImportPlan {
    std::vector<PlannedAsset> added;
    std::vector<PlannedAsset> changed;
    std::size_t unchanged{};
    std::vector<Refusal> refused;
};

struct PlaceNames {
    std::function<std::string(base::LonLat)> commune_of;
    std::function<std::string(base::LonLat)> street_of;
};

// Longer chains of parents are refused, as rings are.
inline constexpr int parents_deep_max = 32;

// `checked` is called behind each row.
[[nodiscard]] ImportPlan plan_import(
    const Kind& kind, const Catalogue& known, const std::vector<ImportRow>& rows,
    const PlaceNames& names, const std::function<void()>& checked = [] {});

}  // namespace vigie::assets
