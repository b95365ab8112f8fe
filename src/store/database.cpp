#include "vigie/store/database.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "store/pg_transaction.hpp"
#include "store/under_way.hpp"
#include "vigie/base/again.hpp"

namespace vigie::store {

namespace {

void append_quoted(std::string& out, const std::string& text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

template <typename T, typename Append>
std::string array_literal(const std::vector<T>& values, Append append) {
    std::string out = "{";
    for (const auto& value : values) {
        if (out.size() > 1) out += ',';
        append(out, value);
    }
    return out + "}";
}

std::string double_text(double value) {
    std::array<char, 32> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return error == std::errc{} ? std::string(buffer.data(), end) : "NaN";
}

}  // namespace

Param to_param(double value) {
    return double_text(value);
}

Param to_param(base::Instant instant) {
    return base::to_rfc3339(instant);
}

Param to_param(const std::vector<std::string>& values) {
    return array_literal(values, append_quoted);
}

Param to_param(const std::vector<std::int64_t>& values) {
    return array_literal(
        values, [](std::string& out, std::int64_t value) { out += std::to_string(value); });
}

Param to_param(const std::vector<double>& values) {
    return array_literal(values, [](std::string& out, double value) {
        out += std::isnan(value) ? std::string("NULL") : double_text(value);
    });
}

namespace {

// A transaction that only reads was begun so by ourselves: who writes in it is at fault, not the
// database.
bool means_away(const std::string& sqlstate, bool writes) {
    if (!writes && sqlstate == state_only_reads) return false;
    return state_means_away(sqlstate);
}

}  // namespace

struct Pool::Impl {
    std::string url;
    UnderWay under_way;
    std::function<bool()> away;
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::function<void()>> tasks;
    std::vector<std::unique_ptr<PoolConnection>> idle;
    std::vector<std::jthread> threads;
    bool stopping = false;
    std::atomic<bool> ended{false};

    void work() {
        for (;;) {
            std::function<void()> task;
            {
                std::unique_lock lock(mutex);
                wake.wait(lock, [this] { return stopping || !tasks.empty(); });
                if (tasks.empty()) return;
                task = std::move(tasks.front());
                tasks.pop_front();
            }
            task();
        }
    }

    void end_threads() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        wake.notify_all();
        threads.clear();
    }

    std::unique_ptr<PoolConnection> take() {
        {
            const std::lock_guard lock(mutex);
            if (!idle.empty()) {
                auto connection = std::move(idle.back());
                idle.pop_back();
                return connection;
            }
        }
        return std::make_unique<PoolConnection>(url, under_way);
    }

    void give_back(std::unique_ptr<PoolConnection> connection) {
        const std::lock_guard lock(mutex);
        idle.push_back(std::move(connection));
    }

    void forget_idle() {
        const std::lock_guard lock(mutex);
        idle.clear();
    }
};

Pool::Pool(std::string connection_string, std::size_t threads) : impl_(std::make_unique<Impl>()) {
    impl_->url = std::move(connection_string);
    for (std::size_t i = 0; i < threads; ++i)
        impl_->threads.emplace_back([this] { impl_->work(); });
}

Pool::~Pool() {
    impl_->end_threads();
}

void Pool::stop() {
    impl_->ended = true;
    const base::Again cutter({}, cut_every, [this] { cut_silent({}); });
    impl_->end_threads();
}

void Pool::away_while(std::function<bool()> away) {
    impl_->away = std::move(away);
}

void Pool::throw_while_away() const {
    if (impl_->ended) throw Unavailable("the server stops");
    if (impl_->away && impl_->away()) throw Unavailable("the database does not answer");
}

std::size_t Pool::cut_silent(std::chrono::milliseconds older_than) {
    return impl_->under_way.cut(older_than);
}

void Pool::enqueue(std::function<void()> task) {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->tasks.push_back(std::move(task));
    }
    impl_->wake.notify_one();
}

void Pool::in_transaction(Mode mode, const std::function<bool(Transaction&)>& work) {
    throw_while_away();
    auto connection = impl_->take();
    PgTransaction transaction(connection, mode, [this] {
        impl_->forget_idle();
        throw_while_away();
        return std::make_unique<PoolConnection>(impl_->url, impl_->under_way);
    });
    const auto give_back = [&] {
        if (transaction.is_usable()) impl_->give_back(std::move(connection));
    };
    bool commits = false;
    try {
        commits = work(transaction);
        if (commits) {
            transaction.commit();
        } else {
            transaction.roll_back();
        }
        give_back();
    } catch (const Unavailable&) {
        impl_->forget_idle();
        throw;
    } catch (const Refused& error) {
        if (means_away(error.sqlstate, mode == Mode::write)) {
            impl_->forget_idle();
            throw Unavailable(error.what());
        }
        transaction.roll_back();
        give_back();
        throw;
    } catch (...) {
        transaction.roll_back();
        give_back();
        throw;
    }
    if (commits) transaction.run_actions();
}

}  // namespace vigie::store
