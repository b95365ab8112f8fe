#include <nlohmann/json.hpp>

#include "operations/alarm_entries.hpp"
#include "operations/command_entries.hpp"
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
               .recorder = given.recorder,
               .commune_of = std::move(given.commune_of),
               .vehicle_position = std::move(given.vehicle_position),
               .desks_changed = [this] { worker.desks_changed(); }} {}

    store::Pool& pool;
    Room room;
    Worker worker{room, pool};
};

Operations::Operations(Parts parts) : impl_(std::make_unique<Impl>(parts)) {
    add_topics(impl_->room, impl_->pool);
    Impl& impl = *impl_;
    impl.room.recorder.in_transaction(
        [&impl](store::Transaction& tx, const alarms::AlarmChange& change) {
            write_alarm_entry(impl.room, tx, change);
        });
    if (parts.control != nullptr) {
        parts.control->in_transaction(
            [&impl](store::Transaction& tx, const control::Change& change) {
                write_command_entry(impl.room, tx, change);
            });
    }
    impl.room.recorder.on_recorded(
        [&impl](const alarms::AlarmChange& change) { impl.worker.alarm_changed(change.alarm.id); });
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
