// Waits until a submission is durable, or for the end of patience.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace vigie::ingest {

class DurableWait {
public:
    DurableWait(boost::asio::any_io_executor executor, std::chrono::milliseconds patience)
        : state_(std::make_shared<State>(std::move(executor))) {
        state_->timer.expires_after(patience);
    }
    // For Submission::durable. May be called before the wait begins: what it posts runs only once
    // the coroutine waits.
    [[nodiscard]] std::function<void()> told() const {
        return [state = state_] {
            boost::asio::post(state->timer.get_executor(), [state] {
                state->durable = true;
                state->timer.cancel();
            });
        };
    }
    // Whether it is durable.
    [[nodiscard]] boost::asio::awaitable<bool> wait() const {
        const auto state = state_;
        co_await state->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        co_return state->durable;
    }

private:
    struct State {
        explicit State(boost::asio::any_io_executor executor) : timer(std::move(executor)) {}
        boost::asio::steady_timer timer;
        bool durable{};
    };
    std::shared_ptr<State> state_;
};

}  // namespace vigie::ingest
