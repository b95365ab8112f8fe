#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>

#include "net/http_shared.hpp"

namespace vigie::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

namespace {

constexpr auto in_silence = asio::as_tuple(asio::use_awaitable);

template <typename Stream>
class WebSocketSession final : public WebSocket,
                               public Endable,
                               public std::enable_shared_from_this<WebSocketSession<Stream>> {
public:
    WebSocketSession(std::shared_ptr<HttpServer::Shared> shared, Stream stream)
        : shared_(std::move(shared)), executor_(stream.get_executor()), socket_(std::move(stream)) {
        shared_->add(this);
        ++shared_->counters.websockets;
    }
    ~WebSocketSession() override {
        shared_->remove(this);
        --shared_->counters.websockets;
    }
    WebSocketSession(const WebSocketSession&) = delete;
    WebSocketSession& operator=(const WebSocketSession&) = delete;

    void send(std::shared_ptr<const std::string> text) override {
        queued_bytes_ += text->size();
        // At once where it is said on the connection's own thread, as nearly everything is.
        asio::dispatch(executor_,
                       [self = this->shared_from_this(), text = std::move(text)]() mutable {
                           self->enqueue(std::move(text));
                       });
    }

    [[nodiscard]] std::size_t queued_bytes() const override { return queued_bytes_; }

    void close(std::uint16_t code, std::string reason) override {
        asio::post(executor_, [self = this->shared_from_this(), code, reason = std::move(reason)] {
            asio::co_spawn(self->executor_, say_goodbye(self, code, reason), asio::detached);
        });
    }

    void post(std::function<void()> task) override { asio::post(executor_, std::move(task)); }

    // Called with the registry locked; the session may be in its destructor's waiting room.
    void end(bool at_once) override {
        auto self = this->weak_from_this().lock();
        if (!self) return;
        asio::post(executor_, [self, at_once] {
            if (at_once) {
                self->cut();
            } else {
                asio::co_spawn(self->executor_,
                               say_goodbye(self, websocket::close_code::going_away, "server stops"),
                               asio::detached);
            }
        });
    }

    static asio::awaitable<void> run(std::shared_ptr<WebSocketSession> self, wire::Request request,
                                     std::shared_ptr<WebSocketEvents> events) {
        beast::http::request<beast::http::empty_body> upgrade;
        upgrade.method(beast::http::verb::get);
        upgrade.target(request.target);
        upgrade.version(11);
        for (const auto& [name, value] : request.headers)
            upgrade.insert(name, value);
        self->socket_.set_option(
            websocket::stream_base::timeout::suggested(beast::role_type::server));
        self->socket_.read_message_max(self->shared_->settings.websocket_message_bytes_max);
        self->socket_.text(true);
        // A message as one frame and one write: in pieces of 4 kB a snapshot would be dozens.
        self->socket_.auto_fragment(false);
        const auto [accept_error] = co_await self->socket_.async_accept(upgrade, in_silence);
        if (accept_error) co_return;
        self->is_open_ = true;
        self->events_ = events;
        events->opened(self);
        beast::flat_buffer buffer;
        for (;;) {
            const auto [ec, size] = co_await self->socket_.async_read(buffer, in_silence);
            if (ec) break;
            const auto bytes = buffer.cdata();
            events->received({static_cast<const char*>(bytes.data()), bytes.size()});
            buffer.clear();
        }
        self->is_open_ = false;
        self->queue_.clear();
        self->events_.reset();  // or the two would keep each other
        events->closed();
    }

private:
    void enqueue(std::shared_ptr<const std::string> text) {
        if (!is_open_ || closing_) return;
        queue_.push_back(std::move(text));
        if (!in_flight_) write_next();
    }

    // No coroutine: this is the server's busiest path, and a frame for each message costs more than
    // the message.
    void write_next() {
        in_flight_ = std::move(queue_.front());
        queue_.pop_front();
        socket_.async_write(
            asio::buffer(*in_flight_),
            [self = this->shared_from_this()](boost::system::error_code failed, std::size_t size) {
                self->written(failed.failed(), size);
            });
    }

    void written(bool failed, std::size_t size) {
        queued_bytes_ -= in_flight_->size();
        shared_->counters.bytes_out += size;
        in_flight_.reset();
        if (!is_open_) return;
        if (queue_.empty()) {
            events_->written();
        } else if (!failed) {
            write_next();
        }
    }

    // A peer that does not answer the close is cut by the stream's own handshake timeout.
    static asio::awaitable<void> say_goodbye(std::shared_ptr<WebSocketSession> self,
                                             std::uint16_t code, std::string reason) {
        if (!self->is_open_ || self->closing_) co_return;
        self->closing_ = true;
        self->queue_.clear();
        if (self->in_flight_) {  // two writes at once are not allowed, and its reader may never
                                 // come back
            self->cut();
            co_return;
        }
        (void)co_await self->socket_.async_close(
            websocket::close_reason(static_cast<websocket::close_code>(code), reason), in_silence);
    }

    void cut() {
        boost::system::error_code ignored;
        beast::get_lowest_layer(socket_).close(ignored);
    }

    std::shared_ptr<HttpServer::Shared> shared_;
    asio::any_io_executor executor_;
    websocket::stream<Stream> socket_;
    std::deque<std::shared_ptr<const std::string>> queue_;
    std::shared_ptr<const std::string> in_flight_;  // being written
    std::atomic<std::size_t> queued_bytes_{0};
    std::shared_ptr<WebSocketEvents> events_;  // set once open
    bool is_open_{};
    bool closing_{};
};

}  // namespace

asio::awaitable<void> serve_websocket(std::shared_ptr<HttpServer::Shared> shared,
                                      PlainStream stream, wire::Request request,
                                      std::shared_ptr<WebSocketEvents> events) {
    auto session =
        std::make_shared<WebSocketSession<PlainStream>>(std::move(shared), std::move(stream));
    co_await WebSocketSession<PlainStream>::run(session, std::move(request), std::move(events));
}

asio::awaitable<void> serve_websocket(std::shared_ptr<HttpServer::Shared> shared, TlsStream stream,
                                      wire::Request request,
                                      std::shared_ptr<WebSocketEvents> events) {
    auto session =
        std::make_shared<WebSocketSession<TlsStream>>(std::move(shared), std::move(stream));
    co_await WebSocketSession<TlsStream>::run(session, std::move(request), std::move(events));
}

}  // namespace vigie::net
