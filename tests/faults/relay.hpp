// Between devices and the server: passes bytes on, until the way is cut or falls silent.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <list>
#include <memory>

namespace vigie::faults {

class Relay {
public:
    Relay(boost::asio::io_context& io, std::uint16_t server_port);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    // Both may be called on any thread.
    // Of what each device sends next, half arrives; then both ends are reset. A device that sends
    // nothing more is reset as well, a moment later.
    void cut();
    // Nothing passes any more, either way, and nobody is told.
    void fall_silent();

private:
    using Socket = boost::asio::ip::tcp::socket;
    struct Line {
        Socket device;
        Socket server;
    };
    enum class State : std::uint8_t { passing, cutting, silent };

    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> pass(std::shared_ptr<Line> line, Socket& from, Socket& to);
    boost::asio::awaitable<void> reset_idle();
    static void reset(Line& line);

    boost::asio::io_context& io_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::uint16_t server_port_;
    State state_{State::passing};
    std::list<std::shared_ptr<Line>> lines_;
};

}  // namespace vigie::faults
