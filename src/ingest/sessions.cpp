#include "vigie/ingest/sessions.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ingest/kept_sessions.hpp"
#include "ingest/session_changes.hpp"
#include "ingest/session_store.hpp"
#include "ingest/session_text.hpp"

namespace vigie::ingest {

namespace asio = boost::asio;

namespace {

// How long a session that was erased is remembered, so that an older change that comes late does
// not bring it back.
constexpr std::chrono::minutes erased_for{1};

std::string session_key(const std::string& owner, const std::string& client_id) {
    return owner + '\0' + client_id;  // neither holds U+0000
}

}  // namespace

class SessionBook::Impl {
public:
    Impl(store::Pool& pool, const base::Clock& clock, Limits limits)
        : pool_(pool), clock_(clock), limits_(limits) {}

    void keep_in(store::Spool& spool) { kept_.emplace(spool); }

    void start() {
        take_over_kept();
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
        const auto all = count_of_.find(owner);
        if (all == count_of_.end()) return 0;
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
                return is_pending(key) && change(key, waiter);
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
        if (found->second.erased_at) return is_pending(key) && change(key, waiter);
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
    struct Changes : SessionStates {
        Waiters waiters;
    };
    using Steady = std::chrono::steady_clock;

    static bool is_kept(const Entry& entry) { return !entry.erased_at && entry.row.expiry_s != 0; }
    void put(Entry& entry, net::MqttStoredSession row) {
        count_out(entry);
        entry = {std::move(row), std::nullopt};
        if (is_kept(entry)) ++count_of_[entry.row.owner];
    }
    // Before it is no longer kept.
    void count_out(const Entry& entry) {
        if (!is_kept(entry)) return;
        const auto all = count_of_.find(entry.row.owner);
        if (--all->second == 0) count_of_.erase(all);
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
    bool is_pending(const std::string& key) const {
        return changed_.contains(key) || written_now_.contains(key);
    }
    // The database does not have it yet.
    bool is_under_way(const std::string& key) const {
        return is_pending(key) || owed_.contains(key);
    }
    bool tell_full() {
        if (!std::exchange(full_, true))
            spdlog::warn("mqtt: {} sessions are rows; more live in memory only", entries_.size());
        return false;
    }
    bool change(const std::string& key, const std::shared_ptr<Waiter>& waiter) {
        changed_.add(key, in_memory_only_ ? nullptr : waiter);
        work_.notify_one();
        return !in_memory_only_;
    }

    // What an earlier run kept while the database was away.
    void take_over_kept() {
        if (!kept_) return;
        const auto left = kept_->left_over();
        for (const auto& row : left.rows)
            last_revision_ = std::max(last_revision_, row.revision);
        for (const auto& one : left.erased)
            last_revision_ = std::max(last_revision_, one.revision);
        if (!left.empty() && !write(left))
            throw store::Unavailable("sessions that were kept do not reach the database");
        kept_->forget();
    }

    void run(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        for (;;) {
            wait_for_work(lock, stop);
            if (stop.stop_requested() && changed_.empty()) return;
            const bool is_due = !away_ || stop.stop_requested() || Steady::now() >= next_try_;
            // A start goes by the spool: the database is told nothing that is not in it as long as
            // anything lies there.
            const bool spool_first = kept_ && (away_ || !kept_->empty());
            Changes changes = take();
            lock.unlock();
            bool is_kept = spool_first && keep(changes);
            const bool held_back = spool_first && !is_kept && !owed_.empty();
            const bool reached = is_due && write(held_back ? SessionStates{} : changes);
            const bool written = reached && !(held_back && !changes.empty());
            if (!reached && !spool_first) is_kept = keep(changes);
            lock.lock();
            if (is_due) note_away(!reached);
            settle(written, is_kept);
            if (in_memory_only_) changed_.take_waiters(changes.waiters);
            if (reached) in_memory_only_ = false;
            let_go_on(changes.waiters);
            if (reached && !owed_.empty()) bring_owed(lock);
            if (owed_.empty() && kept_ && !kept_->empty()) {
                lock.unlock();
                kept_->forget();
                lock.lock();
            }
            if (stop.stop_requested() && !written && !is_kept) return;
        }
    }

    void wait_for_work(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
        const auto is_changed = [this] { return !changed_.empty() && !in_memory_only_; };
        if (away_ || !owed_.empty() || in_memory_only_) {
            work_.wait_until(lock, stop, next_try_, is_changed);
        } else {
            work_.wait(lock, stop, is_changed);
        }
    }

    // No more than a transaction should hold; the rest is next. False: it holds enough.
    struct Filling {
        const Limits& limits;
        std::size_t rows{};
        std::size_t bytes{};
        bool takes(const Entry& entry) {
            bytes += bytes_of(entry.row);
            const bool is_full = rows >= limits.batch_rows_max || bytes > limits.batch_bytes_max;
            return rows++ == 0 || !is_full;
        }
    };
    Changes take() {
        Changes changes;
        Filling filling{limits_};
        while (!changed_.empty()) {
            const Entry& entry = entries_.at(changed_.first());
            if (!filling.takes(entry)) break;
            written_now_.insert(changed_.take_first(changes.waiters));
            add(changes, entry);
        }
        return changes;
    }
    static void add(SessionStates& changes, const Entry& entry) {
        if (entry.erased_at) {
            changes.erased.push_back({entry.row.owner, entry.row.client_id, entry.row.revision});
        } else {
            changes.rows.push_back(entry.row);
        }
    }

    static void write(store::Transaction& tx, const SessionStates& changes) {
        delete_sessions(tx, changes.erased);
        write_sessions(tx, changes.rows);
    }
    bool write(const SessionStates& changes) {
        try {
            pool_.write_now([&](store::Transaction& tx) { write(tx, changes); });
            return true;
        } catch (const store::Refused& error) {
            spdlog::error("mqtt: sessions were refused by the database: {}", error.what());
            return write_one_by_one(changes);
        } catch (const std::exception& error) {
            if (!away_) spdlog::warn("mqtt: sessions do not reach the database: {}", error.what());
        }
        return false;
    }

    // One row that cannot be stored must not hold back the others, nor what is to be forgotten: it
    // stays in memory.
    bool write_one_by_one(const SessionStates& changes) {
        try {
            pool_.write_now([&](store::Transaction& tx) { delete_sessions(tx, changes.erased); });
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

    bool keep(const SessionStates& changes) {
        return !changes.empty() && kept_ && kept_->keep(changes);
    }

    void note_away(bool is_away) {
        if (away_ && !is_away) spdlog::info("mqtt: sessions reach the database again");
        away_ = is_away;
        if (is_away) next_try_ = Steady::now() + limits_.retry_after;
    }

    void settle(bool written, bool is_kept) {
        for (const std::string& key : written_now_) {
            if (written) {
                owed_.erase(key);
            } else if (is_kept) {
                owed_.insert(key);
            } else {
                changed_.put_back(key);
            }
        }
        if (written || is_kept) {
            in_memory_only_ = false;
        } else if (!written_now_.empty() && !std::exchange(in_memory_only_, true)) {
            spdlog::error("mqtt: sessions live in memory only until the database is back");
        }
        written_now_.clear();
    }

    // Some of what lies in the spool, as it stands by now.
    void bring_owed(std::unique_lock<std::mutex>& lock) {
        SessionStates changes;
        std::vector<std::string> keys;
        Filling filling{limits_};
        for (const std::string& key : owed_) {
            const Entry& entry = entries_.at(key);
            if (!filling.takes(entry)) break;
            keys.push_back(key);
            add(changes, entry);
        }
        lock.unlock();
        const bool written = write(changes);
        lock.lock();
        if (!written) return note_away(true);
        for (const std::string& key : keys)
            owed_.erase(key);
    }

    store::Pool& pool_;
    const base::Clock& clock_;
    const Limits limits_;
    mutable std::mutex mutex_;
    std::condition_variable_any work_;
    std::unordered_map<std::string, Entry> entries_;
    std::unordered_map<std::string, std::size_t> count_of_;  // of each owner
    SessionChanges changed_;
    std::deque<std::pair<base::SteadyInstant, std::string>> erased_;  // in that order
    std::uint64_t last_revision_{0};
    std::unordered_set<std::string> written_now_;
    bool away_{false};
    bool full_{false};
    bool in_memory_only_{false};            // neither here nor there: nobody waits for it
    Steady::time_point next_try_{};         // of the database, while it is away
    std::unordered_set<std::string> owed_;  // to the database; they lie in the spool
    std::optional<KeptSessions> kept_;
    std::jthread thread_;  // last: ends before what it uses
};

SessionBook::SessionBook(store::Pool& pool, const base::Clock& clock)
    : SessionBook(pool, clock, Limits{}) {}

SessionBook::SessionBook(store::Pool& pool, const base::Clock& clock, Limits limits)
    : impl_(std::make_unique<Impl>(pool, clock, limits)) {}

SessionBook::~SessionBook() = default;

void SessionBook::keep_in(store::Spool& spool) {
    impl_->keep_in(spool);
}

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
