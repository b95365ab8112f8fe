// libpq, for the one hot path: binary COPY, and statements without a layer in between.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/store/database.hpp"

namespace vigie::store {

// The database lives, but did not end the statement in time. Less at once may go.
class TooSlow : public Unavailable {
public:
    using Unavailable::Unavailable;
};

// Whoever watches over it has cut the connection: another one would stand still as well.
class CutOff : public Unavailable {
public:
    using Unavailable::Unavailable;
};

class UnderWay;

// An acknowledgement rests on each commit, whatever the server's default is; a stronger one stays.
inline constexpr const char* promise_commits =
    "select set_config('synchronous_commit', 'on', false) "
    "where current_setting('synchronous_commit') in ('off', 'local', 'remote_write')";

// The database takes nothing now, whoever asks: it shuts down or starts (57P), the connection
// failed (08, or no state at all), there is no room (53), or it only reads.
inline constexpr std::string_view state_only_reads = "25006";
[[nodiscard]] bool state_means_away(std::string_view state);

class PgConnection {
public:
    // `answer_limit`: how long the database may stay silent in the middle of a statement, as a
    // stopped process or a network that swallows packets would; 0: for ever. A database that lives
    // ends the statement itself a little before that, so that nothing stays locked behind a
    // connection that nobody listens to. Throws Unavailable. `under_way`: where each wait for the
    // database is entered, so that somebody else can cut it off; outlives this.
    explicit PgConnection(const std::string& url, std::chrono::milliseconds answer_limit = {},
                          UnderWay* under_way = nullptr);

    // Between statements: whether the other end has closed it meanwhile, as far as can be seen from
    // here.
    [[nodiscard]] bool is_closed();

    // Throws Unavailable when the connection broke or stayed silent (then it is of no more use),
    // TooSlow when the database ended the statement for its time, Refused otherwise.
    void execute(const char* sql);
    void execute(const char* sql, const std::vector<std::string>& params);
    // The first column of every row.
    std::vector<std::string> column(const char* sql);
    // The rows of a statement, each field in PostgreSQL's binary format.
    using ResultPtr = std::unique_ptr<PGresult, decltype(&PQclear)>;
    ResultPtr binary_rows(const char* sql) { return binary_rows(sql, {}); }
    ResultPtr binary_rows(const char* sql, const std::vector<Param>& params);
    // `sql` is COPY ... FROM STDIN; `bytes` all of its data.
    void copy(const char* sql, std::string_view bytes);

    // Statements in flights (libpq's pipeline mode): what is noted takes off in one piece and is
    // answered in that order, for one trip to the database. An error leaves out what follows, until
    // the flight has landed. From begin_flights() on, nothing but these.
    void begin_flights();
    void note_prepare(const std::string& name, const char* sql);
    void note_prepared(const std::string& name, const std::vector<Param>& params, bool binary);
    void note(const char* sql);
    void take_off();
    // Throws only when the connection broke.
    [[nodiscard]] ResultPtr next_answer();
    void land();

private:
    [[nodiscard]] ResultPtr next_result();
    void check_noted(int noted);
    void check(const ResultPtr& result, ExecStatusType expected, const char* what);
    [[noreturn]] void fail(const PGresult* result, const char* what);
    void wait_for(short events);
    void send();
    ResultPtr answer();
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
    std::chrono::milliseconds answer_limit_;
    UnderWay* under_way_;
};

// A row in PostgreSQL's binary COPY format (documentation, COPY, "Binary Format").
class BinaryCopy {
public:
    BinaryCopy();
    void begin_row(std::int16_t columns);
    void timestamptz(base::Instant instant);
    void int4(std::int32_t value);
    void float8_array(const std::vector<double>& values);  // NaN is NULL
    void bytea(std::string_view bytes);
    // The finished stream; begin anew with clear().
    [[nodiscard]] std::string_view finish();
    void clear();

private:
    template <std::integral... T>
    void big_endian(T... values);
    char* grow(std::size_t size);
    std::string bytes_;
};

}  // namespace vigie::store
