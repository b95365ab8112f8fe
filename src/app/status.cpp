#include "app/status.hpp"

#include <nlohmann/json.hpp>

namespace vigie::app {

namespace {

nlohmann::json door(const std::string& address, std::uint16_t port, bool tls, bool behind_proxy) {
    return {{"address", address},
            {"port", port},
            {"tls", tls},
            {"behind_proxy", behind_proxy},
            {"loopback", config::is_loopback(address)}};
}

nlohmann::json doors(const config::Settings& settings, const Ports& ports) {
    const auto& device = settings.device;
    const auto web = [](const config::Settings::Web& w, std::uint16_t port) {
        return door(w.address, port, !w.certificate.empty(), w.behind_proxy);
    };
    nlohmann::json all = {{"device_http", door(device.address, ports.device_http,
                                               !device.certificate.empty(), device.behind_proxy)},
                          {"control", web(settings.control, ports.control)},
                          {"public", web(settings.open, ports.open)},
                          {"metrics", door("127.0.0.1", ports.metrics, false, false)},
                          {"admin", {{"socket", ports.admin_socket}}}};
    if (const auto address = config::plain_mqtt_address(settings))
        all["device_mqtt"] = door(*address, ports.mqtt, false, device.behind_proxy);
    if (ports.mqtt_tls != 0)
        all["device_mqtt_tls"] = door(device.address, ports.mqtt_tls, true, false);
    return all;
}

nlohmann::json ingestion(Pipeline& pipeline, const Vitals& vitals) {
    const auto& mqtt = pipeline.mqtt().counters();
    const auto& writer = pipeline.writer().counters();
    const auto& inbox = pipeline.inbox().counters();
    return {{"mqtt_connections", mqtt.connections.load()},
            {"observations", inbox.messages.load()},
            {"refused", inbox.refused.load()},
            {"frames_stored", writer.frames.load()},
            {"pending", writer.pending.load()},
            {"database_away", vitals.database_away},
            {"database_silent_ms", vitals.database_silent.count()},
            {"storing_waits_ms", vitals.storing_waits.count()},
            {"spool_bytes", pipeline.spool().counters().bytes.load()},
            {"spool_records", pipeline.spool().counters().records.load()},
            {"frames_spooled", writer.spooled.load()},
            {"frames_drained", writer.drained.load()},
            {"commits", writer.commits.load()}};
}

nlohmann::json start_json(const StartSteps& start) {
    nlohmann::json steps = nlohmann::json::array();
    for (const auto& [step, took] : start.steps())
        steps.push_back({{"step", step}, {"ms", took.count()}});
    return steps;
}

}  // namespace

void add_status_routes(api::Router& admin, Health& health, Foundation& foundation,
                       Pipeline& pipeline, const StartSteps& start, const SelfWatch& self_watch,
                       std::function<Ports()> ports) {
    const base::Instant since = foundation.clock.now();
    admin.handle("GET", "/admin/v1/status", api::signed_in(),
                 [&, since, ports](api::Request request) -> boost::asio::awaitable<api::Answer> {
                     const auto obstacles = health.obstacles();
                     const auto catalogue = foundation.registry.current();
                     nlohmann::json body = {{"ready", obstacles.empty()},
                                            {"obstacles", obstacles},
                                            {"troubles", nlohmann::json::parse(self_watch.rows())},
                                            {"since", base::to_rfc3339(since)},
                                            {"start", start_json(start)},
                                            {"now", base::to_rfc3339(request.now)},
                                            {"city", foundation.settings.city.name},
                                            {"assets", catalogue->assets().size()},
                                            {"kinds", catalogue->kinds().size()},
                                            {"doors", doors(foundation.settings, ports())},
                                            {"ingestion", ingestion(pipeline, self_watch.vitals())},
                                            {"stream",
                                             {{"epoch", foundation.stream.epoch()},
                                              {"sequence", foundation.stream.last()},
                                              {"subscribers", foundation.stream.subscribers()}}}};
                     co_return api::json_response(200, body);
                 });
}

}  // namespace vigie::app
