#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <chrono>

#include "net/http_shared.hpp"
#include "net/websocket_output.hpp"

namespace vigie::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

// The stream beneath Beast's WebSocket: it reads from the socket and writes into the row.
template <typename Next>
class RowStream {
public:
    using executor_type = typename Next::executor_type;
    using next_layer_type = Next;
    using Add = std::function<void(std::string bytes, WebSocketOutput::Done done)>;

    explicit RowStream(Next next) : next_(std::move(next)) {}
    executor_type get_executor() { return next_.get_executor(); }
    Next& next_layer() { return next_; }
    [[nodiscard]] const Next& next_layer() const { return next_; }
    // Before anything is written.
    void write_by(Add add) { add_ = std::move(add); }

    template <typename Buffers, typename Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return next_.async_read_some(buffers, std::forward<Token>(token));
    }
    template <typename Buffers, typename Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        const auto initiate = [this](auto handler, std::string bytes) {
            const auto size = bytes.size();
            auto shared = std::make_shared<decltype(handler)>(std::move(handler));
            add_(std::move(bytes),
                 [shared, size, own = get_executor()](boost::system::error_code failure) {
                     const auto executor = asio::get_associated_executor(*shared, own);
                     // Posted: while the row tells, it still counts as being written.
                     asio::post(executor, [shared, size, failure] {
                         std::move (*shared)(failure, failure ? 0 : size);
                     });
                 });
        };
        return asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            initiate, token, beast::buffers_to_string(buffers));
    }

private:
    Next next_;
    Add add_;
};

// Found by Beast when it ends a connection.
template <typename Next>
void teardown(beast::role_type role, RowStream<Next>& stream, boost::system::error_code& failure) {
    using websocket::teardown;
    teardown(role, stream.next_layer(), failure);
}
template <typename Next, typename Handler>
void async_teardown(beast::role_type role, RowStream<Next>& stream, Handler&& handler) {
    using websocket::async_teardown;
    async_teardown(role, stream.next_layer(), std::forward<Handler>(handler));
}

namespace {

constexpr auto in_silence = asio::as_tuple(asio::use_awaitable);
// Until then whatever a peer sends is read and thrown away that was told to go and does not answer.
constexpr std::chrono::seconds goodbye_max{10};

template <typename Stream>
class WebSocketSession final : public WebSocket,
                               public Endable,
                               public std::enable_shared_from_this<WebSocketSession<Stream>> {
public:
    WebSocketSession(std::shared_ptr<HttpServer::Shared> shared, Stream stream)
        : shared_(std::move(shared)), executor_(stream.get_executor()), socket_(std::move(stream)) {
        socket_.next_layer().write_by([this](const std::string& bytes, WebSocketOutput::Done done) {
            add_raw(bytes, std::move(done));
        });
        shared_->add(this);
        ++shared_->counters.websockets;
    }
    ~WebSocketSession() override {
        shared_->remove(this);
        --shared_->counters.websockets;
    }
    WebSocketSession(const WebSocketSession&) = delete;
    WebSocketSession& operator=(const WebSocketSession&) = delete;

    void send(std::vector<std::string> texts) override {
        for (const auto& text : texts)
            queued_bytes_ += text.size();
        if (on_own_thread()) {
            enqueue(texts);
        } else {
            asio::post(executor_, [self = this->shared_from_this(), texts = std::move(texts)] {
                self->enqueue(texts);
            });
        }
    }

    [[nodiscard]] std::size_t queued_bytes() const override { return queued_bytes_; }

    void close(std::uint16_t code, std::string reason) override {
        asio::post(executor_, [self = this->shared_from_this(), code, reason = std::move(reason)] {
            asio::co_spawn(self->executor_, say_goodbye(self, code, reason), asio::detached);
        });
    }

    void post(std::function<void()> task) override { asio::post(executor_, std::move(task)); }

    // Called with the registry locked, which the destructor locks as well: nothing here may become
    // the last to hold the session.
    void end(bool at_once) override {
        asio::post(executor_, [weak = this->weak_from_this(), at_once] {
            const auto self = weak.lock();
            if (!self) return;
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
        auto timeout = websocket::stream_base::timeout::suggested(beast::role_type::server);
        timeout.handshake_timeout = goodbye_max;
        self->socket_.set_option(timeout);
        self->socket_.read_message_max(self->shared_->settings.websocket_message_bytes_max);
        self->socket_.text(true);
        // A message as one frame and one write: in pieces of 4 kB a snapshot would be dozens.
        self->socket_.auto_fragment(false);
        if (self->shared_->stopping) co_return;
        const auto [accept_error] = co_await self->socket_.async_accept(upgrade, in_silence);
        if (accept_error) co_return;
        // Told to end before it was open, it has not heard it.
        if (self->shared_->stopping) {
            self->is_open_ = true;
            co_await say_goodbye(self, websocket::close_code::going_away, "server stops");
            co_return;
        }
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
        // Nobody is left to time a peer that went and does not take what is being written.
        if (self->output_.is_writing()) self->cut();
        self->events_.reset();  // or the two would keep each other
        events->closed();
    }

private:
    [[nodiscard]] bool on_own_thread() const {
        const auto* io = executor_.target<asio::io_context::executor_type>();
        return io != nullptr && io->running_in_this_thread();
    }

    void enqueue(const std::vector<std::string>& texts) {
        // Nothing follows a close, neither ours nor the answer to the peer's.
        const bool over = !is_open_ || closing_ || !socket_.is_open();
        for (const auto& text : texts) {
            if (over) {
                queued_bytes_ -= text.size();
            } else {
                output_.add_text(text);
            }
        }
        if (!output_.is_empty() && !output_.is_writing()) write_next();
    }

    void add_raw(const std::string& bytes, WebSocketOutput::Done done) {
        output_.add_raw(bytes, std::move(done));
        if (!output_.is_writing()) write_next();
    }

    // No coroutine: this is the server's busiest path, and a frame of one for each message costs
    // more than the message.
    void write_next() {
        const auto bytes = output_.begin();
        asio::async_write(
            socket_.next_layer().next_layer(), asio::buffer(bytes.data(), bytes.size()),
            [self = this->shared_from_this()](boost::system::error_code failure, std::size_t) {
                self->written(failure);
            });
    }

    void written(boost::system::error_code failure) {
        const auto text_bytes = output_.done(failure);
        queued_bytes_ -= text_bytes;
        if (!failure) shared_->counters.bytes_out += text_bytes;
        if (!output_.is_empty()) {
            write_next();
        } else if (events_) {  // none if told to end before it was open
            events_->written();
        }
    }

    // A peer that does not answer the close is cut by the stream's own handshake timeout.
    static asio::awaitable<void> say_goodbye(std::shared_ptr<WebSocketSession> self,
                                             std::uint16_t code, std::string reason) {
        if (!self->is_open_ || self->closing_) co_return;
        self->closing_ = true;
        if (self->output_.is_writing()) {  // two writes at once are not allowed, and its reader may
                                           // never come back
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
    websocket::stream<RowStream<Stream>> socket_;
    WebSocketOutput output_;
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
