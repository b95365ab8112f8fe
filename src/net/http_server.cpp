#include "vigie/net/http_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "net/certificate_files.hpp"
#include "net/http_shared.hpp"

namespace vigie::net {

namespace asio = boost::asio;

namespace {

constexpr auto as_pair = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds after_accept_error{
    100};  // no descriptors left: leave the others a chance
// Who is cut needs one turn of its thread to let go of what the program takes down next; one whose
// handler is still busy is not waited for.
constexpr std::chrono::seconds one_turn_max{1};

std::optional<unsigned> uid_of_peer(int descriptor) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return std::nullopt;
    return credentials.uid;
}

}  // namespace

// The acceptors hang on the server, not on the connections.
struct HttpServerAcceptors {
    std::vector<std::shared_ptr<asio::ip::tcp::acceptor>> tcp;
    std::vector<std::shared_ptr<asio::local::stream_protocol::acceptor>> local;
    std::vector<std::shared_ptr<asio::ssl::context>> tls;
    std::vector<asio::io_context*> contexts;
    std::vector<std::uint16_t> ports;
    std::size_t next{};
};

struct HttpServerShared : HttpServer::Shared {
    HttpServerAcceptors acceptors;
};

namespace {

HttpServerShared& extended(HttpServer::Shared& shared) {
    return static_cast<HttpServerShared&>(shared);
}

template <typename Socket>
void begin(const std::shared_ptr<HttpServer::Shared>& shared, Socket socket,
           asio::ssl::context* tls, Accepted accepted) {
    auto executor = socket.get_executor();
    PlainStream stream(std::move(socket));
    const auto forget = [](const std::exception_ptr&) {};
    if (tls != nullptr) {
        accepted.secure = true;
        asio::co_spawn(executor,
                       serve_http(shared, TlsStream(std::move(stream), *tls), std::move(accepted)),
                       forget);
    } else {
        asio::co_spawn(executor, serve_http(shared, std::move(stream), std::move(accepted)),
                       forget);
    }
}

template <typename Acceptor>
asio::awaitable<void> accept_all(std::shared_ptr<HttpServer::Shared> shared,
                                 std::shared_ptr<Acceptor> acceptor,
                                 std::shared_ptr<asio::ssl::context> tls) {
    using Socket = typename Acceptor::protocol_type::socket;
    while (!shared->stopping) {
        auto& acceptors = extended(*shared).acceptors;
        asio::io_context& context =
            *acceptors.contexts[acceptors.next++ % acceptors.contexts.size()];
        Socket socket(context);
        const auto [ec] = co_await acceptor->async_accept(socket, as_pair);
        if (ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor) co_return;
        if (ec) {
            asio::steady_timer pause(acceptor->get_executor(), after_accept_error);
            co_await pause.async_wait(as_pair);
            continue;
        }
        ++shared->counters.accepted;
        if (shared->counters.connections >= shared->settings.connections_max) continue;
        Accepted accepted;
        boost::system::error_code ignored;
        if constexpr (std::is_same_v<Socket, asio::ip::tcp::socket>) {
            socket.set_option(asio::ip::tcp::no_delay(true), ignored);
            accepted.peer = socket.remote_endpoint(ignored).address().to_string();
        } else {
            accepted.peer = "unix";
            accepted.peer_uid = uid_of_peer(socket.native_handle());
        }
        begin(shared, std::move(socket), tls.get(), std::move(accepted));
    }
}

std::shared_ptr<asio::ssl::context> tls_context(const HttpTls& tls) {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    context->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1 |
                         asio::ssl::context::single_dh_use);
    use_certificate(*context, tls.certificate_chain_file, tls.private_key_file);
    return context;
}

}  // namespace

HttpServer::HttpServer(std::span<asio::io_context* const> contexts, HttpServerSettings settings,
                       HttpHandlers handlers) {
    auto shared = std::make_shared<HttpServerShared>();
    shared->settings = std::move(settings);
    shared->handlers = std::move(handlers);
    shared->acceptors.contexts.assign(contexts.begin(), contexts.end());
    for (const auto& listener : shared->settings.listeners) {
        shared->acceptors.tls.push_back(listener.tls ? tls_context(*listener.tls) : nullptr);
    }
    shared_ = std::move(shared);
}

HttpServer::~HttpServer() = default;

void HttpServer::start() {
    auto& acceptors = extended(*shared_).acceptors;
    asio::io_context& context = *acceptors.contexts.front();
    for (std::size_t i = 0; i < shared_->settings.listeners.size(); ++i) {
        const auto& listener = shared_->settings.listeners[i];
        if (!listener.unix_path.empty()) {
            using Local = asio::local::stream_protocol;
            unlink(listener.unix_path.c_str());
            const mode_t before = umask(0177);  // from the first moment, nobody else may connect
            auto acceptor =
                std::make_shared<Local::acceptor>(context, Local::endpoint(listener.unix_path));
            umask(before);
            acceptors.local.push_back(acceptor);
            acceptors.ports.push_back(0);
            asio::co_spawn(context, accept_all(shared_, acceptor, acceptors.tls[i]),
                           asio::detached);
        } else {
            const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(listener.address),
                                                   listener.port);
            auto acceptor = std::make_shared<asio::ip::tcp::acceptor>(context, endpoint);
            acceptors.tcp.push_back(acceptor);
            acceptors.ports.push_back(acceptor->local_endpoint().port());
            asio::co_spawn(context, accept_all(shared_, acceptor, acceptors.tls[i]),
                           asio::detached);
        }
    }
}

std::vector<std::uint16_t> HttpServer::ports() const {
    return extended(*shared_).acceptors.ports;
}

void HttpServer::stop(std::chrono::milliseconds limit) {
    if (shared_->stopping.exchange(true)) return;
    auto& acceptors = extended(*shared_).acceptors;
    asio::post(*acceptors.contexts.front(), asio::use_future([shared = shared_] {
        boost::system::error_code ignored;
        for (auto& acceptor : extended(*shared).acceptors.tcp)
            acceptor->close(ignored);
        for (auto& acceptor : extended(*shared).acceptors.local)
            acceptor->close(ignored);
    })).wait();
    const auto tell = [this](bool at_once) {
        const std::lock_guard lock(shared_->mutex);
        for (Endable* connection : shared_->open)
            connection->end(at_once);
    };
    const auto none_within = [this](std::chrono::milliseconds time) {
        const auto until = std::chrono::steady_clock::now() + time;
        for (;;) {
            {
                const std::lock_guard lock(shared_->mutex);
                if (shared_->open.empty()) return true;
            }
            if (std::chrono::steady_clock::now() >= until) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    };
    tell(false);
    if (!none_within(limit)) {
        tell(true);
        none_within(one_turn_max);
    }
    for (const auto& listener : shared_->settings.listeners) {
        if (!listener.unix_path.empty()) unlink(listener.unix_path.c_str());
    }
}

const HttpCounters& HttpServer::counters() const {
    return shared_->counters;
}

}  // namespace vigie::net
