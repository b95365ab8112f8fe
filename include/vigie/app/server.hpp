// The whole server: what vigied runs, and what tests run in their own process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "vigie/base/time.hpp"
#include "vigie/config/settings.hpp"

namespace vigie::app {

struct Ports {
    std::uint16_t mqtt{};      // without TLS; 0: closed
    std::uint16_t mqtt_tls{};  // 0: closed
    std::uint16_t device_http{};
    std::uint16_t control{};
    std::uint16_t open{};
    std::uint16_t metrics{};
    std::string admin_socket;
};

class Server {
public:
    // Reads kinds and console from their files (before privileges are dropped); throws
    // std::runtime_error with what is wrong in them.
    Server(config::Settings settings, const base::Clock& clock);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Database, modules, pipeline, doors, in this order; returns when it serves. Throws with a
    // sentence for city IT.
    void start();
    [[nodiscard]] Ports ports() const;
    // In reverse, each step with its limit; what was acknowledged is durable, what is not durable
    // was never acknowledged.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vigie::app
