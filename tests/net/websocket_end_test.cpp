// What tells all connections to end holds the lock that a connection's destructor takes: whatever
// the two threads do meanwhile, the one that tells must not be the one that destroys.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <future>
#include <iostream>
#include <thread>

#include "net/http_shared.hpp"

namespace vigie::net {
namespace {

namespace asio = boost::asio;

// Hands tasks to the context; `handed_over` runs on the thread that gave one, after it.
struct Handover {
    asio::io_context* context;
    const std::function<void()>* handed_over;

    asio::execution_context& query(asio::execution::context_t) const noexcept { return *context; }
    Handover require(asio::execution::blocking_t::never_t) const { return *this; }
    template <typename F>
    void execute(F task) const {
        asio::post(*context, std::move(task));
        (*handed_over)();
    }
    friend bool operator==(const Handover& a, const Handover& b) noexcept {
        return a.context == b.context;
    }
    friend bool operator!=(const Handover& a, const Handover& b) noexcept { return !(a == b); }
};

class Opening final : public WebSocketEvents {
public:
    void opened(std::shared_ptr<WebSocket> socket) override { opened_.set_value(socket); }
    void received(std::string_view) override {}
    void closed() override {}
    std::weak_ptr<WebSocket> wait() { return opened_.get_future().get(); }

private:
    std::promise<std::weak_ptr<WebSocket>> opened_;
};

wire::Request upgrade() {
    wire::Request request;
    request.method = "GET";
    request.target = "/ws";
    request.headers.add("Host", "x");
    request.headers.add("Upgrade", "websocket");
    request.headers.add("Connection", "Upgrade");
    request.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    request.headers.add("Sec-WebSocket-Version", "13");
    return request;
}

class WebSocketEnd : public testing::Test {
protected:
    WebSocketEnd() {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0);
        thread_ = std::jthread([this] { context_.run(); });
    }
    ~WebSocketEnd() override {
        context_.stop();
        thread_.join();
        ::close(ends_[1]);
    }

    std::weak_ptr<WebSocket> open() {
        const auto events = std::make_shared<Opening>();
        PlainStream stream(Handover{&context_, &handed_over_},
                           asio::generic::stream_protocol(AF_UNIX, 0), ends_[0]);
        asio::co_spawn(context_, serve_websocket(shared_, std::move(stream), upgrade(), events),
                       asio::detached);
        return events->wait();
    }

    void tell_all(bool at_once) {
        const std::lock_guard lock(shared_->mutex);
        for (Endable* connection : shared_->open)
            connection->end(at_once);
    }

    int ends_[2]{};
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_ =
        asio::make_work_guard(context_);
    std::atomic<std::thread::id> telling_{};
    std::weak_ptr<WebSocket> session_;
    // Who tells is held up until nobody else holds the session.
    const std::function<void()> handed_over_ = [this] {
        if (std::this_thread::get_id() != telling_.load()) return;
        while (session_.use_count() > 1)
            std::this_thread::yield();
    };
    std::shared_ptr<HttpServer::Shared> shared_ = std::make_shared<HttpServer::Shared>();
    std::jthread thread_;
};

TEST_F(WebSocketEnd, IsNotDestroyedByWhoeverTellsIt) {
    session_ = open();
    auto told = std::async(std::launch::async, [this] {
        telling_ = std::this_thread::get_id();
        tell_all(true);
    });
    if (told.wait_for(std::chrono::seconds{20}) != std::future_status::ready) {
        ADD_FAILURE() << "it waits for a lock that it holds itself";
        std::cout.flush();
        std::_Exit(EXIT_FAILURE);  // nothing could end that thread
    }
    while (!session_.expired())
        std::this_thread::yield();
}

}  // namespace
}  // namespace vigie::net
