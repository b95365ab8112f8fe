// What is asked of PostgreSQL: named statements, in a transaction that the pool (database.hpp)
// begins and ends.
//
// A statement that fails has failed its transaction: whatever is asked of it afterwards throws, and
// so does its commit.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "vigie/store/param.hpp"
#include "vigie/store/rows.hpp"

namespace vigie::store {

// A statement and its name; the name appears in metrics, logs and errors. Numbers, instants and
// bytes in quantity are spared the way through text by `binary`.
struct Query {
    const char* name;
    const char* sql;
    bool binary = false;
};

class Transaction;

// The answer to a statement that waits for the next trip to the database, or has made it.
class Later {
public:
    struct State {
        std::optional<Rows> rows;
    };
    Later(Transaction& tx, std::shared_ptr<State> state) : tx_(&tx), state_(std::move(state)) {}
    // Sends all that waits, unless it is there already. Throws as Transaction::rows() does, for
    // whichever of them was refused.
    [[nodiscard]] const Rows& rows() const;

private:
    Transaction* tx_;
    std::shared_ptr<State> state_;
};

class Transaction {
public:
    virtual ~Transaction() = default;

    template <typename... Args>
    Rows rows(const Query& query, const Args&... args) {
        return later(query, args...).rows();
    }
    // Statements whose answers are not needed yet travel together, in this order: one trip instead
    // of one each. The transaction must outlive the answer.
    template <typename... Args>
    Later later(const Query& query, const Args&... args) {
        return send(query, std::vector<Param>{to_param(args)...});
    }
    // At most one row is expected: the first, or null.
    template <typename... Args>
    std::shared_ptr<const Row> optional_row(const Query& query, const Args&... args) {
        const Rows found = rows(query, args...);
        return found.empty() ? nullptr : found.at(0);
    }
    // Exactly one row is expected; none is a programmer's error and throws std::logic_error.
    template <typename... Args>
    std::shared_ptr<const Row> row(const Query& query, const Args&... args) {
        auto found = optional_row(query, args...);
        if (!found) throw std::logic_error(std::string("no row from ") + query.name);
        return found;
    }
    // The number of rows touched.
    template <typename... Args>
    std::size_t execute(const Query& query, const Args&... args) {
        return rows(query, args...).affected();
    }

    virtual Later send(const Query& query, std::vector<Param> params) = 0;
    // Sends what waits and reads the answers.
    virtual void land() = 0;

    // Run once the commit is known to have succeeded, in order, on the thread that committed; never
    // after a rollback. What is streamed to consoles goes here.
    virtual void after_commit(std::function<void()> action) = 0;
};

inline const Rows& Later::rows() const {
    if (!state_->rows) tx_->land();
    if (!state_->rows) throw std::logic_error("a statement of a transaction that failed");
    return *state_->rows;
}

}  // namespace vigie::store
