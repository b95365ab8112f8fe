#include "control/dispatcher.hpp"
#include "control/room.hpp"
#include "control/routes.hpp"
#include "vigie/control/control.hpp"

namespace vigie::control {

struct Control::Impl {
    explicit Impl(Parts parts)
        : room{.clock = parts.clock,
               .stream = parts.stream,
               .registry = parts.registry,
               .in_transaction = {},
               .changed = [this](const Change& change) { dispatcher.changed(change); }},
          dispatcher(room, parts.pool, std::move(parts.carrier)) {
        add_topic(room, parts.pool);
    }
    Room room;
    Dispatcher dispatcher;
};

Control::Control(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}

Control::~Control() = default;

void Control::add_routes(api::Router& router) {
    add_command_routes(router, impl_->room);
}

ingest::CommandTaker& Control::taker() {
    return impl_->dispatcher;
}

void Control::in_transaction(std::function<void(store::Transaction&, const Change&)> work) {
    impl_->room.in_transaction = std::move(work);
}

void Control::keep_in(store::Spool& spool) {
    impl_->dispatcher.keep_in(spool);
}

void Control::load() {
    impl_->dispatcher.load();
}

void Control::start() {
    impl_->dispatcher.start();
}

void Control::stop() {
    impl_->dispatcher.stop();
}

bool Control::work_once() {
    return impl_->dispatcher.work_once();
}

}  // namespace vigie::control
