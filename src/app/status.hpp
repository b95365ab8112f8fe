// GET /admin/v1/status: what city IT sees first.
#pragma once

#include <functional>

#include "app/foundation.hpp"
#include "app/health.hpp"
#include "app/pipeline.hpp"
#include "app/self_watch.hpp"
#include "app/start_steps.hpp"
#include "vigie/api/router.hpp"
#include "vigie/app/server.hpp"

namespace vigie::app {

void add_status_routes(api::Router& admin, Health& health, Foundation& foundation,
                       Pipeline& pipeline, const StartSteps& start, const SelfWatch& self_watch,
                       std::function<Ports()> ports);

}  // namespace vigie::app
