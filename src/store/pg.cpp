#include "store/pg.hpp"

#include <bit>
#include <cmath>
#include <cstring>

namespace vigie::store {

namespace {

constexpr std::string_view copy_signature{"PGCOPY\n\xff\r\n\0", 11};
constexpr std::int64_t postgres_epoch_us = 946'684'800'000'000;  // 2000-01-01
constexpr std::int32_t float8_oid = 701;

bool state_means_away(std::string_view state) {
    return state.empty() || state.starts_with("57P") || state.starts_with("08") ||
           state.starts_with("53");
}

}  // namespace

PgConnection::PgConnection(const std::string& url)
    : connection_(PQconnectdb(url.c_str()), &PQfinish) {
    if (PQstatus(connection_.get()) != CONNECTION_OK)
        throw Unavailable(PQerrorMessage(connection_.get()));
}

void PgConnection::fail(const PGresult* result, const char* what) {
    const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const std::string text = std::string(what) + ": " + PQerrorMessage(connection_.get());
    if (PQstatus(connection_.get()) != CONNECTION_OK || state == nullptr ||
        state_means_away(state)) {
        throw Unavailable(text);
    }
    throw Refused(text, state);
}

void PgConnection::check(const ResultPtr& result, ExecStatusType expected, const char* what) {
    const auto status = PQresultStatus(result.get());
    if (status == expected || (expected == PGRES_COMMAND_OK && status == PGRES_TUPLES_OK)) return;
    fail(result.get(), what);
}

void PgConnection::execute(const char* sql) {
    const ResultPtr result(PQexec(connection_.get(), sql), &PQclear);
    check(result, PGRES_COMMAND_OK, sql);
}

void PgConnection::execute(const char* sql, const std::vector<std::string>& params) {
    std::vector<const char*> texts;
    for (const auto& param : params)
        texts.push_back(param.c_str());
    const ResultPtr result(PQexecParams(connection_.get(), sql, static_cast<int>(texts.size()),
                                        nullptr, texts.data(), nullptr, nullptr, 0),
                           &PQclear);
    check(result, PGRES_COMMAND_OK, "statement");
}

std::vector<std::string> PgConnection::column(const char* sql) {
    const ResultPtr result(PQexec(connection_.get(), sql), &PQclear);
    check(result, PGRES_TUPLES_OK, sql);
    std::vector<std::string> values;
    for (int row = 0; row < PQntuples(result.get()); ++row)
        values.emplace_back(PQgetvalue(result.get(), row, 0));
    return values;
}

void PgConnection::copy(const char* sql, std::string_view bytes) {
    {
        const ResultPtr begun(PQexec(connection_.get(), sql), &PQclear);
        check(begun, PGRES_COPY_IN, sql);
    }
    if (PQputCopyData(connection_.get(), bytes.data(), static_cast<int>(bytes.size())) != 1 ||
        PQputCopyEnd(connection_.get(), nullptr) != 1) {
        fail(nullptr, "copy");
    }
    const ResultPtr ended(PQgetResult(connection_.get()), &PQclear);
    while (PGresult* rest = PQgetResult(connection_.get()))
        PQclear(rest);
    check(ended, PGRES_COMMAND_OK, "copy");
}

BinaryCopy::BinaryCopy() {
    clear();
}

void BinaryCopy::clear() {
    bytes_.assign(copy_signature);
    big_endian(std::int32_t{0});  // flags
    big_endian(std::int32_t{0});  // header extension
}

template <typename T>
void BinaryCopy::big_endian(T value) {
    if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
}

void BinaryCopy::begin_row(std::int16_t columns) {
    big_endian(columns);
}

void BinaryCopy::timestamptz(base::Instant instant) {
    big_endian(std::int32_t{8});
    big_endian(std::int64_t{base::epoch_us(instant) - postgres_epoch_us});
}

void BinaryCopy::int4(std::int32_t value) {
    big_endian(std::int32_t{4});
    big_endian(value);
}

void BinaryCopy::float8_array(const std::vector<double>& values) {
    std::int32_t size = values.empty() ? 12 : 20;
    std::int32_t has_null = 0;
    for (const double value : values) {
        const bool absent = std::isnan(value);
        size += absent ? 4 : 12;
        has_null |= absent ? 1 : 0;
    }
    big_endian(size);
    big_endian(std::int32_t{values.empty() ? 0 : 1});  // dimensions
    big_endian(has_null);
    big_endian(float8_oid);
    if (values.empty()) return;
    big_endian(static_cast<std::int32_t>(values.size()));
    big_endian(std::int32_t{1});  // lower bound
    for (const double value : values) {
        if (std::isnan(value)) {
            big_endian(std::int32_t{-1});
        } else {
            big_endian(std::int32_t{8});
            big_endian(std::bit_cast<std::int64_t>(value));
        }
    }
}

std::string_view BinaryCopy::finish() {
    big_endian(std::int16_t{-1});
    return bytes_;
}

}  // namespace vigie::store
