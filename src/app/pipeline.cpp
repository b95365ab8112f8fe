#include "app/pipeline.hpp"

#include <spdlog/spdlog.h>

#include "app/connections.hpp"

namespace vigie::app {

namespace {

constexpr std::uint64_t session_spool_bytes_max = std::uint64_t{256} * 1024 * 1024;

store::SpoolSettings spool_settings(const config::Settings& settings) {
    return {.folder = settings.paths.folder + "/spool",
            .bytes_max = static_cast<std::uint64_t>(settings.spool.bytes_max),
            .free_bytes_min = static_cast<std::uint64_t>(settings.storage.disk_free_min_bytes)};
}

store::SpoolSettings session_spool_settings(const config::Settings& settings) {
    return {.folder = settings.paths.folder + "/spool/sessions",
            .bytes_max = session_spool_bytes_max};
}

store::FrameWriterSettings writer_settings(const Pipeline::Parts& parts, store::Spool& spool) {
    store::FrameWriterSettings settings;
    settings.spool = &spool;
    settings.answer_limit = std::chrono::seconds{parts.settings.database.answer_limit_s};
    settings.app_url = parts.app_url;
    settings.owner_url = parts.owner_url;
    settings.writers = static_cast<std::size_t>(parts.settings.database.writers);
    settings.pending_frames_max =
        static_cast<std::size_t>(parts.settings.device.pending_frames_max);
    return settings;
}

net::MqttServerSettings mqtt_settings(const config::Settings& settings) {
    const auto& device = settings.device;
    net::MqttServerSettings mqtt;
    mqtt.connections_max = connections_of(settings).mqtt;
    // All devices come from the proxy's address.
    if (device.behind_proxy) mqtt.strangers_per_address_max = mqtt.strangers_max;
    mqtt.session_expiry_s_max = static_cast<std::uint32_t>(device.session_expiry_s_max);
    if (const auto address = config::plain_mqtt_address(settings))
        mqtt.listeners.push_back(
            {*address, static_cast<std::uint16_t>(device.mqtt_port), std::nullopt});
    if (!device.certificate.empty()) {
        mqtt.listeners.push_back(
            {device.address, static_cast<std::uint16_t>(device.mqtt_tls_port),
             net::MqttTls{device.certificate, device.private_key, device.client_ca,
                          device.client_certificate_required}});
    }
    return mqtt;
}

net::HttpServerSettings http_settings(const config::Settings& settings) {
    const auto& device = settings.device;
    net::HttpServerSettings http;
    http.behind_proxy = device.behind_proxy;
    http.connections_max = connections_of(settings).device_http;
    net::HttpListener listener{device.address, static_cast<std::uint16_t>(device.http_port), "",
                               std::nullopt};
    if (!device.certificate.empty())
        listener.tls = net::HttpTls{device.certificate, device.private_key};
    http.listeners.push_back(std::move(listener));
    return http;
}

// Behind a proxy all MQTT devices come from its address: the wrong ones must not keep out the
// others.
ingest::GuessLimits guess_limits(const config::Settings& settings) {
    ingest::GuessLimits limits;
    if (settings.device.behind_proxy) limits.wrong_per_minute_max = 0;
    return limits;
}

}  // namespace

// From the bottom up: each stage hands to the one made before it.
Pipeline::Pipeline(const Parts& parts)
    : settings_(parts.settings),
      city_(parts.city),
      // 4. PostgreSQL, or the spool while it is away; then the live city, and the acknowledgement:
      // durable()
      spool_(store::disk_files(), spool_settings(parts.settings)),
      writer_(writer_settings(parts, spool_), parts.clock, [this](auto& batch) { durable(batch); }),
      // 3. decoded, or refused with its reason
      inbox_(parts.registry, writer_),
      // 2. who speaks, and for which assets
      session_spool_(store::disk_files(), session_spool_settings(parts.settings)),
      sessions_(parts.pool, parts.clock),
      throttle_(parts.clock, {}, guess_limits(parts.settings)),
      mqtt_door_(inbox_, parts.authority, parts.certified, parts.named, throttle_, sessions_,
                 parts.clock),
      http_door_(inbox_, parts.authority, throttle_, parts.clock),
      // 1. bytes
      mqtt_(parts.io, mqtt_settings(parts.settings), parts.clock, mqtt_door_),
      http_(parts.io, http_settings(parts.settings),
            {.request =
                 [this](wire::Request request) { return http_door_.serve(std::move(request)); },
             .upgrade = {},
             .head = [this](const wire::Request& head) { return http_door_.refuse(head); }}) {
    writer_.on_room([this] { mqtt_.resume(); });
}

// On a writer thread, once it is durable: law 1 is these lines' order.
void Pipeline::durable(std::vector<store::Submission>& batch) {
    auto frames = std::move(batch.front().frames);
    std::vector<net::MqttCompletion> completions;
    completions.reserve(batch.size());
    for (const auto& submission : batch)
        ingest::MqttDoor::complete(submission, completions);
    if (!frames.empty() && !city_.observed(std::move(frames))) {
        spdlog::debug("observations stored while stopping reach the live city at the next start");
    }
    if (!completions.empty()) mqtt_.complete(std::move(completions));
}

void Pipeline::read_spooled(const std::function<void(std::vector<store::Frame>)>& take) {
    spool_.open();
    store::read_spooled(spool_, take);
}

void Pipeline::start_writers() {
    session_spool_.open();
    sessions_.keep_in(session_spool_);
    sessions_.start();
    writer_.start();
}

void Pipeline::open_doors() {
    mqtt_.start();
    http_.start();
    if (const auto address = config::plain_mqtt_address(settings_); !address) {
        spdlog::info("MQTT without TLS is closed: device.mqtt_plain");
    } else if (*address != settings_.device.address) {
        spdlog::info(
            "MQTT without TLS listens on {} only: beyond it stands MQTT over TLS, for no proxy "
            "ends TLS in front of it (device.behind_proxy)",
            *address);
    }
}

Pipeline::MqttPorts Pipeline::mqtt_ports() const {
    const auto ports = mqtt_.ports();
    auto next = ports.begin();
    MqttPorts named;
    if (config::plain_mqtt_address(settings_)) named.plain = *next++;
    if (!settings_.device.certificate.empty()) named.tls = *next;
    return named;
}

void Pipeline::close_doors(std::chrono::milliseconds limit) {
    mqtt_.stop(limit);
    http_.stop(limit);
}

void Pipeline::stop_writers(std::chrono::milliseconds limit) {
    if (!writer_.stop(limit)) {
        spdlog::error("{} observations were not made durable; none of them was acknowledged",
                      writer_.counters().pending.load());
    }
    sessions_.stop();  // after the wills in the writer's hands
}

}  // namespace vigie::app
