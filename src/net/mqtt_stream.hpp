// A TCP connection, in TLS or not, behind one face; and how a failed coroutine is told.
#pragma once

#include <spdlog/spdlog.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "net/mqtt_gate.hpp"

namespace vigie::net {

class MqttStream {
public:
    using Socket = boost::asio::ip::tcp::socket;
    using Tls = boost::asio::ssl::stream<Socket>;

    explicit MqttStream(Socket socket) : plain_(std::move(socket)) {}
    MqttStream(Socket socket, boost::asio::ssl::context& context)
        : plain_(socket.get_executor()), tls_(std::make_unique<Tls>(std::move(socket), context)) {}

    [[nodiscard]] Socket& socket() { return tls_ ? tls_->next_layer() : plain_; }
    // Null without TLS.
    [[nodiscard]] Tls* tls() { return tls_.get(); }

    // One read and one write at a time.
    template <typename Token>
    auto async_read_some(boost::asio::mutable_buffer buffer, Token&& token) {
        return tls_ ? tls_->async_read_some(buffer, std::forward<Token>(token))
                    : plain_.async_read_some(buffer, std::forward<Token>(token));
    }
    template <typename Token>
    auto async_write_some(boost::asio::const_buffer buffer, Token&& token) {
        return tls_ ? tls_->async_write_some(buffer, std::forward<Token>(token))
                    : plain_.async_write_some(buffer, std::forward<Token>(token));
    }
    // Its place among the connections; null where nobody counts them (a client).
    std::unique_ptr<MqttGate::Pass> pass;

    // What still waits ends with an error.
    void close() {
        boost::system::error_code ignored;
        socket().close(ignored);
    }

private:
    Socket plain_;
    std::unique_ptr<Tls> tls_;
};

// Finds out by itself when the peer is gone without a word: a device without current or network
// that asked for no keep-alive of MQTT. What is written and not acknowledged ends it as soon.
void watch_peer(MqttStream::Socket& socket);

// The completion handler of every coroutine that nobody waits for.
struct MqttTellFailure {
    const char* what;
    void operator()(const std::exception_ptr& failure) const {
        if (!failure) return;
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            spdlog::error("mqtt: {} ended by {}", what, error.what());
        }
    }
};

}  // namespace vigie::net
