// HTTP/1.1 and WebSocket on sockets: listeners and connections, for any door.
//
// A connection lives on the io_context chosen when it was accepted and never moves; each io_context
// is run by exactly one thread. Handlers are coroutines on that thread and must not block it.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/limits.hpp"
#include "vigie/wire/http.hpp"

namespace boost::asio {
class io_context;
}

namespace vigie::net {

// One open WebSocket, for the program behind it. Thread-safe; calls after the end do nothing.
class WebSocket {
public:
    virtual ~WebSocket() = default;
    // Queues text messages.
    virtual void send(std::vector<std::string> texts) = 0;
    // Bytes queued and not yet given to the socket.
    [[nodiscard]] virtual std::size_t queued_bytes() const = 0;
    // Ends it with that code, without waiting for what is queued.
    virtual void close(std::uint16_t code, std::string reason) = 0;
    // Runs the function on the connection's thread.
    virtual void post(std::function<void()> task) = 0;
};

// What the program hears of it, on the connection's thread.
class WebSocketEvents {
public:
    virtual ~WebSocketEvents() = default;
    virtual void opened(std::shared_ptr<WebSocket> socket) = 0;
    virtual void received(std::string_view text) = 0;
    // Everything queued was given to the socket: what is sent now waits for nothing.
    virtual void written() {}
    virtual void closed() = 0;  // once, whatever ended it
};

struct UpgradeDecision {
    std::shared_ptr<WebSocketEvents> events;  // null: refused with `refusal`
    wire::Response refusal;
};

struct HttpHandlers {
    // Must not throw but at shutdown; an exception ends the connection.
    std::function<boost::asio::awaitable<wire::Response>(wire::Request)> request;
    // Empty: no WebSocket here (404 by `request`).
    std::function<boost::asio::awaitable<UpgradeDecision>(wire::Request)> upgrade{};
    // Of a request whose body is still on its way: an answer ends it, and the body is not waited
    // for. So whoever may not send it holds no memory with it. Empty: every body is read.
    std::function<std::optional<wire::Response>(const wire::Request& head)> head{};
};

struct HttpTls {
    std::string certificate_chain_file;  // PEM
    std::string private_key_file;        // PEM
};

struct HttpListener {
    std::string address{"127.0.0.1"};
    std::uint16_t port{0};  // 0: any free one
    std::string unix_path;  // not empty: a unix socket instead, readable by its owner only
    std::optional<HttpTls> tls;
};

struct HttpServerSettings {
    std::vector<HttpListener> listeners;
    std::size_t header_bytes_max{base::limits::http_header_bytes_max};
    std::size_t body_bytes_max{base::limits::http_body_bytes_max};
    // Of all requests that are being received or answered, together; beyond, the one whose bytes
    // are too many gets 503.
    std::size_t bodies_bytes_max{128UL * 1024 * 1024};
    std::size_t connections_max{20'000};
    std::size_t websocket_message_bytes_max{64 * 1024};
    std::chrono::seconds idle_limit{75};     // between requests
    std::chrono::seconds request_limit{30};  // to receive one, and to send its answer's next piece
    // Trust X-Forwarded-For and X-Forwarded-Proto: only behind a proxy that sets them.
    bool behind_proxy{false};
};

struct HttpCounters {
    std::atomic<std::uint64_t> connections{0};  // open now
    std::atomic<std::uint64_t> websockets{0};   // open now
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> malformed{0};
    std::atomic<std::uint64_t> bytes_out{0};
};

class HttpServer {
public:
    // `handlers` are called until stop() returned. Throws when a certificate cannot be read.
    HttpServer(std::span<boost::asio::io_context* const> contexts, HttpServerSettings settings,
               HttpHandlers handlers);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    // Binds and listens; throws boost::system::system_error when it cannot.
    void start();
    // The bound port of each listener (0 for unix sockets), in order. After start().
    [[nodiscard]] std::vector<std::uint16_t> ports() const;
    // Accepts no more, closes idle connections, tells WebSockets to go away (1001), and cuts what
    // remains after `limit`; then only a request whose handler is still busy may be left. Blocks;
    // must not be called on an io thread.
    void stop(std::chrono::milliseconds limit);
    [[nodiscard]] const HttpCounters& counters() const;

    struct Shared;  // what connections know

private:
    std::shared_ptr<Shared> shared_;
};

}  // namespace vigie::net
