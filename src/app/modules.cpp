#include "app/modules.hpp"

#include "vigie/api/access_routes.hpp"
#include "vigie/assets/routes.hpp"
#include "vigie/ingest/quarantine.hpp"
#include "vigie/live/admin_routes.hpp"
#include "vigie/opendata/car_parks.hpp"
#include "vigie/streets/routes.hpp"

namespace vigie::app {

struct Modules::Impl {
    Impl(Foundation& f, Pipeline& p) : foundation(f), pipeline(p) {}
    Foundation& foundation;
    Pipeline& pipeline;
    assets::ImportsUnderWay imports;
};

Modules::Modules(Foundation& f, Pipeline& pipeline, Routers routers)
    : impl_(std::make_unique<Impl>(f, pipeline)) {
    const auto live_of = [&city = f.city](assets::AssetId id) {
        return city.ask([id](live::CityState& state) { return state.live_json(id); });
    };
    api::add_session_routes(routers.control, f.sessions);
    api::add_people_routes(routers.control, f.sessions);
    api::add_contract_route(routers.control);
    api::add_admin_people_routes(routers.admin, f.sessions);
    assets::add_asset_routes(routers.control, f.registry, f.zones, live_of);
    assets::add_asset_admin_routes(routers.admin, f.importer, f.pool, impl_->imports, f.registry,
                                   f.zones, live_of);
    streets::add_street_routes(routers.control, f.addresses, f.zones, f.streets);
    streets::add_street_admin_routes(routers.admin, f.street_importer, f.pool, impl_->imports);
    live::add_live_admin_routes(routers.admin, f.city);
    ingest::add_quarantine_routes(routers.admin, pipeline.inbox(), f.clock);
    ingest::add_credential_routes(routers.admin, f.credentials, f.registry, f.pool);
    opendata::add_routes(routers.open, f.city, f.clock);
}

Modules::~Modules() = default;

void Modules::start() {
    impl_->foundation.city.start();
}

void Modules::stop() {
    impl_->foundation.city.stop();
}

}  // namespace vigie::app
