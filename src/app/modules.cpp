#include "app/modules.hpp"

#include "vigie/ingest/quarantine.hpp"
#include "vigie/opendata/car_parks.hpp"

namespace vigie::app {

struct Modules::Impl {
    Impl(Foundation& f, Pipeline& p, Routers r) : foundation(f), pipeline(p), routers(r) {}
    Foundation& foundation;
    Pipeline& pipeline;
    Routers routers;
};

Modules::Modules(Foundation& foundation, Pipeline& pipeline, Routers routers)
    : impl_(std::make_unique<Impl>(foundation, pipeline, routers)) {
    ingest::add_quarantine_routes(routers.admin, pipeline.inbox(), foundation.clock);
    ingest::add_credential_routes(routers.admin, foundation.credentials, foundation.registry,
                                  foundation.pool);
    opendata::add_routes(routers.open, foundation.city, foundation.clock);
}

Modules::~Modules() = default;

void Modules::start() {}

void Modules::stop() {}

}  // namespace vigie::app
