#include "store/pg_transaction.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "store/pg_rows.hpp"

namespace vigie::store {

namespace {

std::string state_of(const PGresult* result) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state == nullptr ? std::string{} : std::string(state);
}

bool is_failure(const PGresult* result) {
    const auto status = PQresultStatus(result);
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

Refused refusal(const std::string& what, const PGresult* result) {
    return {what + ": " + PQresultErrorMessage(result), state_of(result)};
}

// The server went, and may have gone after it had stored the transaction.
bool leaves_doubt(const std::string& state) {
    return state.empty() || state.starts_with("57P") || state.starts_with("08");
}

}  // namespace

PoolConnection::PoolConnection(const std::string& url, UnderWay& under_way)
    : pg(url, {}, &under_way) {
    pg.execute(promise_commits);
    pg.begin_flights();
}

Later PgTransaction::send(const Query& query, std::vector<Param> params) {
    auto answer = std::make_shared<Later::State>();
    waiting_.push_back({query, std::move(params), answer});
    return {*this, std::move(answer)};
}

// What failed stays so: whoever overlooks it must neither go on nor be told that it is stored.
void PgTransaction::throw_if_failed() const {
    if (!has_failed_) return;
    if (is_broken_) throw Unavailable("the connection to the database broke in this transaction");
    throw Refused("a statement of this transaction has failed", "25P02");
}

void PgTransaction::land() {
    if (waiting_.empty()) return;
    const auto flight = std::exchange(waiting_, {});
    throw_if_failed();
    has_failed_ = true;
    const bool may_be_stale = !is_begun_ && connection_->is_used;
    try {
        fly(flight);
    } catch (const CutOff&) {
        throw;
    } catch (const Unavailable&) {
        // One that answered BEGIN was well when it was asked. On one that did not, nothing was
        // committed: here it is done for the first time.
        if (!may_be_stale || is_begun_) throw;
        connection_ = anew_();
        fly(flight);
    }
    has_failed_ = false;
}

void PgTransaction::take_off(const std::vector<Sent>& flight, std::vector<bool>& prepares) {
    auto& pg = connection_->pg;
    if (!is_begun_) {
        pg.note(mode_ == Mode::write ? "begin" : "begin isolation level repeatable read read only");
    }
    for (const auto& sent : flight) {
        auto [found, is_new] = connection_->prepared.try_emplace(sent.query.sql);
        if (is_new) {
            found->second =
                std::string(sent.query.name) + "_" + std::to_string(connection_->prepared.size());
            pg.note_prepare(found->second, sent.query.sql);
        }
        prepares.push_back(is_new);
        pg.note_prepared(found->second, sent.params, sent.query.binary);
    }
    pg.take_off();
}

// Were the end of the transaction before refused, this one would be a part of that.
void PgTransaction::read_owed_end() {
    if (!std::exchange(connection_->owes_an_end, false)) return;
    const auto result = connection_->pg.next_answer();
    connection_->pg.land();
    if (is_failure(result.get())) throw Unavailable(PQresultErrorMessage(result.get()));
}

// All answers are read, whatever they say: the connection is of use afterwards.
void PgTransaction::fly(const std::vector<Sent>& flight) {
    is_broken_ = true;
    auto& connection = *connection_;
    auto& pg = connection.pg;
    connection.is_used = true;
    const bool begins = !is_begun_;
    std::vector<bool> prepares;
    take_off(flight, prepares);
    read_owed_end();
    std::optional<Refused> first_refusal;
    const auto look = [&first_refusal](const char* what, const PGresult* result) {
        const bool failed = is_failure(result);
        if (failed && !first_refusal) first_refusal = refusal(what, result);
        return !failed;
    };
    if (begins) is_begun_ = look("begin", pg.next_answer().get());
    for (std::size_t i = 0; i < flight.size(); ++i) {
        const auto& query = flight[i].query;
        if (prepares[i] && !look(query.name, pg.next_answer().get()))
            connection.prepared.erase(query.sql);
        auto result = pg.next_answer();
        if (look(query.name, result.get())) flight[i].answer->rows = rows_of(std::move(result));
    }
    pg.land();
    is_broken_ = false;
    if (first_refusal) throw *first_refusal;
}

void PgTransaction::commit() {
    land();
    throw_if_failed();
    if (!std::exchange(is_begun_, false)) return;
    if (mode_ == Mode::read) {
        end_unanswered("commit");
        return;
    }
    is_broken_ = true;
    PgConnection::ResultPtr result(nullptr, &PQclear);
    try {
        connection_->pg.note("commit");
        connection_->pg.take_off();
        result = connection_->pg.next_answer();
        connection_->pg.land();
    } catch (const Unavailable& error) {
        throw Unavailable(error.what(), true);
    }
    is_broken_ = false;
    if (is_failure(result.get())) {
        auto refused = refusal("commit", result.get());
        if (leaves_doubt(refused.sqlstate)) throw Unavailable(refused.what(), true);
        throw refused;
    }
    if (std::string_view(PQcmdStatus(result.get())) != "COMMIT")
        throw Refused("commit: the transaction was rolled back", "40000");
}

// Whatever becomes of it, nothing is left of the transaction, and what was read was read.
void PgTransaction::end_unanswered(const char* how) noexcept {
    is_broken_ = true;
    try {
        connection_->pg.note(how);
        connection_->pg.take_off();
        connection_->owes_an_end = true;
        is_broken_ = false;
    } catch (const std::exception& error) {
        spdlog::debug("a connection to the database is given up: {}", error.what());
    }
}

void PgTransaction::roll_back() noexcept {
    waiting_.clear();
    if (std::exchange(is_begun_, false) && !is_broken_) end_unanswered("rollback");
}

void PgTransaction::run_actions() {
    for (auto& action : actions_)
        action();
}

}  // namespace vigie::store
