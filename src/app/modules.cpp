#include "app/modules.hpp"

#include <spdlog/spdlog.h>

#include <future>

#include "vigie/alarms/service.hpp"
#include "vigie/api/access_routes.hpp"
#include "vigie/assets/routes.hpp"
#include "vigie/control/control.hpp"
#include "vigie/ingest/quarantine.hpp"
#include "vigie/ingest/unknown_properties.hpp"
#include "vigie/live/admin_routes.hpp"
#include "vigie/live/keeper.hpp"
#include "vigie/live/routes.hpp"
#include "vigie/opendata/car_parks.hpp"
#include "vigie/operations/operations.hpp"
#include "vigie/operations/vehicle_position.hpp"
#include "vigie/streets/routes.hpp"

namespace vigie::app {

namespace {

// Who called is needed to call back and to answer a complaint; after a year nobody calls back
// (GDPR, article 5.1.e).
constexpr std::chrono::hours callers_kept{24 * 365};
// Transitions that wait for the database lie in memory as well.
constexpr std::uint64_t alarm_spool_bytes_max = std::uint64_t{64} * 1024 * 1024;
constexpr std::chrono::seconds flush_awaited_at_most{10};
constexpr std::uint64_t result_spool_bytes_max = std::uint64_t{16} * 1024 * 1024;

// Where a vehicle last said it was, and when; nothing before it ever did. Called on a thread of the
// pool, in a transaction: the city answers in microseconds.
std::optional<operations::Located> position_of(Foundation& f, const std::string& code) {
    const auto catalogue = f.registry.current();
    const assets::Asset* asset = catalogue->find(code);
    if (asset == nullptr || !asset->kind->mobile) return std::nullopt;
    using Answer = std::optional<operations::Located>;
    const auto promise = std::make_shared<std::promise<Answer>>();
    auto answer = promise->get_future();
    const bool taken = f.city.post([promise, id = asset->id](live::CityState& state) {
        promise->set_value(operations::reported_position(state, id));
    });
    return taken ? answer.get() : std::nullopt;
}

// How commands leave by the device door, and what devices answer comes back.
control::Carrier carrier_over(Pipeline& p) {
    return {.hears = [&p](const std::string& topic) { return p.mqtt().hears(topic) > 0; },
            .send = [&p](net::MqttDelivery delivery) { return p.mqtt().send(std::move(delivery)); },
            .room = [&p] { p.mqtt().resume(); },
            .quarantine =
                [&p](const ingest::CommandResult& result, const ingest::Refusal& refusal) {
                    auto sorted =
                        ingest::Inbox::refused(result.credential,
                                               {nullptr, "mqtt", result.topic, result.payload,
                                                result.received_at, ingest::Format::by_shape},
                                               refusal);
                    return p.inbox().submit(sorted);
                }};
}

}  // namespace

struct Modules::Impl {
    Impl(Foundation& f, Pipeline& p)
        : foundation(f),
          pipeline(p),
          keeper(f.city, f.pool, f.clock),
          alarm_spool(store::disk_files(), {.folder = f.settings.paths.folder + "/spool/alarms",
                                            .bytes_max = alarm_spool_bytes_max}),
          alarms(f.city, f.stream, f.pool, f.registry, f.clock),
          result_spool(store::disk_files(), {.folder = f.settings.paths.folder + "/spool/commands",
                                             .bytes_max = result_spool_bytes_max}),
          control({.pool = f.pool,
                   .clock = f.clock,
                   .stream = f.stream,
                   .registry = f.registry,
                   .carrier = carrier_over(p)}),
          operations(
              {.pool = f.pool,
               .clock = f.clock,
               .stream = f.stream,
               .registry = f.registry,
               .recorder = alarms.recorder(),
               .commune_of = [&f](base::LonLat p) { return f.zones.current()->commune_of(p); },
               .vehicle_position = [&f](const std::string& code) { return position_of(f, code); },
               .control = &control}) {}
    Foundation& foundation;
    Pipeline& pipeline;
    assets::ImportsUnderWay imports;
    live::Keeper keeper;
    store::Spool alarm_spool;
    alarms::Service alarms;
    store::Spool result_spool;
    control::Control control;
    operations::Operations operations;
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
    ingest::add_quarantine_routes(routers.admin, f.pool, pipeline.inbox(), f.clock);
    ingest::add_unknown_property_routes(routers.admin, pipeline.inbox().unknown());
    ingest::add_credential_routes(routers.admin, f.credentials, f.registry, f.pool);
    live::add_routes(routers.control, f.city, f.stream, f.registry);
    live::add_topics(f.city, f.stream);
    alarms::add_routes(routers.control, impl_->alarms, f.registry);
    alarms::add_topic(f.stream, impl_->alarms, f.registry);
    live::add_live_admin_routes(routers.admin, f.city);
    impl_->control.add_routes(routers.control);
    pipeline.mqtt_door().serve_commands(impl_->control.taker(),
                                        [&pipeline](std::vector<net::MqttCompletion> completions) {
                                            pipeline.mqtt().complete(std::move(completions));
                                        });
    impl_->operations.add_routes(routers.control);
    impl_->operations.add_admin_routes(routers.admin);
    opendata::add_routes(routers.open, f.city, f.clock);
}

Modules::~Modules() = default;

void Modules::start(StartSteps& steps) {
    auto& f = impl_->foundation;
    const base::Instant now = f.clock.now();
    live::load_last_values(f.city, f.pool, now);
    steps.done("last values");
    impl_->alarm_spool.open();
    impl_->alarms.recorder().keep_in(impl_->alarm_spool);
    impl_->alarms.load();
    steps.done("alarms");
    const auto replayed = live::replay_frames(f.city, f.pool, f.app_url, now);
    steps.done("frames since");
    // What was acknowledged and has not reached the database yet: the writers bring it there later.
    std::size_t spooled = 0;
    impl_->pipeline.read_spooled([&](std::vector<store::Frame> frames) {
        spooled += frames.size();
        f.city.state().apply(frames, now);
    });
    steps.done("spool");
    spdlog::info("live city rebuilt: {} assets, {} frames since the last flush, {} from the spool",
                 f.registry.current()->assets().size(), replayed, spooled);
    impl_->alarms.start();
    impl_->keeper.settle_before([&recorder = impl_->alarms.recorder()] {
        return recorder.settle(std::chrono::seconds(5));
    });
    for (const auto& asset : f.registry.current()->assets()) {
        if (const auto newest = f.city.state().newest(asset.id))
            impl_->pipeline.writer().know(asset.id, *newest);
    }
    impl_->keeper.renew_notes_by([&p = impl_->pipeline](std::chrono::milliseconds limit) {
        return p.writer().renew_notes(limit);
    });
    impl_->keeper.take_in_while([&p = impl_->pipeline] { return p.writer().takes_in(); });
    f.city.start();
    impl_->keeper.start();
    impl_->operations.start();
    impl_->result_spool.open();
    impl_->control.keep_in(impl_->result_spool);
    impl_->control.load();
    impl_->control.start();
}

// What the city decided last is recorded before the recorder ends.
void Modules::stop() {
    impl_->control.stop();
    impl_->operations.stop();
    impl_->keeper.stop();
    impl_->foundation.city.stop();
    impl_->alarms.stop();
}

bool Modules::await_flush(const std::function<bool()>& given_up) {
    return impl_->keeper.await_flush(flush_awaited_at_most, given_up);
}

bool Modules::alarms_crowded() const {
    return impl_->alarms.recorder().crowded();
}

std::uint64_t Modules::spool_damaged_bytes() const {
    return impl_->pipeline.spool().counters().damaged_bytes +
           impl_->alarm_spool.counters().damaged_bytes +
           impl_->result_spool.counters().damaged_bytes +
           impl_->pipeline.session_spool().counters().damaged_bytes;
}

void Modules::keep_house() {
    impl_->operations.erase_callers(impl_->foundation.clock.now() - callers_kept);
}

}  // namespace vigie::app
