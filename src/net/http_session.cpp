#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "net/http_shared.hpp"
#include "vigie/base/text.hpp"

namespace vigie::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
// Enough to begin with, little for a connection that is idle.
constexpr std::size_t first_bytes_max = 512;
constexpr std::chrono::seconds linger_limit{5};

const beast::error_code no_room =
    boost::system::errc::make_error_code(boost::system::errc::no_buffer_space);

PlainStream& lowest(PlainStream& stream) {
    return stream;
}
PlainStream& lowest(TlsStream& stream) {
    return stream.next_layer();
}

std::string_view view_of(beast::string_view text) {
    return {text.data(), text.size()};
}

bool wants_websocket(const wire::Request& request) {
    if (request.method != "GET") return false;
    const std::string_view upgrade = request.headers.get("Upgrade");
    return upgrade.size() == 9 && (upgrade.starts_with('w') || upgrade.starts_with('W')) &&
           request.headers.has("Sec-WebSocket-Key");
}

// A refusal that no handler made: the bytes were not HTTP, or too many.
wire::Response bare_problem(unsigned status, std::string title) {
    wire::Response response;
    response.status = status;
    response.headers.add("Content-Type", "application/problem+json");
    response.body = R"({"type":"about:blank","title":")" + title + R"(","status":)" +
                    std::to_string(status) + "}";
    return response;
}

wire::Response refusal_of(beast::error_code ec) {
    if (ec == http::error::body_limit) return bare_problem(413, "the body is too large");
    if (ec == http::error::header_limit) return bare_problem(431, "the header is too large");
    return bare_problem(400, "this is not HTTP/1.1");
}

template <typename Stream>
class HttpSession final : public Endable {
public:
    HttpSession(std::shared_ptr<HttpServer::Shared> shared, Stream stream, Accepted accepted)
        : shared_(std::move(shared)),
          stream_(std::move(stream)),
          accepted_(std::move(accepted)),
          executor_(stream_.get_executor()),
          deadline_(lowest(stream_)) {
        shared_->add(this);
        ++shared_->counters.connections;
    }
    ~HttpSession() override {
        shared_->remove(this);
        --shared_->counters.connections;
    }
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;

    // Called with the registry locked: the session is alive, its thread may be busy.
    void end(bool at_once) override {
        asio::post(executor_, [weak = std::weak_ptr<bool>(alive_), this, at_once] {
            if (weak.expired()) return;
            if (at_once || idle_) deadline_.close();
        });
    }

    asio::awaitable<void> serve() {
        if constexpr (std::is_same_v<Stream, TlsStream>) {
            deadline_.expires_after(shared_->settings.request_limit);
            const auto [ec] =
                co_await stream_.async_handshake(asio::ssl::stream_base::server, quietly);
            if (ec) co_return;
        }
        while (!shared_->stopping && co_await serve_one()) {
        }
        deadline_.cancel();
        if (!upgraded_) deadline_.close();
    }

private:
    using Parser = http::request_parser<http::string_body>;

    // False: the connection is over, or was taken over.
    asio::awaitable<bool> serve_one() {
        Parser parser;
        parser.header_limit(static_cast<std::uint32_t>(shared_->settings.header_bytes_max));
        parser.body_limit(shared_->settings.body_bytes_max);
        // Whoever has not said what it wants keeps no stop waiting.
        idle_ = buffer_.size() == 0;
        auto ec = co_await first_bytes();
        // A request that began has its time, however slowly its head comes.
        deadline_.expires_after(shared_->settings.request_limit);
        if (!ec)
            std::tie(ec, std::ignore) =
                co_await http::async_read_header(stream_, buffer_, parser, quietly);
        idle_ = false;
        if (!ec && shared_->handlers.head && !has_come(parser)) {
            if (const auto refusal = refusal_by_head(parser)) {
                ++shared_->counters.requests;
                co_await write(*refusal, false, parser.get().method() == http::verb::head);
                co_await linger();
                co_return false;
            }
        }
        BodyShare share(*shared_);
        if (!ec) ec = co_await read_body(parser, share);
        if (ec) {
            co_await answer_garbage(ec);
            co_await linger();
            co_return false;
        }
        ++shared_->counters.requests;
        const bool keep_alive = parser.get().keep_alive();
        const bool head = parser.get().method() == http::verb::head;
        wire::Request request;
        if (!take(parser.get(), request)) {
            ++shared_->counters.malformed;
            co_await write(bare_problem(400, "the request target is not valid"), false, false);
            co_return false;
        }
        deadline_.cancel();
        if (wants_websocket(request) && shared_->handlers.upgrade)
            co_return co_await upgrade(std::move(request));
        const auto response = co_await shared_->handlers.request(std::move(request));
        co_return co_await write(response, keep_alive && !shared_->stopping, head);
    }

    // Of the next request, unless they came with the last one.
    asio::awaitable<beast::error_code> first_bytes() {
        if (buffer_.size() > 0) co_return beast::error_code{};
        deadline_.expires_after(shared_->settings.idle_limit);
        const auto [ec, size] =
            co_await stream_.async_read_some(buffer_.prepare(first_bytes_max), quietly);
        buffer_.commit(size);
        co_return ec == asio::error::eof ? http::error::end_of_stream : ec;
    }

    // The body, with the head.
    [[nodiscard]] bool has_come(const Parser& parser) const {
        const auto length = parser.content_length();
        return parser.is_done() || (length && *length <= buffer_.size());
    }

    std::optional<wire::Response> refusal_by_head(Parser& parser) const {
        wire::Request head;
        if (!take(parser.get(), head)) return std::nullopt;  // said once the body is there
        return shared_->handlers.head(head);
    }

    asio::awaitable<beast::error_code> read_body(Parser& parser, BodyShare& share) {
        deadline_.expires_after(shared_->settings.request_limit);
        if (parser.get()[http::field::expect] == "100-continue" && !parser.is_done()) {
            http::response<http::empty_body> go_on{http::status::continue_, 11};
            const auto [ec, size] = co_await http::async_write(stream_, go_on, quietly);
            if (ec) co_return ec;
        }
        // Large uploads may take long as a whole, but each piece has its limit.
        while (!parser.is_done()) {
            const auto [ec, size] =
                co_await http::async_read_some(stream_, buffer_, parser, quietly);
            if (ec) co_return ec;
            if (!share.grow_to(parser.get().body().size())) co_return no_room;
            deadline_.expires_after(shared_->settings.request_limit);
        }
        co_return beast::error_code{};
    }

    // Whoever closes while the peer still sends may take the answer back from it (RFC 9112, 9.6).
    asio::awaitable<void> linger() {
        if constexpr (!std::is_same_v<Stream, TlsStream>) {
            beast::error_code ignored;
            stream_.shutdown(asio::socket_base::shutdown_send, ignored);
        }
        deadline_.expires_after(linger_limit);
        beast::error_code ec;
        while (!ec) {
            buffer_.clear();
            std::tie(ec, std::ignore) =
                co_await stream_.async_read_some(buffer_.prepare(first_bytes_max), quietly);
        }
    }

    asio::awaitable<void> answer_garbage(beast::error_code ec) {
        if (ec == no_room) {
            auto later = bare_problem(503, "too many large requests at once: send it again");
            later.headers.add("Retry-After", "5");
            co_await write(later, false, false);
            co_return;
        }
        const bool is_http_error =
            ec.category() == http::make_error_code(http::error::bad_target).category();
        if (!is_http_error || ec == http::error::end_of_stream ||
            ec == http::error::partial_message)
            co_return;
        ++shared_->counters.malformed;
        co_await write(refusal_of(ec), false, false);
    }

    bool take(http::request<http::string_body>& message, wire::Request& request) const {
        request.method = message.method() == http::verb::head
                             ? "GET"
                             : std::string(view_of(message.method_string()));
        request.target = std::string(view_of(message.target()));
        for (const auto& field : message) {
            request.headers.add(std::string(view_of(field.name_string())),
                                std::string(view_of(field.value())));
        }
        request.body = std::move(message.body());
        request.peer = accepted_.peer;
        request.peer_uid = accepted_.peer_uid;
        request.secure = accepted_.secure;
        if (shared_->settings.behind_proxy) believe_proxy(request);
        return wire::parse_target(request.target, request);
    }

    // The last address in the list is the one our own proxy saw.
    static void believe_proxy(wire::Request& request) {
        const auto forwarded = base::split(request.headers.last("X-Forwarded-For"), ',');
        if (const auto last = base::trimmed(forwarded.back()); !last.empty())
            request.peer = std::string(last);
        request.secure = request.headers.last("X-Forwarded-Proto") == "https";
    }

    asio::awaitable<bool> upgrade(wire::Request request) {
        auto decision = co_await shared_->handlers.upgrade(request);
        if (!decision.events) {
            co_await write(decision.refusal, false, false);
            co_return false;
        }
        if (shared_->stopping) {
            co_await write(bare_problem(503, "the server stops"), false, false);
            co_return false;
        }
        upgraded_ = true;
        deadline_.cancel();
        asio::co_spawn(executor_,
                       serve_websocket(shared_, std::move(stream_), std::move(request),
                                       std::move(decision.events)),
                       [](const std::exception_ptr&) {});
        co_return false;
    }

    asio::awaitable<bool> write(const wire::Response& response, bool keep_alive, bool head) {
        const std::string& body = response.shared_body ? *response.shared_body : response.body;
        http::response<http::span_body<const char>> message;
        message.result(response.status);
        message.version(11);
        for (const auto& [name, value] : response.headers)
            message.insert(name, value);
        const bool bodiless = response.status == 204 || response.status == 304;
        if (!bodiless) message.content_length(body.size());
        message.keep_alive(keep_alive);
        if (!head && !bodiless) message.body() = beast::span<const char>(body.data(), body.size());
        http::response_serializer<http::span_body<const char>> serializer(message);
        while (!serializer.is_done()) {
            deadline_.expires_after(shared_->settings.request_limit);
            const auto [ec, size] = co_await http::async_write_some(stream_, serializer, quietly);
            if (ec) co_return false;
            shared_->counters.bytes_out += size;
        }
        co_return keep_alive;
    }

    std::shared_ptr<HttpServer::Shared> shared_;
    Stream stream_;
    Accepted accepted_;
    asio::any_io_executor executor_;
    Deadline deadline_;
    beast::flat_buffer buffer_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    bool idle_{true};
    bool upgraded_{};
};

template <typename Stream>
asio::awaitable<void> serve_any(std::shared_ptr<HttpServer::Shared> shared, Stream stream,
                                Accepted accepted) {
    HttpSession<Stream> session(std::move(shared), std::move(stream), std::move(accepted));
    co_await session.serve();
}

}  // namespace

asio::awaitable<void> serve_http(std::shared_ptr<HttpServer::Shared> shared, PlainStream stream,
                                 Accepted accepted) {
    return serve_any(std::move(shared), std::move(stream), std::move(accepted));
}

asio::awaitable<void> serve_http(std::shared_ptr<HttpServer::Shared> shared, TlsStream stream,
                                 Accepted accepted) {
    return serve_any(std::move(shared), std::move(stream), std::move(accepted));
}

}  // namespace vigie::net
