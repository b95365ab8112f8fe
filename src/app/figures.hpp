// What /metrics tells of each part.
#pragma once

#include <string>
#include <vector>

#include "app/foundation.hpp"
#include "app/health.hpp"
#include "app/modules.hpp"
#include "app/pipeline.hpp"
#include "app/storage.hpp"
#include "vigie/api/router.hpp"

namespace vigie::app {

[[nodiscard]] std::vector<Figure> pipeline_figures(Pipeline& pipeline, const Modules& modules);
[[nodiscard]] std::vector<Figure> door_figures(const std::string& door,
                                               const net::HttpServer& server);
// Answers and the time they took, by route as the contract writes it and by status; `route` is
// empty where none matched, so that paths made up by strangers make no new lines.
[[nodiscard]] std::vector<Sample> route_samples(const std::string& door, const api::Router& router);
[[nodiscard]] std::vector<Figure> city_figures(Foundation& foundation);
[[nodiscard]] std::vector<Figure> storage_figures(const Storage& storage);

}  // namespace vigie::app
