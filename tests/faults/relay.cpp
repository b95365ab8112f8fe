#include "tests/faults/relay.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace vigie::faults {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::chrono::milliseconds idle_until_reset{200};
constexpr auto answered = asio::as_tuple(asio::use_awaitable);
const tcp::endpoint any_port{asio::ip::address_v4::loopback(), 0};

}  // namespace

Relay::Relay(asio::io_context& io, std::uint16_t server_port)
    : io_(io), acceptor_(io, any_port), server_port_(server_port) {
    asio::co_spawn(io_, accept(), asio::detached);
}

Relay::~Relay() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (const auto& line : lines_)
        reset(*line);
    // What still waits on those sockets ends here, while they exist.
    io_.restart();
    io_.poll();
}

void Relay::cut() {
    asio::post(io_, [this] {
        state_ = State::cutting;
        asio::co_spawn(io_, reset_idle(), asio::detached);
    });
}

void Relay::fall_silent() {
    asio::post(io_, [this] { state_ = State::silent; });
}

asio::awaitable<void> Relay::accept() {
    for (;;) {
        auto [failed, device] = co_await acceptor_.async_accept(answered);
        if (failed) co_return;
        auto line = std::make_shared<Line>(Line{std::move(device), Socket(io_)});
        const tcp::endpoint server{asio::ip::address_v4::loopback(), server_port_};
        const auto [refused] = co_await line->server.async_connect(server, answered);
        if (refused) continue;
        lines_.push_back(line);
        asio::co_spawn(io_, pass(line, line->device, line->server), asio::detached);
        asio::co_spawn(io_, pass(line, line->server, line->device), asio::detached);
    }
}

asio::awaitable<void> Relay::pass(std::shared_ptr<Line> line, Socket& from, Socket& to) {
    std::array<char, 16'384> bytes{};
    for (;;) {
        const auto [ended, count] = co_await from.async_read_some(asio::buffer(bytes), answered);
        if (state_ == State::silent) co_return;
        if (ended) break;
        const bool last = state_ == State::cutting && &from == &line->device;
        const std::size_t passed = last ? (count + 1) / 2 : count;
        const auto [refused, written] =
            co_await asio::async_write(to, asio::buffer(bytes.data(), passed), answered);
        if (refused || last) break;
    }
    reset(*line);
}

asio::awaitable<void> Relay::reset_idle() {
    asio::steady_timer timer(io_, idle_until_reset);
    co_await timer.async_wait(answered);
    for (const auto& line : lines_)
        reset(*line);
}

void Relay::reset(Line& line) {
    boost::system::error_code ignored;
    for (Socket* socket : {&line.device, &line.server}) {
        if (!socket->is_open()) continue;
        socket->set_option(asio::socket_base::linger(true, 0), ignored);
        socket->close(ignored);
    }
}

}  // namespace vigie::faults
