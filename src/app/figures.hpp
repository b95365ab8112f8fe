// What /metrics tells of each part.
#pragma once

#include <string>
#include <vector>

#include "app/foundation.hpp"
#include "app/health.hpp"
#include "app/pipeline.hpp"
#include "app/storage.hpp"

namespace vigie::app {

[[nodiscard]] std::vector<Figure> pipeline_figures(Pipeline& pipeline);
[[nodiscard]] std::vector<Figure> door_figures(const std::string& door,
                                               const net::HttpServer& server);
[[nodiscard]] std::vector<Figure> city_figures(Foundation& foundation);
[[nodiscard]] std::vector<Figure> storage_figures(const Storage& storage);

}  // namespace vigie::app
