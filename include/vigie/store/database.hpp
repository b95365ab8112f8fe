// PostgreSQL, as the rest of Vigie sees it: a pool of connections, transactions, named queries.
//
// Two channels: an answer to expect is a Result; a database that is away throws Unavailable, which
// the doors turn into 503. A Result that holds an error rolls its transaction back.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "vigie/base/result.hpp"
#include "vigie/store/errors.hpp"
#include "vigie/store/transaction.hpp"

namespace vigie::store {

enum class Mode { read, write };

// How often what is to end is cut: a statement may begin just then.
inline constexpr std::chrono::milliseconds cut_every{50};

// `threads` connections and as many threads that block on them. Connections that break are made
// anew for the next transaction. Thread-safe.
class Pool {
public:
    Pool(std::string connection_string, std::size_t threads);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Runs `work(Transaction&)` in a transaction on one of the pool's threads and resumes the
    // caller where it was.
    template <typename F>
    boost::asio::awaitable<std::invoke_result_t<F, Transaction&>> write(F work) {
        return on_pool(Mode::write, std::move(work));
    }
    template <typename F>
    boost::asio::awaitable<std::invoke_result_t<F, Transaction&>> read(F work) {
        return on_pool(Mode::read, std::move(work));
    }
    // The same, blocking the calling thread: start-up, background loops, the CLI, tests.
    template <typename F>
    std::invoke_result_t<F, Transaction&> write_now(F work) {
        return now(Mode::write, work);
    }
    template <typename F>
    std::invoke_result_t<F, Transaction&> read_now(F work) {
        return now(Mode::read, work);
    }

    // While this answers true nobody waits for the database: whatever is begun throws Unavailable
    // at once. For one that stands still, whose connections break only when somebody cuts them.
    // Set before other threads use the pool; called by any of them.
    void away_while(std::function<bool()> away);

    // Breaks the connections whose statement has waited for longer: whoever waits hears
    // Unavailable. For a database that stands still; a slow answer of one that is well is nobody's
    // business. Answers how many.
    std::size_t cut_silent(std::chrono::milliseconds older_than);

    // The end: what is under way on its threads is cut until they are idle; what waits for one, and
    // whatever is begun from now on, throws Unavailable. Nobody's work runs afterwards, so that
    // what it uses may go.
    void stop();

private:
    // Runs the function in a transaction; commits when it answers true. Throws Unavailable,
    // Refused, or what it threw.
    void in_transaction(Mode mode, const std::function<bool(Transaction&)>& work);
    void enqueue(std::function<void()> task);
    void throw_while_away() const;

    template <typename R>
    static bool wants_commit(const R& answer) {
        if constexpr (requires { answer.ok(); }) return answer.ok();
        return true;
    }

    template <typename F>
    std::invoke_result_t<F, Transaction&> now(Mode mode, F& work) {
        using R = std::invoke_result_t<F, Transaction&>;
        if constexpr (std::is_void_v<R>) {
            in_transaction(mode, [&](Transaction& tx) {
                work(tx);
                return true;
            });
        } else {
            std::optional<R> answer;
            in_transaction(mode, [&](Transaction& tx) {
                answer.emplace(work(tx));
                return wants_commit(*answer);
            });
            return std::move(*answer);
        }
    }

    template <typename F>
    boost::asio::awaitable<std::invoke_result_t<F, Transaction&>> on_pool(Mode mode, F work) {
        using R = std::invoke_result_t<F, Transaction&>;
        using Answer = std::conditional_t<std::is_void_v<R>, bool, std::optional<R>>;
        throw_while_away();  // and wait for no thread either
        struct State {
            F work;
            Answer answer{};
        };
        auto state = std::make_shared<State>(State{std::move(work)});
        // Copies of the token's handler and of `state` are owned by the queued task: nothing refers
        // to this frame.
        auto initiate = [this, mode, state](auto handler) {
            auto shared = std::make_shared<decltype(handler)>(std::move(handler));
            enqueue([this, mode, state, shared] {
                std::exception_ptr failure;
                try {
                    if constexpr (std::is_void_v<R>) {
                        now(mode, state->work);
                    } else {
                        state->answer.emplace(now(mode, state->work));
                    }
                } catch (...) {
                    failure = std::current_exception();
                }
                auto executor = boost::asio::get_associated_executor(*shared);
                boost::asio::post(executor, [shared, failure]() mutable { (*shared)(failure); });
            });
        };
        co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                             void(std::exception_ptr)>(initiate,
                                                                       boost::asio::use_awaitable);
        if constexpr (!std::is_void_v<R>) co_return std::move(*state->answer);
    }

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vigie::store
