// One device at the device door, as the tests of this folder play it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "vigie/net/mqtt_client.hpp"

namespace vigie::app {

inline std::string base64(std::string_view text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 3) {
        unsigned bits = 0;
        for (std::size_t k = 0; k < 3; ++k)
            bits = bits << 8U | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0);
        for (unsigned k = 0; k < 4; ++k)
            out += i + k > text.size() ? '=' : digits[bits >> (18 - 6 * k) & 63U];
    }
    return out;
}

// One connected device, and what became of it.
struct Device {
    explicit Device(boost::asio::io_context& io) : client(io.get_executor()) {
        client.on_closed([this](std::optional<wire::mqtt::Reason> by_server) {
            closed = true;
            reason = by_server;
        });
    }
    net::MqttClient client;
    std::size_t acknowledged{};
    std::size_t refused{};
    bool closed{};
    std::optional<wire::mqtt::Reason> reason;
};

}  // namespace vigie::app
