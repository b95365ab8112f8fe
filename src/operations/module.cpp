#include <nlohmann/json.hpp>

#include "operations/contacts.hpp"
#include "operations/room.hpp"
#include "operations/routes.hpp"
#include "operations/topics.hpp"
#include "operations/worker.hpp"
#include "vigie/operations/operations.hpp"

namespace vigie::operations {

struct Operations::Impl {
    explicit Impl(Parts given)
        : pool(given.pool),
          room{.clock = given.clock,
               .stream = given.stream,
               .registry = given.registry,
               .commune_of = std::move(given.commune_of),
               .vehicle_position = std::move(given.vehicle_position),
               .alarm_rows = std::move(given.alarm_rows),
               .desks_changed = [this] { worker.desks_changed(); }} {}

    store::Pool& pool;
    Room room;
    Worker worker{room, pool};
};

Operations::Operations(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {
    add_topics(impl_->room, impl_->pool);
}

Operations::~Operations() = default;

void Operations::add_routes(api::Router& router) {
    add_incident_routes(router, impl_->room);
    add_contact_routes(router, impl_->room, impl_->pool);
    add_field_routes(router, impl_->room);
    add_logbook_routes(router, impl_->room);
}

void Operations::add_admin_routes(api::Router& router) {
    add_logbook_admin_routes(router);
    add_crew_admin_routes(router, impl_->room);
}

void Operations::start() {
    impl_->worker.start();
}

void Operations::stop() {
    impl_->worker.stop();
}

void Operations::work_once() {
    impl_->worker.work_once();
}

std::size_t Operations::erase_callers(base::Instant before) {
    return impl_->pool.write_now(
        [&](store::Transaction& tx) { return contacts::erase_callers(impl_->room, tx, before); });
}

}  // namespace vigie::operations
