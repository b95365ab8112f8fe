// A device: one MQTT client of ours, driven by the thread that calls.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/support/installation.hpp"
#include "vigie/net/mqtt_client.hpp"

namespace vigie::e2e {

// Runs `work` to its end; rethrows what it throws.
template <typename T>
T run_to_end(boost::asio::io_context& io, boost::asio::awaitable<T> work) {
    std::optional<T> result;
    std::exception_ptr failure;
    bool over = false;
    boost::asio::co_spawn(
        io,
        [](boost::asio::awaitable<T> inner, std::optional<T>& out) -> boost::asio::awaitable<void> {
            out.emplace(co_await std::move(inner));
        }(std::move(work), result),
        [&](std::exception_ptr thrown) {
            failure = std::move(thrown);
            over = true;
        });
    io.restart();
    while (!over)
        io.run_one();
    if (failure) std::rethrow_exception(failure);
    return std::move(*result);
}

class Device {
public:
    // Connects; throws std::runtime_error when it is refused.
    Device(std::uint16_t port, const Secrets& secrets, wire::mqtt::Version version,
           const std::string& client_id);

    struct Message {
        std::string topic;
        std::string payload;
    };
    net::MqttAcknowledgement publish(const Message& message,
                                     wire::mqtt::Qos qos = wire::mqtt::Qos::at_least_once);
    // All of them, as fast as the server takes them; those that were not acknowledged as good.
    std::vector<net::MqttAcknowledgement> publish_all(const std::vector<Message>& messages);

    [[nodiscard]] static std::string topic_of(const std::string& asset) {
        return "vigie/v1/" + asset + "/observations";
    }

private:
    boost::asio::io_context io_{1};
    std::unique_ptr<net::MqttClient> client_;
};

}  // namespace vigie::e2e
