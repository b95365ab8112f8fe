#include "vigie/live/stream_upgrade.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "vigie/live/stream_session.hpp"

namespace vigie::live {

namespace {

namespace asio = boost::asio;

// Every so many heartbeats the asker is looked at again.
constexpr int heartbeats_between_admissions = 6;

class StreamConnection final : public net::WebSocketEvents,
                               public StreamSocket,
                               public std::enable_shared_from_this<StreamConnection> {
public:
    StreamConnection(wire::Request request, access::Principal principal, api::Router& router,
                     Stream& stream, const base::Clock& clock, asio::any_io_executor executor)
        : request_(std::move(request)),
          principal_(std::move(principal)),
          router_(router),
          stream_(stream),
          clock_(clock),
          executor_(std::move(executor)),
          timer_(executor_) {}

    void opened(std::shared_ptr<net::WebSocket> socket) override {
        socket_ = std::move(socket);
        const bool french = wire::language_of(request_.headers.get("Accept-Language")) == "fr";
        session_ = StreamSession::make(stream_, principal_, french, clock_, *this, executor_);
        session_->start();
        asio::co_spawn(executor_, beat(shared_from_this()), [](std::exception_ptr) {});
    }
    void received(std::string_view text) override { session_->received(text); }
    void written() override { session_->written(); }
    void closed() override {
        timer_.cancel();
        session_->gone();
        socket_.reset();
    }

    void write(std::vector<std::string> texts) override {
        if (socket_) socket_->send(std::move(texts));
    }
    void close(unsigned code, std::string_view reason) override {
        timer_.cancel();
        if (socket_) socket_->close(static_cast<std::uint16_t>(code), std::string(reason));
    }

private:
    static asio::awaitable<void> beat(std::shared_ptr<StreamConnection> self) {
        for (int count = 1; self->session_->open(); ++count) {
            self->timer_.expires_after(std::chrono::seconds(StreamSession::heartbeat_s));
            const auto [cancelled] =
                co_await self->timer_.async_wait(asio::as_tuple(asio::use_awaitable));
            if (cancelled) co_return;
            if (count % heartbeats_between_admissions == 0) {
                const auto asker = co_await self->router_.admit(self->request_, api::signed_in());
                if (!asker && asker.error().code != base::Errc::unavailable) {
                    self->session_->close(stream_close::session_over, "signed out");
                }
            }
            self->session_->heartbeat();
        }
    }

    wire::Request request_;
    access::Principal principal_;
    api::Router& router_;
    Stream& stream_;
    const base::Clock& clock_;
    asio::any_io_executor executor_;
    asio::steady_timer timer_;
    std::shared_ptr<net::WebSocket> socket_;
    std::shared_ptr<StreamSession> session_;
};

}  // namespace

asio::awaitable<net::UpgradeDecision> upgrade_to_stream(wire::Request request, api::Router& router,
                                                        Stream& stream, const base::Clock& clock) {
    auto principal = co_await router.admit(request, api::signed_in());
    if (!principal) {
        const bool french = wire::language_of(request.headers.get("Accept-Language")) == "fr";
        co_return net::UpgradeDecision{nullptr, api::problem(principal.error(), french)};
    }
    auto executor = co_await asio::this_coro::executor;
    co_return net::UpgradeDecision{
        std::make_shared<StreamConnection>(std::move(request), *std::move(principal), router,
                                           stream, clock, std::move(executor)),
        {}};
}

}  // namespace vigie::live
