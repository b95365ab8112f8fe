// Fields as PostgreSQL sends them in its binary format.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

namespace vigie::store {

inline constexpr std::int64_t database_epoch_us = 946'684'800'000'000;  // 2000-01-01

template <typename T>
T big_endian_at(const char* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
    return value;
}

// Calls `number(value)` and `nothing()` for the elements of a float8[]: dimensions, flags, element
// type, then length and bounds, then each element with its size, -1 for NULL.
template <typename Number, typename Nothing>
void each_float8_at(const char* bytes, Number&& number, Nothing&& nothing) {
    if (big_endian_at<std::int32_t>(bytes) == 0) return;
    const auto count = big_endian_at<std::int32_t>(bytes + 12);
    bytes += 20;
    for (std::int32_t i = 0; i < count; ++i) {
        const auto size = big_endian_at<std::int32_t>(bytes);
        bytes += 4;
        if (size < 0) {
            nothing();
        } else {
            number(std::bit_cast<double>(big_endian_at<std::int64_t>(bytes)));
            bytes += 8;
        }
    }
}

inline std::vector<std::optional<double>> optional_values_at(const char* bytes) {
    std::vector<std::optional<double>> values;
    each_float8_at(
        bytes, [&values](double value) { values.emplace_back(value); },
        [&values] { values.emplace_back(); });
    return values;
}

// NaN is absent.
inline std::vector<double> values_at(const char* bytes) {
    std::vector<double> values;
    each_float8_at(
        bytes, [&values](double value) { values.push_back(value); },
        [&values] { values.push_back(std::numeric_limits<double>::quiet_NaN()); });
    return values;
}

}  // namespace vigie::store
