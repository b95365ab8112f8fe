// Parameters of statements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "vigie/base/time.hpp"

namespace vigie::store {

// A parameter travels as text; nothing is NULL. Cast in SQL where the type is not obvious
// ($1::timestamptz).
using Param = std::optional<std::string>;
inline Param to_param(std::nullopt_t) {
    return std::nullopt;
}
inline Param to_param(std::string text) {
    return text;
}
inline Param to_param(std::string_view text) {
    return std::string(text);
}
inline Param to_param(const char* text) {
    return std::string(text);
}
inline Param to_param(bool value) {
    return value ? "t" : "f";
}
template <typename T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
Param to_param(T value) {
    return std::to_string(value);
}
Param to_param(double value);                             // round-trips
Param to_param(base::Instant instant);                    // RFC 3339
Param to_param(const std::vector<std::string>& values);   // text[]
Param to_param(const std::vector<std::int64_t>& values);  // bigint[]
Param to_param(const std::vector<double>& values);        // float8[], NaN becomes NULL
template <typename T>
Param to_param(const std::optional<T>& value) {
    return value ? to_param(*value) : std::nullopt;
}

}  // namespace vigie::store
