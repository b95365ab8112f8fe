#include "vigie/live/json.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace vigie::live::json {

namespace {

// Most of what devices measure has three decimals at most, and charts are made of it: this is
// several times as quick as the general way. A decimal of no more than 15 digits that means this
// value is the shortest that does, for no two of those mean the same.
bool append_thousandths(std::string& out, double value) {
    constexpr double value_max = 1e12;
    constexpr std::uint64_t scale = 1'000;
    if (std::abs(value) >= value_max || value == 0) return false;
    const auto thousandths = std::llrint(value * static_cast<double>(scale));
    if (static_cast<double>(thousandths) / static_cast<double>(scale) != value) return false;
    const auto size = static_cast<std::uint64_t>(std::abs(thousandths));
    if (value < 0) out += '-';
    append_integer(out, static_cast<std::int64_t>(size / scale));
    const auto fraction = size % scale;
    if (fraction == 0) return true;
    const std::array<char, 4> text{'.', static_cast<char>('0' + fraction / 100),
                                   static_cast<char>('0' + fraction / 10 % 10),
                                   static_cast<char>('0' + fraction % 10)};
    out.append(text.data(), fraction % 100 == 0 ? 2 : fraction % 10 == 0 ? 3 : 4);
    return true;
}

}  // namespace

void append_text(std::string& out, std::string_view text) {
    static constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            out += "\\u00";
            out += digits[byte >> 4U];
            out += digits[byte & 0xFU];
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_number(std::string& out, double value) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    if (append_thousandths(out, value)) return;
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.begin(), text.end(), value).ptr;
    out.append(text.begin(), end);
}

void append_integer(std::string& out, std::int64_t value) {
    std::array<char, 24> text{};
    const auto end = std::to_chars(text.begin(), text.end(), value).ptr;
    out.append(text.begin(), end);
}

void append_instant(std::string& out, base::Instant instant) {
    out += '"';
    out += base::to_rfc3339(instant);
    out += '"';
}

}  // namespace vigie::live::json
