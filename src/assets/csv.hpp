// CSV as cities publish it.
#pragma once

#include <string_view>

#include "vigie/assets/source_file.hpp"

namespace vigie::assets {
[[nodiscard]] base::Result<SourceFile> read_csv(std::string_view text);
}  // namespace vigie::assets
