// What a statement answers.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/time.hpp"

namespace vigie::store {

using OptionalValues = std::vector<std::optional<double>>;  // a float8[] of a binary statement

// One row of an answer. Columns are asked for by name; a missing column is a programmer's error and
// throws. T: std::string, std::int64_t, std::int32_t, double, bool, base::Instant, OptionalValues.
class Row {
public:
    virtual ~Row() = default;
    template <typename T>
    [[nodiscard]] T get(const char* column) const;  // throws on NULL
    template <typename T>
    [[nodiscard]] std::optional<T> maybe(const char* column) const {
        return is_null(column) ? std::nullopt : std::optional<T>(get<T>(column));
    }
    [[nodiscard]] virtual bool is_null(const char* column) const = 0;
    // What PostgreSQL sent: text, or of a binary statement (Query) its binary format, in which a
    // bytea is its bytes. Empty for NULL. Valid as long as the Rows it came from.
    [[nodiscard]] virtual std::string_view text(const char* column) const = 0;
    [[nodiscard]] virtual bool is_binary() const = 0;
};

template <>
std::string Row::get<std::string>(const char* column) const;
template <>
std::int64_t Row::get<std::int64_t>(const char* column) const;
template <>
std::int32_t Row::get<std::int32_t>(const char* column) const;
template <>
double Row::get<double>(const char* column) const;
template <>
bool Row::get<bool>(const char* column) const;
template <>
base::Instant Row::get<base::Instant>(const char* column) const;
template <>
OptionalValues Row::get<OptionalValues>(const char* column) const;

class Rows {
public:
    class Impl;
    explicit Rows(std::shared_ptr<const Impl> impl);
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::size_t affected() const;
    // A row stays valid as long as any copy of it lives.
    [[nodiscard]] std::shared_ptr<const Row> at(std::size_t index) const;
    // for (const Row& row : rows)
    class Iterator;
    [[nodiscard]] Iterator begin() const;
    [[nodiscard]] Iterator end() const;

private:
    std::shared_ptr<const Impl> impl_;
};

class Rows::Iterator {
public:
    Iterator(const Rows& rows, std::size_t index) : rows_(&rows), index_(index) {}
    const Row& operator*() {
        row_ = rows_->at(index_);
        return *row_;
    }
    Iterator& operator++() {
        ++index_;
        return *this;
    }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

private:
    const Rows* rows_;
    std::size_t index_;
    std::shared_ptr<const Row> row_;
};

}  // namespace vigie::store
