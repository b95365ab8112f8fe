// What listeners and connections of one HttpServer share. No Beast in here: it is seen by several
// sources.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <set>

#include "vigie/net/http_server.hpp"

namespace vigie::net {

using PlainStream = boost::asio::generic::stream_protocol::socket;
using TlsStream = boost::asio::ssl::stream<PlainStream>;

// Something that can be told to end, from any thread.
class Endable {
public:
    virtual ~Endable() = default;
    virtual void end(bool at_once) = 0;
};

struct HttpServer::Shared {
    HttpServerSettings settings;
    HttpHandlers handlers;
    HttpCounters counters;
    std::atomic<bool> stopping{false};
    std::atomic<std::size_t> bodies_bytes{0};
    std::mutex mutex;
    std::set<Endable*> open;  // guarded by mutex

    void add(Endable* connection) {
        const std::lock_guard lock(mutex);
        open.insert(connection);
    }
    void remove(Endable* connection) {
        const std::lock_guard lock(mutex);
        open.erase(connection);
    }
};

// Closes a socket when its time is over. Lives and is used on the socket's thread.
class Deadline {
public:
    explicit Deadline(PlainStream& socket) : socket_(socket), timer_(socket.get_executor()) {}
    void expires_after(std::chrono::seconds limit) {
        timer_.expires_after(limit);
        // A handler may already be queued when the timer is moved or this is gone: it looks again
        // before it acts.
        timer_.async_wait([this, weak = std::weak_ptr<bool>(alive_)](boost::system::error_code ec) {
            if (ec || weak.expired()) return;
            if (timer_.expiry() <= std::chrono::steady_clock::now()) close();
        });
    }
    void cancel() { timer_.expires_at(std::chrono::steady_clock::time_point::max()); }
    void close() {
        boost::system::error_code ignored;
        socket_.shutdown(boost::asio::socket_base::shutdown_both, ignored);
        socket_.close(ignored);
    }

private:
    PlainStream& socket_;
    boost::asio::steady_timer timer_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// What one request's body takes of the room for all.
class BodyShare {
public:
    explicit BodyShare(HttpServer::Shared& shared) : shared_(shared) {}
    ~BodyShare() { shared_.bodies_bytes -= bytes_; }
    BodyShare(const BodyShare&) = delete;
    BodyShare& operator=(const BodyShare&) = delete;
    // False: there is no room for that many.
    [[nodiscard]] bool grow_to(std::size_t bytes) {
        shared_.bodies_bytes += bytes - bytes_;
        bytes_ = bytes;
        return shared_.bodies_bytes <= shared_.settings.bodies_bytes_max;
    }

private:
    HttpServer::Shared& shared_;
    std::size_t bytes_{0};
};

struct Accepted {
    std::string peer;
    std::optional<unsigned> peer_uid;
    bool secure{};
};

// Serves one connection to its end. Instantiated for both streams in http_session.cpp.
boost::asio::awaitable<void> serve_http(std::shared_ptr<HttpServer::Shared> shared,
                                        PlainStream stream, Accepted accepted);
boost::asio::awaitable<void> serve_http(std::shared_ptr<HttpServer::Shared> shared,
                                        TlsStream stream, Accepted accepted);

// Takes a connection over after its upgrade request. Instantiated for both streams in
// websocket_session.cpp.
boost::asio::awaitable<void> serve_websocket(std::shared_ptr<HttpServer::Shared> shared,
                                             PlainStream stream, wire::Request request,
                                             std::shared_ptr<WebSocketEvents> events);
boost::asio::awaitable<void> serve_websocket(std::shared_ptr<HttpServer::Shared> shared,
                                             TlsStream stream, wire::Request request,
                                             std::shared_ptr<WebSocketEvents> events);

}  // namespace vigie::net
