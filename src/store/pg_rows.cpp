#include "store/pg_rows.hpp"

#include <bit>
#include <charconv>
#include <stdexcept>

#include "store/binary_field.hpp"

namespace vigie::store {

class Rows::Impl {
public:
    explicit Impl(PgConnection::ResultPtr found) : result(std::move(found)) {}
    PgConnection::ResultPtr result;

    // Columns are few: looking through them is quicker than what the library does.
    [[nodiscard]] int column(std::string_view name) const {
        const int columns = PQnfields(result.get());
        for (int i = 0; i < columns; ++i) {
            if (name == PQfname(result.get(), i)) return i;
        }
        throw std::logic_error("no column " + std::string(name));
    }
};

namespace {

class PgRow final : public Row {
public:
    PgRow(std::shared_ptr<const Rows::Impl> rows, int index)
        : rows_(std::move(rows)), index_(index) {}
    bool is_null(const char* column) const override {
        return PQgetisnull(rows_->result.get(), index_, rows_->column(column)) != 0;
    }
    std::string_view text(const char* column) const override {
        const auto* result = rows_->result.get();
        const int number = rows_->column(column);
        return {PQgetvalue(result, index_, number),
                static_cast<std::size_t>(PQgetlength(result, index_, number))};
    }
    bool is_binary() const override { return PQbinaryTuples(rows_->result.get()) != 0; }

private:
    std::shared_ptr<const Rows::Impl> rows_;
    int index_;
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
    if (is_binary()) {
        if (found.size() == 8) return big_endian_at<std::int64_t>(found.data());
        if (found.size() == 4) return big_endian_at<std::int32_t>(found.data());
        unexpected_null(column);
    }
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
    if (is_binary()) {
        if (found.size() != 8) unexpected_null(column);
        return std::bit_cast<double>(big_endian_at<std::int64_t>(found.data()));
    }
    double value{};
    const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), value);
    if (error != std::errc{} || end != found.data() + found.size()) unexpected_null(column);
    return value;
}

template <>
bool Row::get<bool>(const char* column) const {
    const auto found = text(column);
    if (is_null(column)) unexpected_null(column);
    return is_binary() ? found[0] != 0 : found == "t";
}

// Every session is set to UTC and ISO style: "2026-11-22 18:04:05.12+00".
template <>
base::Instant Row::get<base::Instant>(const char* column) const {
    if (is_binary()) return base::from_epoch_us(get<std::int64_t>(column) + database_epoch_us);
    std::string iso(text(column));
    if (iso.ends_with("+00")) iso.replace(iso.size() - 3, 3, "Z");
    const auto instant = base::parse_rfc3339(iso);
    if (!instant) unexpected_null(column);
    return *instant;
}

template <>
OptionalValues Row::get<OptionalValues>(const char* column) const {
    if (is_null(column) || !is_binary()) unexpected_null(column);
    return optional_values_at(text(column).data());
}

Rows::Rows(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
std::size_t Rows::size() const {
    return static_cast<std::size_t>(PQntuples(impl_->result.get()));
}
std::size_t Rows::affected() const {
    const std::string_view count = PQcmdTuples(impl_->result.get());
    std::size_t rows = 0;
    std::from_chars(count.data(), count.data() + count.size(), rows);
    return rows;
}
std::shared_ptr<const Row> Rows::at(std::size_t index) const {
    return std::make_shared<PgRow>(impl_, static_cast<int>(index));
}
Rows::Iterator Rows::begin() const {
    return {*this, 0};
}
Rows::Iterator Rows::end() const {
    return {*this, size()};
}

Rows rows_of(PgConnection::ResultPtr result) {
    return Rows(std::make_shared<Rows::Impl>(std::move(result)));
}

}  // namespace vigie::store
