// On which line of a GeoJSON file each feature begins. Pure.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace vigie::assets {

// By place in the file's list of features; `text` has been read as a FeatureCollection before. One
// walk over the bytes, which builds nothing: it is done only when something was refused.
[[nodiscard]] std::vector<std::size_t> feature_lines(std::string_view text);

}  // namespace vigie::assets
