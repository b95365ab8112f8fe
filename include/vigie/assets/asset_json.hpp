// Kinds and assets as every door shows them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "vigie/assets/catalogue.hpp"
#include "vigie/assets/import.hpp"
#include "vigie/assets/zones.hpp"

namespace vigie::assets {

[[nodiscard]] nlohmann::json kind_json(const Kind& kind);
[[nodiscard]] nlohmann::json asset_json(const Catalogue& catalogue, const Asset& asset);
[[nodiscard]] nlohmann::json asset_feature(const Catalogue& catalogue, const Asset& asset);
[[nodiscard]] nlohmann::json zone_json(const Zone& zone);
// At most import_refusals_listed_max refusals are listed; all are counted.
[[nodiscard]] nlohmann::json report_json(const ImportReport& report, bool dry_run, bool french);

inline constexpr std::size_t import_refusals_listed_max = 1'000;

}  // namespace vigie::assets
