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

// A city's whole file: room for about 300,000 rows, each with its line, code and reason.
inline constexpr std::size_t import_refusals_bytes_max = 32UL * 1024 * 1024;
// Refusals in the order of the file, as many of the first as make `refusals_bytes_max` of JSON with
// their commas; all are counted.
[[nodiscard]] nlohmann::json report_json(
    const ImportReport& report, bool dry_run, bool french,
    std::size_t refusals_bytes_max = import_refusals_bytes_max);

}  // namespace vigie::assets
