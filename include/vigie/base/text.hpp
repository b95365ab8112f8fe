// Small questions about text. No locale is consulted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vigie::base {

// Well-formed UTF-8 without surrogates or over-long forms (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view text);

// The beginning, of at most that many bytes and not ending within a character.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);

[[nodiscard]] std::string_view trimmed(std::string_view text);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

// The whole text must be the number. Decimal points only: "1,5" is not a number here.
[[nodiscard]] std::optional<double> parse_double(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parse_int(std::string_view text);

// Lower case, accents of Latin letters removed, punctuation as single spaces: for searching, never
// for display.
[[nodiscard]] std::string folded(std::string_view utf8);

// 1 to 64 of A-Z a-z 0-9 - _ . : and not starting with '.' or '-': what codes of assets, kinds,
// crews look like.
[[nodiscard]] bool is_code(std::string_view text);

[[nodiscard]] std::string to_hex(std::string_view bytes);

}  // namespace vigie::base
