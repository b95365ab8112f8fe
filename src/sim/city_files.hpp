// The generated city as a folder of plain files, such as any city could hand over.
//
//   communes.geojson, streets.geojson, assets/<kind>.geojson, credentials.json
#pragma once

#include <filesystem>

#include "sim/city.hpp"
#include "vigie/base/result.hpp"

namespace vigie::sim {

// Creates the folder if need be and replaces the files in it. unavailable: a file cannot be
// written.
[[nodiscard]] base::Result<void> write_city(const City& city, const std::filesystem::path& folder);

}  // namespace vigie::sim
