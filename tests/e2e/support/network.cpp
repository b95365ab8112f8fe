#include "tests/e2e/support/network.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

namespace vigie::e2e {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {
constexpr auto answered = asio::as_tuple(asio::use_awaitable);
const tcp::endpoint any_port{asio::ip::address_v4::loopback(), 0};
}  // namespace

Network::Network(std::string socket_path)
    : socket_path_(std::move(socket_path)),
      acceptor_(io_, any_port),
      found_(io_, asio::steady_timer::time_point::max()),
      port_(acceptor_.local_endpoint().port()) {
    asio::co_spawn(io_, accept(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
}

Network::~Network() {
    io_.stop();
    thread_.join();
}

// Both are done when they return: from then on nothing passes, or everything does.
void Network::lose_everything() {
    asio::post(io_, asio::use_future([this] { lost_ = true; })).get();
}

void Network::find_it_again() {
    asio::post(io_, asio::use_future([this] {
                   lost_ = false;
                   found_.cancel();
               }))
        .get();
}

asio::awaitable<void> Network::while_lost() {
    while (lost_)
        (void)co_await found_.async_wait(answered);
}

asio::awaitable<void> Network::accept() {
    for (;;) {
        auto [failed, near] = co_await acceptor_.async_accept(answered);
        if (failed) co_return;
        ++connections_;
        asio::co_spawn(io_, connect(std::move(near)), asio::detached);
    }
}

asio::awaitable<void> Network::connect(Near near) {
    co_await while_lost();
    auto line = std::make_shared<Line>(Line{.near = std::move(near), .far = Far(io_)});
    const auto [refused] = co_await line->far.async_connect(
        asio::local::stream_protocol::endpoint(socket_path_), answered);
    if (refused) co_return;
    asio::co_spawn(io_, pass(line, line->near, line->far), asio::detached);
    asio::co_spawn(io_, pass(line, line->far, line->near), asio::detached);
}

// The coroutine holds both ends of its line.
template <typename From, typename To>
asio::awaitable<void> Network::pass([[maybe_unused]] std::shared_ptr<Line> line, From& from,
                                    To& to) {
    boost::system::error_code ignored;
    std::array<char, 16'384> bytes{};
    for (;;) {
        const auto [ended, count] = co_await from.async_read_some(asio::buffer(bytes), answered);
        co_await while_lost();
        if (ended) break;
        const auto [refused, written] =
            co_await asio::async_write(to, asio::buffer(bytes.data(), count), answered);
        if (refused) break;
    }
    to.shutdown(asio::socket_base::shutdown_send, ignored);
}

}  // namespace vigie::e2e
