// The rows of the session book that the database does not have yet: which, in the order in which
// they changed, and who waits for them.
#pragma once

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <iterator>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace vigie::ingest {

// A coroutine that waits for a write: its timer ends when its time is over or the write is done.
// An executor has one thread, so that nothing is posted between asking and waiting.
struct Waiter {
    explicit Waiter(const boost::asio::any_io_executor& executor) : timer(executor) {}
    boost::asio::steady_timer timer;
};
using Waiters = std::vector<std::shared_ptr<Waiter>>;

inline void let_go_on(const Waiters& waiters) {
    for (const auto& one : waiters)
        boost::asio::post(one->timer.get_executor(), [one] { one->timer.cancel(); });
}

inline boost::asio::awaitable<void> wait_for_row(std::shared_ptr<Waiter> waiter,
                                                 std::chrono::milliseconds patience) {
    boost::system::error_code cancelled;
    waiter->timer.expires_after(patience);
    co_await waiter->timer.async_wait(
        boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
}

class SessionChanges {
public:
    [[nodiscard]] bool empty() const { return order_.empty(); }
    [[nodiscard]] std::size_t size() const { return order_.size(); }
    [[nodiscard]] bool contains(const std::string& key) const { return waiters_.contains(key); }
    [[nodiscard]] const std::string& first() const { return order_.front(); }

    // Null: nobody waits.
    void add(const std::string& key, std::shared_ptr<Waiter> waiter) {
        const auto [place, is_new] = waiters_.try_emplace(key);
        if (is_new) order_.push_back(key);
        if (waiter) place->second.push_back(std::move(waiter));
    }
    // What was taken and could not be written comes first again.
    void put_back(const std::string& key) {
        if (waiters_.try_emplace(key).second) order_.push_front(key);
    }
    // The first is no change any more; who waited for it is appended.
    std::string take_first(Waiters& waiting) {
        std::string key = std::move(order_.front());
        order_.pop_front();
        const auto place = waiters_.find(key);
        std::ranges::move(place->second, std::back_inserter(waiting));
        waiters_.erase(place);
        return key;
    }
    // Nobody waits any longer.
    void take_waiters(Waiters& waiting) {
        for (auto& [key, those] : waiters_)
            std::ranges::move(std::exchange(those, {}), std::back_inserter(waiting));
    }

private:
    std::deque<std::string> order_;
    std::unordered_map<std::string, Waiters> waiters_;
};

}  // namespace vigie::ingest
