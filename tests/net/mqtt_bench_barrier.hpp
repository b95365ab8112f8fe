// Where coroutines wait until a test lets them go on. Thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace vigie::net {

class BenchBarrier {
public:
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    void open() {
        const std::lock_guard lock(mutex_);
        closed_ = false;
        for (const auto& one : std::exchange(waiting_, {}))
            boost::asio::post(one->get_executor(), [one] { one->cancel(); });
    }
    boost::asio::awaitable<void> pass() {
        const auto timer = std::make_shared<Timer>(co_await boost::asio::this_coro::executor,
                                                   Timer::time_point::max());
        if (!has_to_wait(timer)) co_return;
        boost::system::error_code opened;
        co_await timer->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, opened));
    }

private:
    using Timer = boost::asio::steady_timer;
    bool has_to_wait(const std::shared_ptr<Timer>& timer) {
        const std::lock_guard lock(mutex_);
        if (closed_) waiting_.push_back(timer);
        return closed_;
    }

    std::mutex mutex_;
    bool closed_{false};
    std::vector<std::shared_ptr<Timer>> waiting_;
};

}  // namespace vigie::net
