// MQTT sessions as rows: what a client may count on after a restart of the server.
//
// Rows are held in memory as the database has them, so that finding one asks nobody and a client
// that returns unchanged writes nothing but its return. One thread writes what changed, many rows
// in a transaction, with no timer.
//
// A change is durable before save() and erase() return: a row or, while PostgreSQL is away, a
// record in a spool, which becomes one when it is back or at the next start. Only when neither
// takes it within `patience` (PostgreSQL stands still and that is not known yet, or the spool is
// full) they return all the same: the session lives in memory until PostgreSQL is back, and a
// restart in between finds it as it was last written, or not at all: the client is told Session
// Present accordingly.
//
// A row holds the will of its client until that is published, or void. The law it serves: every
// timer survives a restart. What is promised:
//  - who was connected when the server ended, in order or not, has its will published when it does
//    not come back within its will delay, counted from the next start, and at the latest when its
//    session ends; who was gone already, at the time that stands in its row, or at the next start
//    when that is past;
//  - who comes back in time has none published, nor who said goodbye;
//  - a will is published once: the row is let go of when the publication is durable, and a crash in
//    between publishes it again under the same instant, which changes nothing.
// It also holds the instants of messages of QoS 2 that nothing in them tells from new ones
// (MQTT-4.3.3-10 of 5.0): one that comes again is stored under the instant of its first arrival.
//
// Not promised, when the server is killed:
//  - for a session that ends with its connection, the moments after CONNACK until the row is
//    written: the will is lost;
//  - the moments after DISCONNECT until the row is written: the will of who said goodbye is
//    published;
//  - the moments in which a client that is about to be let in has its new will in the row: that of
//    a client that was not let in is published;
//  - the will that a client's return publishes (by a clean start, after it was due, or by taking
//    over), until that is durable: the row is the new connection's already, and the will is lost;
//  - while neither PostgreSQL nor the spool takes anything: a will may then be published after all,
//    or a second time under another instant, and so may a message of QoS 2.
//
// Thread-safe. The executors of those who wait have one thread each, and outlive the book.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vigie/base/limits.hpp"
#include "vigie/base/time.hpp"
#include "vigie/net/mqtt_handler.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/spool.hpp"

namespace vigie::ingest {

class SessionBook {
public:
    struct Limits {
        std::chrono::milliseconds patience{2'000};
        std::chrono::milliseconds retry_after{1'000};
        std::size_t rows_max{base::limits::mqtt_session_rows_max};  // beyond: in memory only
        // Of one transaction; a greater row is alone in its own.
        std::size_t batch_rows_max{1'000};
        std::size_t batch_bytes_max{std::size_t{8} << 20U};
    };
    SessionBook(store::Pool& pool, const base::Clock& clock);
    SessionBook(store::Pool& pool, const base::Clock& clock, Limits limits);
    ~SessionBook();
    SessionBook(const SessionBook&) = delete;
    SessionBook& operator=(const SessionBook&) = delete;

    // Before start(): where changes lie while PostgreSQL is away. Opened, and outlives the book.
    // Without, they are in memory only.
    void keep_in(store::Spool& spool);
    // Takes over what an earlier run kept. Reads what is there, and lets the time of clients that
    // were connected when the server ended run from now; then begins to write. Throws
    // store::Unavailable.
    void start();
    // Writes what is left, if the database takes it, and writes no more.
    void stop();

    // As it is wanted, written or not; also what is there for its will alone, with no expiry.
    [[nodiscard]] std::optional<net::MqttStoredSession> find(const std::string& owner,
                                                             const std::string& client_id) const;
    // A change older than the one known is passed over.
    boost::asio::awaitable<void> save(net::MqttStoredSession session);
    boost::asio::awaitable<void> erase(std::string owner, std::string client_id,
                                       std::uint64_t revision);
    // How many that may be resumed are kept for that owner, but for this client's. Those whose time
    // is over count until purge().
    [[nodiscard]] std::size_t kept_beside(const std::string& owner,
                                          const std::string& client_id) const;
    // Those with a will. After start(): what an earlier run left.
    [[nodiscard]] std::vector<net::MqttStoredSession> with_wills() const;
    // The will of the session is published, or void, unless something newer was saved that is not
    // the will of `due_at` either. Waits for nothing.
    void forget_will(const std::string& owner, const std::string& client_id, std::uint64_t revision,
                     std::optional<base::Instant> due_at = {});
    // Whether it holds that will: nothing newer was saved, or it is still the one of `due_at`.
    [[nodiscard]] bool holds_will(const std::string& owner, const std::string& client_id,
                                  std::uint64_t revision,
                                  std::optional<base::Instant> due_at = {}) const;
    // Removes what has expired without a client, and without a will to be published. For the
    // housekeeper; throws store::Unavailable.
    std::size_t purge();

    // The greatest that is known of any session; after start(), of those an earlier run left.
    [[nodiscard]] std::uint64_t last_revision() const;
    // Changes that are neither a row nor in the spool yet.
    [[nodiscard]] std::size_t unwritten() const;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace vigie::ingest
