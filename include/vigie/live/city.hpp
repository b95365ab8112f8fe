// The thread that owns the live city.
//
// Writers hand over frames once they are committed, routes ask, watchers judge: one queue, taken in
// order. Without start() nothing runs by itself, and a test steps it by hand.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "vigie/assets/catalogue.hpp"
#include "vigie/base/time.hpp"
#include "vigie/live/city_state.hpp"
#include "vigie/store/database.hpp"

namespace vigie::live {

class City {
public:
    static constexpr std::size_t frames_waiting_max = 262'144;

    // Follows the registry from now on. All three outlive the city, and nothing is published in the
    // registry once the city is gone.
    City(assets::Registry& registry, Stream& stream, const base::Clock& clock,
         std::size_t frames_max = frames_waiting_max);
    ~City();
    City(const City&) = delete;
    City& operator=(const City&) = delete;

    // The state itself: on the city thread, or before start(); what it says of itself as for any
    // thread, also elsewhere.
    [[nodiscard]] CityState& state() { return state_; }

    void start();
    // Takes what was handed over so far, then ends the thread. Later posts are refused.
    void stop();
    // By hand: takes everything that waits, then what is due by the clock.
    void step();

    // Frames that are durable now. Blocks while too many wait (back-pressure on the writers);
    // false: the city stopped. Any thread but the city's.
    [[nodiscard]] bool observed(std::vector<store::Frame> frames);
    // The same without waiting. False: too many wait, or the city stopped; nothing was taken.
    [[nodiscard]] bool try_observed(std::vector<store::Frame>& frames);
    // Runs `work` on the city thread. False: it stopped. Any thread, also the city's own.
    bool post(std::function<void(CityState&)> work);
    // The same, answered: resumes the caller where it was. Throws store::Unavailable when stopped.
    template <typename F>
    boost::asio::awaitable<std::invoke_result_t<F, CityState&>> ask(F question);

    [[nodiscard]] std::size_t frames_waiting() const;

private:
    using Frames = std::vector<store::Frame>;
    using Work = std::function<void(CityState&)>;
    using Entry = std::variant<Frames, Work>;

    void run();
    void take_all();
    void take(Entry& entry);
    bool enqueue(std::unique_lock<std::mutex>& lock, Entry entry, std::size_t frames);

    const base::Clock& clock_;
    const std::size_t frames_max_;
    CityState state_;
    mutable std::mutex mutex_;
    std::condition_variable work_came_;
    std::condition_variable space_came_;
    std::deque<Entry> queue_;
    std::size_t frames_waiting_{};
    bool stopping_{};
    std::thread thread_;
};

template <typename F>
boost::asio::awaitable<std::invoke_result_t<F, CityState&>> City::ask(F question) {
    using R = std::invoke_result_t<F, CityState&>;
    using Kept = std::conditional_t<std::is_void_v<R>, bool, std::optional<R>>;
    struct Asked {
        F question;
        Kept answer{};
    };
    auto asked = std::make_shared<Asked>(Asked{std::move(question)});
    auto initiate = [this, asked](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        const auto finish = [shared](std::exception_ptr failure) {
            auto executor = boost::asio::get_associated_executor(*shared);
            boost::asio::post(executor, [shared, failure]() mutable { (*shared)(failure); });
        };
        const bool taken = post([asked, finish](CityState& state) {
            std::exception_ptr failure;
            try {
                if constexpr (std::is_void_v<R>) {
                    asked->question(state);
                } else {
                    asked->answer.emplace(asked->question(state));
                }
            } catch (...) {
                failure = std::current_exception();
            }
            finish(failure);
        });
        if (!taken) {
            finish(std::make_exception_ptr(store::Unavailable("the live city is stopping")));
        }
    };
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                         void(std::exception_ptr)>(initiate,
                                                                   boost::asio::use_awaitable);
    if constexpr (!std::is_void_v<R>) co_return std::move(*asked->answer);
}

}  // namespace vigie::live
