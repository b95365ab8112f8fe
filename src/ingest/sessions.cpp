#include "vigie/ingest/sessions.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ingest/session_changes.hpp"
#include "ingest/session_store.hpp"

namespace vigie::ingest {

namespace asio = boost::asio;

namespace {

// How long a session that was erased is remembered, so that an older change that comes late does
// not bring it back.
constexpr std::chrono::minutes erased_for{1};

// "65535":[1795000000000000,"18446744073709551615"],
constexpr std::size_t remembered_bytes = 50;

std::string session_key(const std::string& owner, const std::string& client_id) {
    return owner + '\0' + client_id;  // neither holds U+0000
}

bool same_row(const net::MqttStoredSession& a, const net::MqttStoredSession& b) {
    const bool same_will = a.will == b.will || (a.will && b.will && *a.will == *b.will);
    return a.expiry_s == b.expiry_s && a.expires_at == b.expires_at &&
           a.subscriptions == b.subscriptions && same_will && a.will_due_at == b.will_due_at &&
           a.remembered == b.remembered;
}

// As the database is given it, or little more.
std::size_t bytes_of(const net::MqttStoredSession& row) {
    std::size_t bytes = 2 * (row.owner.size() + row.client_id.size());
    for (const auto& one : row.subscriptions)
        bytes += one.filter.size() + 8;
    bytes += row.remembered.size() * remembered_bytes;
    if (row.will) {
        const std::size_t in_hexadecimal = row.will->payload.size() + row.will->properties.size();
        bytes += row.will->topic.size() + 2 * in_hexadecimal;
    }
    return bytes;
}

void let_go_on(const Waiters& waiters) {
    for (const auto& one : waiters)
        asio::post(one->timer.get_executor(), [one] { one->timer.cancel(); });
}

}  // namespace

class SessionBook::Impl {
public:
    Impl(store::Pool& pool, const base::Clock& clock, Limits limits)
        : pool_(pool), clock_(clock), limits_(limits) {}

    void start() {
        auto found = pool_.write_now(
            [this](store::Transaction& tx) { return take_up_sessions(tx, clock_.now()); });
        {
            const std::lock_guard lock(mutex_);
            for (auto& row : found) {
                auto key = session_key(row.owner, row.client_id);
                last_revision_ = std::max(last_revision_, row.revision);
                put(entries_[std::move(key)], std::move(row));
            }
        }
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }

    void stop() {
        thread_ = {};
        if (const std::size_t left = unwritten(); left != 0)
            spdlog::error("mqtt: {} sessions were not written before the end", left);
    }

    std::optional<net::MqttStoredSession> find(const std::string& owner,
                                               const std::string& client_id) const {
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(session_key(owner, client_id));
        if (found == entries_.end() || found->second.erased_at) return std::nullopt;
        return found->second.row;
    }

    std::size_t kept_beside(const std::string& owner, const std::string& client_id) const {
        const std::lock_guard lock(mutex_);
        const auto all = kept_.find(owner);
        if (all == kept_.end()) return 0;
        const auto own = entries_.find(session_key(owner, client_id));
        return all->second - (own != entries_.end() && is_kept(own->second) ? 1 : 0);
    }

    // A row that was put back has a revision of its own; its will is still the one of that time.
    static bool holds(const net::MqttStoredSession& row, std::uint64_t revision,
                      std::optional<base::Instant> due_at) {
        return row.will && (row.revision <= revision || (due_at && row.will_due_at == due_at));
    }

    bool holds_will(const std::string& owner, const std::string& client_id, std::uint64_t revision,
                    std::optional<base::Instant> due_at) const {
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(session_key(owner, client_id));
        return found != entries_.end() && holds(found->second.row, revision, due_at);
    }

    std::vector<net::MqttStoredSession> with_wills() const {
        std::vector<net::MqttStoredSession> found;
        const std::lock_guard lock(mutex_);
        for (const auto& [key, entry] : entries_)
            if (entry.row.will) found.push_back(entry.row);
        return found;
    }

    void forget_will(const std::string& owner, const std::string& client_id, std::uint64_t revision,
                     std::optional<base::Instant> due_at) {
        auto key = session_key(owner, client_id);
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(key);
        if (found == entries_.end() || !holds(found->second.row, revision, due_at)) return;
        auto& row = found->second.row;
        row.will.reset();
        row.will_due_at.reset();
        const bool over = row.expires_at && *row.expires_at <= clock_.now();
        if (over || row.expiry_s == 0) mark_erased(key, found->second);
        changed_.add(key, nullptr);
        work_.notify_one();
    }

    // Whether there is something to wait for.
    bool save(net::MqttStoredSession row, const std::shared_ptr<Waiter>& waiter) {
        auto key = session_key(row.owner, row.client_id);
        const std::lock_guard lock(mutex_);
        auto found = entries_.find(key);
        if (found == entries_.end()) {
            if (entries_.size() >= limits_.rows_max) drop_erased();
            if (entries_.size() >= limits_.rows_max) return tell_full();
            found = entries_.try_emplace(key).first;
        } else {
            Entry& known = found->second;
            if (row.revision < known.row.revision) return false;
            if (!known.erased_at && same_row(known.row, row)) {
                known.row.revision = row.revision;
                known.row.will = std::move(row.will);  // one copy of it, not two
                return is_under_way(key) && change(key, waiter);
            }
        }
        last_revision_ = std::max(last_revision_, row.revision);
        put(found->second, std::move(row));
        return change(key, waiter);
    }

    bool erase(const std::string& owner, const std::string& client_id, std::uint64_t revision,
               const std::shared_ptr<Waiter>& waiter) {
        auto key = session_key(owner, client_id);
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(key);
        if (found == entries_.end() || revision < found->second.row.revision) return false;
        if (found->second.erased_at) return is_under_way(key) && change(key, waiter);
        mark_erased(key, found->second);
        found->second.row.revision = revision;
        last_revision_ = std::max(last_revision_, revision);
        return change(key, waiter);
    }

    std::size_t purge() {
        const base::Instant now = clock_.now();
        const std::size_t removed = pool_.write_now(
            [now](store::Transaction& tx) { return delete_expired_sessions(tx, now); });
        const base::SteadyInstant forgotten = clock_.steady() - erased_for;
        const std::lock_guard lock(mutex_);
        std::erase_if(entries_, [&](const auto& one) {
            if (is_under_way(one.first)) return false;
            const Entry& entry = one.second;
            if (entry.erased_at) return *entry.erased_at < forgotten;
            const bool over =
                !entry.row.will && entry.row.expires_at && *entry.row.expires_at <= now;
            if (over) count_out(entry);
            return over;
        });
        return removed;
    }

    std::uint64_t last_revision() const {
        const std::lock_guard lock(mutex_);
        return last_revision_;
    }

    std::size_t unwritten() const {
        const std::lock_guard lock(mutex_);
        return changed_.size() + written_now_.size();
    }

    [[nodiscard]] std::chrono::milliseconds patience() const { return limits_.patience; }

private:
    struct Entry {
        net::MqttStoredSession row{};
        std::optional<base::SteadyInstant> erased_at{};
    };
    struct Changes {
        std::vector<net::MqttStoredSession> rows;
        std::vector<std::string> erased_owners;
        std::vector<std::string> erased_clients;
        Waiters waiters;
    };

    static bool is_kept(const Entry& entry) { return !entry.erased_at && entry.row.expiry_s != 0; }
    void put(Entry& entry, net::MqttStoredSession row) {
        count_out(entry);
        entry = {std::move(row), std::nullopt};
        if (is_kept(entry)) ++kept_[entry.row.owner];
    }
    // Before it is no longer kept.
    void count_out(const Entry& entry) {
        if (!is_kept(entry)) return;
        const auto all = kept_.find(entry.row.owner);
        if (--all->second == 0) kept_.erase(all);
    }
    void mark_erased(const std::string& key, Entry& entry) {
        drop_erased();
        count_out(entry);
        entry.erased_at = clock_.steady();
        erased_.emplace_back(*entry.erased_at, key);
        entry.row.subscriptions.clear();
        entry.row.remembered.clear();
        entry.row.will.reset();
    }
    // Those erased long enough ago leave their place to others; what is under way, to purge().
    void drop_erased() {
        const base::SteadyInstant forgotten = clock_.steady() - erased_for;
        for (; !erased_.empty() && erased_.front().first < forgotten; erased_.pop_front()) {
            const auto& [at, key] = erased_.front();
            const auto found = entries_.find(key);
            const bool still = found != entries_.end() && found->second.erased_at == at;
            if (still && !is_under_way(key)) entries_.erase(found);
        }
    }
    bool is_under_way(const std::string& key) const {
        return changed_.contains(key) || written_now_.contains(key);
    }
    bool tell_full() {
        if (!std::exchange(full_, true))
            spdlog::warn("mqtt: {} sessions are rows; more live in memory only", entries_.size());
        return false;
    }
    bool change(const std::string& key, const std::shared_ptr<Waiter>& waiter) {
        changed_.add(key, away_ ? nullptr : waiter);
        work_.notify_one();
        return !away_;
    }

    void run(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        for (;;) {
            work_.wait(lock, stop, [this] { return !changed_.empty(); });
            if (changed_.empty()) return;
            Changes changes = take();
            lock.unlock();
            const bool written = write(changes);
            lock.lock();
            settle(written);
            if (!written) changed_.take_waiters(changes.waiters);
            let_go_on(changes.waiters);
            if (written) continue;
            if (stop.stop_requested()) return;
            work_.wait_for(lock, stop, limits_.retry_after, [] { return false; });
        }
    }

    // No more than a transaction should hold; the rest is next.
    Changes take() {
        Changes changes;
        std::size_t bytes = 0;
        while (!changed_.empty() && written_now_.size() < limits_.batch_rows_max) {
            const Entry& entry = entries_.at(changed_.first());
            bytes += bytes_of(entry.row);
            if (bytes > limits_.batch_bytes_max && !written_now_.empty()) break;
            written_now_.insert(changed_.take_first(changes.waiters));
            if (entry.erased_at) {
                changes.erased_owners.push_back(entry.row.owner);
                changes.erased_clients.push_back(entry.row.client_id);
            } else {
                changes.rows.push_back(entry.row);
            }
        }
        return changes;
    }

    bool write(const Changes& changes) {
        try {
            pool_.write_now([&](store::Transaction& tx) {
                delete_sessions(tx, changes.erased_owners, changes.erased_clients);
                write_sessions(tx, changes.rows);
            });
            return true;
        } catch (const store::Refused& error) {
            spdlog::error("mqtt: sessions were refused by the database: {}", error.what());
            return write_one_by_one(changes);
        } catch (const std::exception& error) {
            if (!away_) spdlog::warn("mqtt: sessions are not durable now: {}", error.what());
        }
        return false;
    }

    // One row that cannot be stored must not hold back the others, nor what is to be forgotten: it
    // stays in memory.
    bool write_one_by_one(const Changes& changes) {
        try {
            pool_.write_now([&](store::Transaction& tx) {
                delete_sessions(tx, changes.erased_owners, changes.erased_clients);
            });
        } catch (const std::exception& error) {
            spdlog::error("mqtt: sessions cannot be forgotten now: {}", error.what());
            return false;
        }
        for (const auto& row : changes.rows) {
            try {
                pool_.write_now([&](store::Transaction& tx) { write_sessions(tx, {row}); });
            } catch (const store::Refused& error) {
                spdlog::error("mqtt: the session of {} lives in memory only: {}", row.client_id,
                              error.what());
            } catch (const std::exception&) {
                return false;
            }
        }
        return true;
    }

    void settle(bool written) {
        if (away_ && written) spdlog::info("mqtt: sessions are durable again");
        away_ = !written;
        if (!written) {
            for (const std::string& key : written_now_)
                changed_.put_back(key);
        }
        written_now_.clear();
    }

    store::Pool& pool_;
    const base::Clock& clock_;
    const Limits limits_;
    mutable std::mutex mutex_;
    std::condition_variable_any work_;
    std::unordered_map<std::string, Entry> entries_;
    std::unordered_map<std::string, std::size_t> kept_;  // of each owner
    SessionChanges changed_;
    std::deque<std::pair<base::SteadyInstant, std::string>> erased_;  // in that order
    std::uint64_t last_revision_{0};
    std::unordered_set<std::string> written_now_;
    bool away_{false};
    bool full_{false};
    std::jthread thread_;  // last: ends before what it uses
};

namespace {

asio::awaitable<void> wait_for_row(std::shared_ptr<Waiter> waiter,
                                   std::chrono::milliseconds patience) {
    boost::system::error_code cancelled;
    waiter->timer.expires_after(patience);
    co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

}  // namespace

SessionBook::SessionBook(store::Pool& pool, const base::Clock& clock)
    : SessionBook(pool, clock, Limits{}) {}

SessionBook::SessionBook(store::Pool& pool, const base::Clock& clock, Limits limits)
    : impl_(std::make_unique<Impl>(pool, clock, limits)) {}

SessionBook::~SessionBook() = default;

void SessionBook::start() {
    impl_->start();
}

void SessionBook::stop() {
    impl_->stop();
}

std::optional<net::MqttStoredSession> SessionBook::find(const std::string& owner,
                                                        const std::string& client_id) const {
    return impl_->find(owner, client_id);
}

asio::awaitable<void> SessionBook::save(net::MqttStoredSession session) {
    const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
    if (impl_->save(std::move(session), waiter)) co_await wait_for_row(waiter, impl_->patience());
}

asio::awaitable<void> SessionBook::erase(std::string owner, std::string client_id,
                                         std::uint64_t revision) {
    const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
    if (impl_->erase(owner, client_id, revision, waiter))
        co_await wait_for_row(waiter, impl_->patience());
}

std::size_t SessionBook::kept_beside(const std::string& owner, const std::string& client_id) const {
    return impl_->kept_beside(owner, client_id);
}

std::vector<net::MqttStoredSession> SessionBook::with_wills() const {
    return impl_->with_wills();
}

void SessionBook::forget_will(const std::string& owner, const std::string& client_id,
                              std::uint64_t revision, std::optional<base::Instant> due_at) {
    impl_->forget_will(owner, client_id, revision, due_at);
}

bool SessionBook::holds_will(const std::string& owner, const std::string& client_id,
                             std::uint64_t revision, std::optional<base::Instant> due_at) const {
    return impl_->holds_will(owner, client_id, revision, due_at);
}

std::size_t SessionBook::purge() {
    return impl_->purge();
}

std::uint64_t SessionBook::last_revision() const {
    return impl_->last_revision();
}

std::size_t SessionBook::unwritten() const {
    return impl_->unwritten();
}

}  // namespace vigie::ingest
