#include "vigie/store/database.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <pqxx/pqxx>
#include <thread>
#include <unordered_map>

#include "store/pg.hpp"
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

class Rows::Impl {
public:
    explicit Impl(pqxx::result found) : result(std::move(found)) {}
    pqxx::result result;
};

namespace {

class PqxxRow final : public Row {
public:
    PqxxRow(std::shared_ptr<const Rows::Impl> rows, pqxx::result::size_type index)
        : rows_(std::move(rows)), row_(rows_->result[index]) {}
    bool is_null(const char* column) const override { return row_[column].is_null(); }
    std::string_view text(const char* column) const override {
        const auto field = row_[column];
        return field.is_null() ? std::string_view{} : std::string_view(field.c_str(), field.size());
    }

private:
    std::shared_ptr<const Rows::Impl> rows_;
    pqxx::row row_;
};

[[noreturn]] void unexpected_null(const char* column) {
    throw std::logic_error(std::string("column ") + column +
                           " is NULL or not of the type asked for");
}

}  // namespace

template <>
std::string Row::get<std::string>(const char* column) const {
    if (is_null(column)) unexpected_null(column);
    return std::string(text(column));
}

template <>
std::int64_t Row::get<std::int64_t>(const char* column) const {
    const auto found = text(column);
    std::int64_t value{};
    const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), value);
    if (error != std::errc{} || end != found.data() + found.size()) unexpected_null(column);
    return value;
}

template <>
std::int32_t Row::get<std::int32_t>(const char* column) const {
    return static_cast<std::int32_t>(get<std::int64_t>(column));
}

template <>
double Row::get<double>(const char* column) const {
    const auto found = text(column);
    double value{};
    const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), value);
    if (error != std::errc{} || end != found.data() + found.size()) unexpected_null(column);
    return value;
}

template <>
bool Row::get<bool>(const char* column) const {
    if (is_null(column)) unexpected_null(column);
    return text(column) == "t";
}

// Every session is set to UTC and ISO style: "2026-11-22 18:04:05.12+00".
template <>
base::Instant Row::get<base::Instant>(const char* column) const {
    std::string iso(text(column));
    if (iso.ends_with("+00")) iso.replace(iso.size() - 3, 3, "Z");
    const auto instant = base::parse_rfc3339(iso);
    if (!instant) unexpected_null(column);
    return *instant;
}

Rows::Rows(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
std::size_t Rows::size() const {
    return static_cast<std::size_t>(impl_->result.size());
}
std::size_t Rows::affected() const {
    return static_cast<std::size_t>(impl_->result.affected_rows());
}
std::shared_ptr<const Row> Rows::at(std::size_t index) const {
    return std::make_shared<PqxxRow>(impl_, static_cast<pqxx::result::size_type>(index));
}
Rows::Iterator Rows::begin() const {
    return {*this, 0};
}
Rows::Iterator Rows::end() const {
    return {*this, size()};
}

namespace {

// A connection that cannot be made is given up after a while; what the URL says wins.
std::string with_connect_limit(const std::string& url) {
    if (url.find("connect_timeout") != std::string::npos) return url;
    if (url.find("://") == std::string::npos) return url + " connect_timeout=5";
    return url + (url.find('?') == std::string::npos ? "?" : "&") + "connect_timeout=5";
}

// A connection and the statements it has prepared, by the address of their text (they are
// literals).
struct Connection {
    Connection(const std::string& url, UnderWay& under_way) : pg(with_connect_limit(url)) {
        // The library must not connect anew by itself: that session would have promised nothing.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
        pg.inhibit_reactivation(true);
#pragma GCC diagnostic pop
        const UnderWay::Passage passage(under_way, pg.sock());
        pqxx::nontransaction(pg).exec(promise_commits);
    }
    pqxx::connection pg;
    std::unordered_map<const char*, std::string> prepared;

    const std::string& statement(const Query& query) {
        auto [found, is_new] = prepared.try_emplace(query.sql);
        if (is_new) {
            found->second = std::string(query.name) + "_" + std::to_string(prepared.size());
            pg.prepare(found->second, query.sql);
        }
        return found->second;
    }
};

// libpqxx drops the SQLSTATE of what it has a class for, here and there.
std::string sqlstate_of(const pqxx::sql_error& error) {
    if (!error.sqlstate().empty()) return error.sqlstate();
    if (dynamic_cast<const pqxx::insufficient_privilege*>(&error)) return "42501";
    if (dynamic_cast<const pqxx::undefined_table*>(&error)) return "42P01";
    if (dynamic_cast<const pqxx::undefined_column*>(&error)) return "42703";
    if (dynamic_cast<const pqxx::undefined_function*>(&error)) return "42883";
    if (dynamic_cast<const pqxx::syntax_error*>(&error)) return "42601";
    if (dynamic_cast<const pqxx::disk_full*>(&error)) return "53100";
    if (dynamic_cast<const pqxx::insufficient_resources*>(&error)) return "53000";
    return {};
}

// ... and what makes a transaction worth another try is no sql_error to it.
std::string sqlstate_of(const pqxx::transaction_rollback& error) {
    if (dynamic_cast<const pqxx::deadlock_detected*>(&error)) return "40P01";
    if (dynamic_cast<const pqxx::serialization_failure*>(&error)) return "40001";
    return "40000";
}

class PqxxTransaction final : public Transaction {
public:
    PqxxTransaction(Connection& connection, pqxx::transaction_base& work, UnderWay& under_way)
        : connection_(connection), work_(work), under_way_(under_way) {}

    Rows run(const Query& query, std::vector<Param> params) override {
        const UnderWay::Passage passage(under_way_, connection_.pg.sock());
        try {
            const auto& name = connection_.statement(query);
            std::vector<const char*> texts;
            texts.reserve(params.size());
            for (const auto& param : params)
                texts.push_back(param ? param->c_str() : nullptr);
            return Rows(std::make_shared<Rows::Impl>(
                work_.exec_prepared(name, pqxx::prepare::make_dynamic_params(texts))));
        } catch (const pqxx::broken_connection&) {
            throw;
        } catch (const pqxx::sql_error& error) {
            throw Refused(std::string(query.name) + ": " + error.what(), sqlstate_of(error));
        } catch (const pqxx::transaction_rollback& error) {
            throw Refused(std::string(query.name) + ": " + error.what(), sqlstate_of(error));
        }
    }
    void after_commit(std::function<void()> action) override {
        actions_.push_back(std::move(action));
    }
    void committed() {
        for (auto& action : actions_)
            action();
    }

private:
    Connection& connection_;
    pqxx::transaction_base& work_;
    UnderWay& under_way_;
    std::vector<std::function<void()>> actions_;
};

// A transaction that only reads was begun so by ourselves: who writes in it is at fault, not the
// database. Broken connections have exceptions of their own, so that each error here has a state.
bool means_away(const std::string& sqlstate, bool writes) {
    if (sqlstate.empty() || (!writes && sqlstate == state_only_reads)) return false;
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
    std::vector<std::unique_ptr<Connection>> idle;
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

    std::unique_ptr<Connection> take() {
        {
            const std::lock_guard lock(mutex);
            if (!idle.empty()) {
                auto connection = std::move(idle.back());
                idle.pop_back();
                return connection;
            }
        }
        return std::make_unique<Connection>(url, under_way);
    }

    void give_back(std::unique_ptr<Connection> connection) {
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

namespace {

// Begins and, unless it was committed, rolls back: both ask the database, and may be cut off.
template <typename Work>
class BoundedWork {
public:
    BoundedWork(Connection& connection, UnderWay& under_way)
        : connection_(connection), under_way_(under_way) {
        const UnderWay::Passage passage(under_way_, connection_.pg.sock());
        work_.emplace(connection_.pg);
    }
    ~BoundedWork() {
        const UnderWay::Passage passage(under_way_, connection_.pg.sock());
        work_.reset();
    }
    BoundedWork(const BoundedWork&) = delete;
    BoundedWork& operator=(const BoundedWork&) = delete;
    Work& operator*() { return *work_; }
    void commit() {
        const UnderWay::Passage passage(under_way_, connection_.pg.sock());
        work_->commit();
    }

private:
    Connection& connection_;
    UnderWay& under_way_;
    std::optional<Work> work_;
};

// `anew`: another connection, should this one have broken while nobody used it.
template <typename Work>
void run_once(std::unique_ptr<Connection>& connection, UnderWay& under_way,
              const std::function<std::unique_ptr<Connection>()>& anew,
              const std::function<bool(Transaction&)>& work) {
    std::optional<BoundedWork<Work>> pg_work;
    try {
        pg_work.emplace(*connection, under_way);
    } catch (const pqxx::broken_connection&) {
        connection = anew();
        pg_work.emplace(*connection, under_way);
    }
    PqxxTransaction transaction(*connection, **pg_work, under_way);
    if (!work(transaction)) return;
    pg_work->commit();
    transaction.committed();
}

}  // namespace

void Pool::in_transaction(Mode mode, const std::function<bool(Transaction&)>& work) {
    using Reader = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;
    throw_while_away();
    const auto anew = [this] {
        impl_->forget_idle();
        throw_while_away();
        return impl_->take();
    };
    try {
        auto connection = impl_->take();
        if (mode == Mode::write) {
            run_once<pqxx::work>(connection, impl_->under_way, anew, work);
        } else {
            run_once<Reader>(connection, impl_->under_way, anew, work);
        }
        impl_->give_back(std::move(connection));
    } catch (const pqxx::in_doubt_error& error) {
        impl_->forget_idle();
        throw Unavailable(error.what(), true);
    } catch (const pqxx::broken_connection& error) {
        impl_->forget_idle();
        throw Unavailable(error.what());
    } catch (const Refused& error) {
        if (!means_away(error.sqlstate, mode == Mode::write)) throw;
        impl_->forget_idle();
        throw Unavailable(error.what());
    } catch (const pqxx::sql_error& error) {  // refused at the commit
        const std::string sqlstate = sqlstate_of(error);
        if (!means_away(sqlstate, mode == Mode::write)) throw Refused(error.what(), sqlstate);
        impl_->forget_idle();
        throw Unavailable(error.what());
    } catch (const pqxx::transaction_rollback& error) {
        throw Refused(error.what(), sqlstate_of(error));
    }
}

}  // namespace vigie::store
