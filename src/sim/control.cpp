#include "sim/control.hpp"

#include <sys/stat.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <utility>

namespace vigie::sim {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;

namespace {

constexpr auto quiet_await = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void> converse(Local::socket peer, std::shared_ptr<const ControlAnswer> answer) {
    std::string bytes;
    for (;;) {
        const auto [read_error, size] = co_await asio::async_read_until(
            peer, asio::dynamic_buffer(bytes, control_line_bytes_max), '\n', quiet_await);
        if (read_error) co_return;
        const std::string reply = (*answer)(bytes.substr(0, size - 1)) + "\n";
        bytes.erase(0, size);
        const auto [write_error, _] =
            co_await asio::async_write(peer, asio::buffer(reply), quiet_await);
        if (write_error) co_return;
    }
}

// Whether somebody answers there.
bool is_alive(const Local::endpoint& endpoint) {
    asio::io_context io;
    Local::socket probe(io);
    boost::system::error_code refused;
    probe.connect(endpoint, refused);
    return !refused;
}

}  // namespace

ControlSocket::ControlSocket(const asio::any_io_executor& executor, std::filesystem::path path)
    : path_(std::move(path)), acceptor_(executor) {
    const Local::endpoint endpoint(path_.string());
    if (std::filesystem::is_socket(path_) && !is_alive(endpoint)) std::filesystem::remove(path_);
    acceptor_.open();
    const ::mode_t before = ::umask(0077);
    boost::system::error_code refused;
    acceptor_.bind(endpoint, refused);
    ::umask(before);
    if (refused) throw boost::system::system_error(refused, path_.string());
    acceptor_.listen();
}

ControlSocket::~ControlSocket() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

asio::awaitable<void> ControlSocket::serve(ControlAnswer answer) {
    const auto shared = std::make_shared<const ControlAnswer>(std::move(answer));
    for (;;) {
        auto [refused, peer] = co_await acceptor_.async_accept(quiet_await);
        if (refused == asio::error::operation_aborted) co_return;
        if (refused) continue;
        asio::co_spawn(acceptor_.get_executor(), converse(std::move(peer), shared), asio::detached);
    }
}

base::Result<std::string> ask_control(const std::filesystem::path& socket,
                                      const std::string& line) {
    asio::io_context io;
    Local::socket peer(io);
    boost::system::error_code failed;
    peer.connect(Local::endpoint(socket.string()), failed);
    std::string reply;
    if (!failed) asio::write(peer, asio::buffer(line + "\n"), failed);
    if (!failed)
        asio::read_until(peer, asio::dynamic_buffer(reply, control_line_bytes_max), '\n', failed);
    if (failed)
        return base::fail(base::Errc::unavailable,
                          "no simulator answers at " + socket.string() + ": " + failed.message(),
                          "aucun simulateur ne répond à " + socket.string());
    return reply.substr(0, reply.find('\n'));
}

}  // namespace vigie::sim
