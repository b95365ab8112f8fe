// The stages that an observation passes, in order. Reading pipeline.cpp from top to bottom is
// reading the product.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <span>

#include "vigie/config/settings.hpp"
#include "vigie/ingest/door_throttle.hpp"
#include "vigie/ingest/http_door.hpp"
#include "vigie/ingest/inbox.hpp"
#include "vigie/ingest/mqtt_door.hpp"
#include "vigie/live/city.hpp"
#include "vigie/net/http_server.hpp"
#include "vigie/net/mqtt_server.hpp"
#include "vigie/store/frames.hpp"
#include "vigie/store/spool.hpp"

namespace vigie::app {

class Pipeline {
public:
    struct Parts {
        const config::Settings& settings;
        const base::Clock& clock;
        std::string app_url;
        std::string owner_url;
        const assets::Registry& registry;
        live::City& city;
        store::Pool& pool;
        ingest::Authority authority;
        ingest::CertificateAuthority certified;
        ingest::SenderByName named;
        std::span<boost::asio::io_context* const> io;
    };
    explicit Pipeline(const Parts& parts);

    // Opens the spool and reads what an earlier run left in it, in order: before start_writers().
    void read_spooled(const std::function<void(std::vector<store::Frame>)>& take);
    // The writers first, then the doors that feed them.
    void start_writers();
    void open_doors();
    // No more connections, goodbye to those there are, what is pending made durable.
    void close_doors(std::chrono::milliseconds limit);
    void stop_writers(std::chrono::milliseconds limit);

    struct MqttPorts {
        std::uint16_t plain{};  // 0: closed
        std::uint16_t tls{};
    };
    [[nodiscard]] MqttPorts mqtt_ports() const;

    [[nodiscard]] ingest::Inbox& inbox() { return inbox_; }
    [[nodiscard]] ingest::SessionBook& sessions() { return sessions_; }
    [[nodiscard]] store::FrameWriter& writer() { return writer_; }
    [[nodiscard]] const store::Spool& spool() const { return spool_; }
    [[nodiscard]] const store::Spool& session_spool() const { return session_spool_; }
    [[nodiscard]] const ingest::DoorThrottle& throttle() const { return throttle_; }
    [[nodiscard]] ingest::MqttDoor& mqtt_door() { return mqtt_door_; }
    [[nodiscard]] net::MqttServer& mqtt() { return mqtt_; }
    [[nodiscard]] net::HttpServer& http() { return http_; }

private:
    void durable(std::vector<store::Submission>& batch);

    const config::Settings& settings_;
    live::City& city_;
    store::Spool spool_;
    store::FrameWriter writer_;
    ingest::Inbox inbox_;
    store::Spool session_spool_;
    ingest::SessionBook sessions_;
    ingest::DoorThrottle throttle_;
    ingest::MqttDoor mqtt_door_;
    ingest::HttpDoor http_door_;
    net::MqttServer mqtt_;
    net::HttpServer http_;
};

}  // namespace vigie::app
