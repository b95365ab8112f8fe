#include "store/pg.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <optional>

#include "store/under_way.hpp"
#include "vigie/base/text.hpp"

namespace vigie::store {

namespace {

constexpr std::string_view copy_signature{"PGCOPY\n\xff\r\n\0", 11};
constexpr std::int64_t postgres_epoch_us = 946'684'800'000'000;  // 2000-01-01
constexpr std::int32_t float8_oid = 701;
constexpr const char* state_canceled = "57014";
constexpr std::size_t copy_piece_bytes_max = std::size_t{256} * 1024;

// Big-endian; answers where it ends.
template <std::integral T>
char* put(char* at, T value) {
    if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
    std::memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

void note_notice(void*, const char* text) {
    spdlog::debug("PostgreSQL: {}", base::trimmed(text));
}

// Settings in the URL win over ours.
PGconn* connect_to(const std::string& url) {
    const char* const keywords[] = {"connect_timeout", "tcp_user_timeout", "dbname", nullptr};
    const char* const values[] = {"5", "15000", url.c_str(), nullptr};
    return PQconnectdbParams(keywords, values, 1);
}

}  // namespace

bool state_means_away(std::string_view state) {
    return state.empty() || state.starts_with("57P") || state.starts_with("08") ||
           state.starts_with("53") || state == state_only_reads;
}

PgConnection::PgConnection(const std::string& url, std::chrono::milliseconds answer_limit,
                           UnderWay* under_way)
    : connection_(connect_to(url), &PQfinish), answer_limit_(answer_limit), under_way_(under_way) {
    if (PQstatus(connection_.get()) != CONNECTION_OK || PQsetnonblocking(connection_.get(), 1) != 0)
        throw Unavailable(PQerrorMessage(connection_.get()));
    PQsetNoticeProcessor(connection_.get(), &note_notice, nullptr);
    if (answer_limit_.count() == 0) return;
    const auto limit = std::max(answer_limit_ * 9 / 10, std::chrono::milliseconds{1});
    execute(("set statement_timeout = " + std::to_string(limit.count())).c_str());
}

void PgConnection::wait_for(short events) {
    pollfd polled{PQsocket(connection_.get()), events, 0};
    std::optional<UnderWay::Passage> passage;
    if (under_way_ != nullptr) passage.emplace(*under_way_, polled.fd);
    const int limit = answer_limit_.count() > 0 ? static_cast<int>(answer_limit_.count()) : -1;
    int ready = 0;
    do {
        ready = ::poll(&polled, 1, limit);
    } while (ready < 0 && errno == EINTR);
    if (passage && passage->is_cut()) throw CutOff("the connection to the database was cut off");
    if (ready == 0) {
        throw Unavailable("no answer from the database within " +
                          std::to_string(answer_limit_.count()) + " ms");
    }
}

// Last words of a backend come first, and then the end.
bool PgConnection::is_closed() {
    pollfd polled{PQsocket(connection_.get()), POLLIN, 0};
    while (::poll(&polled, 1, 0) > 0) {
        if (PQconsumeInput(connection_.get()) == 0) return true;
    }
    return PQstatus(connection_.get()) != CONNECTION_OK;
}

void PgConnection::send() {
    for (;;) {
        const int left = PQflush(connection_.get());
        if (left < 0) fail(nullptr, "send");
        if (left == 0) return;
        wait_for(POLLIN | POLLOUT);
        if (PQconsumeInput(connection_.get()) == 0) fail(nullptr, "send");
    }
}

// The last result of what was sent, as PQexec would give it.
PgConnection::ResultPtr PgConnection::answer() {
    send();
    ResultPtr last(nullptr, &PQclear);
    for (;;) {
        auto next = next_result();
        if (next == nullptr) return last;
        last = std::move(next);
        if (PQresultStatus(last.get()) == PGRES_COPY_IN) return last;
        if (PQstatus(connection_.get()) != CONNECTION_OK) return last;
    }
}

PgConnection::ResultPtr PgConnection::next_result() {
    while (PQisBusy(connection_.get()) != 0) {
        wait_for(POLLIN);
        if (PQconsumeInput(connection_.get()) == 0) fail(nullptr, "answer");
    }
    return {PQgetResult(connection_.get()), &PQclear};
}

void PgConnection::fail(const PGresult* result, const char* what) {
    const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const std::string text = std::string(what) + ": " + PQerrorMessage(connection_.get());
    if (PQstatus(connection_.get()) != CONNECTION_OK || state == nullptr ||
        state_means_away(state)) {
        throw Unavailable(text);
    }
    if (answer_limit_.count() > 0 && std::string_view(state) == state_canceled)
        throw TooSlow(PQerrorMessage(connection_.get()));
    throw Refused(text, state);
}

void PgConnection::check(const ResultPtr& result, ExecStatusType expected, const char* what) {
    const auto status = PQresultStatus(result.get());
    if (status == expected || (expected == PGRES_COMMAND_OK && status == PGRES_TUPLES_OK)) return;
    fail(result.get(), what);
}

void PgConnection::execute(const char* sql) {
    if (PQsendQuery(connection_.get(), sql) == 0) fail(nullptr, sql);
    check(answer(), PGRES_COMMAND_OK, sql);
}

void PgConnection::execute(const char* sql, const std::vector<std::string>& params) {
    std::vector<const char*> texts;
    for (const auto& param : params)
        texts.push_back(param.c_str());
    if (PQsendQueryParams(connection_.get(), sql, static_cast<int>(texts.size()), nullptr,
                          texts.data(), nullptr, nullptr, 0) == 0) {
        fail(nullptr, "statement");
    }
    check(answer(), PGRES_COMMAND_OK, "statement");
}

std::vector<std::string> PgConnection::column(const char* sql) {
    if (PQsendQuery(connection_.get(), sql) == 0) fail(nullptr, sql);
    const auto result = answer();
    check(result, PGRES_TUPLES_OK, sql);
    std::vector<std::string> values;
    for (int row = 0; row < PQntuples(result.get()); ++row)
        values.emplace_back(PQgetvalue(result.get(), row, 0));
    return values;
}

PgConnection::ResultPtr PgConnection::binary_rows(const char* sql,
                                                  const std::vector<Param>& params) {
    std::vector<const char*> texts;
    for (const auto& param : params)
        texts.push_back(param ? param->c_str() : nullptr);
    if (PQsendQueryParams(connection_.get(), sql, static_cast<int>(texts.size()), nullptr,
                          texts.data(), nullptr, nullptr, 1) == 0) {
        fail(nullptr, sql);
    }
    auto result = answer();
    check(result, PGRES_TUPLES_OK, sql);
    return result;
}

void PgConnection::copy(const char* sql, std::string_view bytes) {
    if (PQsendQuery(connection_.get(), sql) == 0) fail(nullptr, sql);
    check(answer(), PGRES_COPY_IN, sql);
    while (!bytes.empty()) {
        const auto piece = bytes.substr(0, copy_piece_bytes_max);
        const int taken =
            PQputCopyData(connection_.get(), piece.data(), static_cast<int>(piece.size()));
        if (taken < 0) fail(nullptr, "copy");
        if (taken == 1) bytes.remove_prefix(piece.size());
        send();
    }
    while (const int ended = PQputCopyEnd(connection_.get(), nullptr) - 1) {
        if (ended < -1) fail(nullptr, "copy");
        send();
    }
    check(answer(), PGRES_COMMAND_OK, "copy");
}

void PgConnection::begin_flights() {
    if (PQenterPipelineMode(connection_.get()) == 0) fail(nullptr, "pipeline");
}

void PgConnection::check_noted(int noted) {
    if (noted == 0) fail(nullptr, "statement");
}

void PgConnection::note_prepare(const std::string& name, const char* sql) {
    check_noted(PQsendPrepare(connection_.get(), name.c_str(), sql, 0, nullptr));
}

void PgConnection::note_prepared(const std::string& name, const std::vector<Param>& params,
                                 bool binary) {
    std::vector<const char*> texts;
    texts.reserve(params.size());
    for (const auto& param : params)
        texts.push_back(param ? param->c_str() : nullptr);
    check_noted(PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(texts.size()),
                                    texts.data(), nullptr, nullptr, binary ? 1 : 0));
}

void PgConnection::note(const char* sql) {
    check_noted(
        PQsendQueryParams(connection_.get(), sql, 0, nullptr, nullptr, nullptr, nullptr, 0));
}

void PgConnection::take_off() {
    check_noted(PQpipelineSync(connection_.get()));
    send();
}

// Each answer ends with none. After the last words of a backend comes the end of its connection.
PgConnection::ResultPtr PgConnection::next_answer() {
    auto result = next_result();
    if (result == nullptr) throw Unavailable(PQerrorMessage(connection_.get()));
    while (next_result() != nullptr) {
    }
    if (PQstatus(connection_.get()) != CONNECTION_OK)
        throw Unavailable(PQresultErrorMessage(result.get()));
    return result;
}

void PgConnection::land() {
    const auto result = next_result();
    if (PQresultStatus(result.get()) != PGRES_PIPELINE_SYNC)
        throw Unavailable(std::string("land: ") + PQerrorMessage(connection_.get()));
}

BinaryCopy::BinaryCopy() {
    clear();
}

void BinaryCopy::clear() {
    bytes_.assign(copy_signature);
    big_endian(std::int32_t{0});  // flags
    big_endian(std::int32_t{0});  // header extension
}

template <std::integral... T>
void BinaryCopy::big_endian(T... values) {
    char* at = grow((sizeof values + ...));
    ((at = put(at, values)), ...);
}

char* BinaryCopy::grow(std::size_t size) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + size);
    return bytes_.data() + at;
}

void BinaryCopy::begin_row(std::int16_t columns) {
    big_endian(columns);
}

void BinaryCopy::timestamptz(base::Instant instant) {
    big_endian(std::int32_t{8}, std::int64_t{base::epoch_us(instant) - postgres_epoch_us});
}

void BinaryCopy::int4(std::int32_t value) {
    big_endian(std::int32_t{4}, value);
}

void BinaryCopy::float8_array(const std::vector<double>& values) {
    constexpr std::int32_t head_bytes = 12;      // dimensions, whether any is NULL, type
    constexpr std::int32_t dimension_bytes = 8;  // how many, and the first one's number
    std::int32_t size = head_bytes + (values.empty() ? 0 : dimension_bytes);
    std::int32_t has_null = 0;
    for (const double value : values) {
        const bool absent = std::isnan(value);
        size += absent ? 4 : 12;
        has_null |= absent ? 1 : 0;
    }
    const std::int32_t dimensions = values.empty() ? 0 : 1;
    big_endian(size, dimensions, has_null, float8_oid);
    if (values.empty()) return;
    constexpr std::int32_t lower_bound = 1;
    big_endian(static_cast<std::int32_t>(values.size()), lower_bound);
    char* at = grow(static_cast<std::size_t>(size - head_bytes - dimension_bytes));
    for (const double value : values) {
        if (std::isnan(value)) {
            at = put(at, std::int32_t{-1});
        } else {
            at = put(put(at, std::int32_t{8}), std::bit_cast<std::int64_t>(value));
        }
    }
}

void BinaryCopy::bytea(std::string_view bytes) {
    big_endian(static_cast<std::int32_t>(bytes.size()));
    bytes_ += bytes;
}

std::string_view BinaryCopy::finish() {
    big_endian(std::int16_t{-1});
    return bytes_;
}

}  // namespace vigie::store
