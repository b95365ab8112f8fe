// The network between the server and a PostgreSQL on another machine: a TCP port of the loopback
// that leads to a unix socket, and may lose everything for a while without telling anybody.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace vigie::e2e {

class Network {
public:
    explicit Network(std::string socket_path);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    // Neither byte nor end passes any more, either way, and nobody is told: no RST, no FIN. Who
    // connects finds nobody.
    void lose_everything();
    // What was sent meanwhile arrives, in order, as TCP sends again what it did not hear of; also
    // from who gave up, and then its end.
    void find_it_again();
    // How often the server connected, from the first on.
    [[nodiscard]] std::size_t connections() const { return connections_; }

private:
    using Near = boost::asio::ip::tcp::socket;
    using Far = boost::asio::local::stream_protocol::socket;
    struct Line {
        Near near;
        Far far;
    };

    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> connect(Near near);
    template <typename From, typename To>
    boost::asio::awaitable<void> pass(std::shared_ptr<Line> line, From& from, To& to);
    boost::asio::awaitable<void> while_lost();

    std::string socket_path_;
    boost::asio::io_context io_{1};
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer found_;
    std::uint16_t port_{};
    bool lost_{};
    std::atomic<std::size_t> connections_{0};
    std::thread thread_;
};

}  // namespace vigie::e2e
