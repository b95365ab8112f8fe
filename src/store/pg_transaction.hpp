// What the pool's threads work with: connections, and transactions in as few trips to the database
// as they can be. BEGIN travels with the first statement, and nobody waits for the end of a
// transaction that leaves nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/pg.hpp"
#include "store/under_way.hpp"

namespace vigie::store {

class PoolConnection {
public:
    // Throws Unavailable.
    PoolConnection(const std::string& url, UnderWay& under_way);

    PgConnection pg;
    // By the address of their text (they are literals).
    std::unordered_map<const char*, std::string> prepared;
    // It has served, so that it may have broken while nobody used it.
    bool is_used{};
    // The answer to the last transaction's end is still to be read.
    bool owes_an_end{};
};

class PgTransaction final : public Transaction {
public:
    using ConnectionPtr = std::unique_ptr<PoolConnection>;

    // `anew` makes another connection, should this one have broken while it was idle; it is put in
    // the place of the first.
    PgTransaction(ConnectionPtr& connection, Mode mode, std::function<ConnectionPtr()> anew)
        : connection_(connection), mode_(mode), anew_(std::move(anew)) {}

    Later send(const Query& query, std::vector<Param> params) override;
    void land() override;
    void after_commit(std::function<void()> action) override {
        actions_.push_back(std::move(action));
    }

    // Throws Unavailable (in doubt when nobody knows whether it was stored) and Refused.
    void commit();
    void roll_back() noexcept;
    // After its end: whether the connection can serve another transaction.
    [[nodiscard]] bool is_usable() const { return !is_broken_; }
    void run_actions();

private:
    struct Sent {
        Query query;
        std::vector<Param> params;
        std::shared_ptr<Later::State> answer;
    };
    void throw_if_failed() const;
    void fly(const std::vector<Sent>& flight);
    void read_owed_end();
    void take_off(const std::vector<Sent>& flight, std::vector<bool>& prepares);
    void end_unanswered(const char* how) noexcept;

    ConnectionPtr& connection_;
    Mode mode_;
    std::function<ConnectionPtr()> anew_;
    std::vector<Sent> waiting_;
    std::vector<std::function<void()>> actions_;
    bool is_begun_ = false;
    bool has_failed_ = false;
    // Whatever is sent, until all of it is answered: it may end half-way.
    bool is_broken_ = false;
};

}  // namespace vigie::store
