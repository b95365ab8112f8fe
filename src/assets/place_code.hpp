// Codes for assets that have none: they follow from the place, so that the same file names the same
// assets again, whatever the order of its rows.
#pragma once

#include <string>
#include <vector>

#include "vigie/base/geometry.hpp"

namespace vigie::assets {

struct ImportRow;

// Eight characters of A-Z and 2-7 made from a position, to a millionth of a degree (0.1 m).
[[nodiscard]] std::string place_code(base::LonLat place);

// prefix + place_code; of several at one place the second and following carry a number, in an order
// that their contents decide.
void give_place_codes(const std::string& prefix, std::vector<ImportRow>& rows);

}  // namespace vigie::assets
