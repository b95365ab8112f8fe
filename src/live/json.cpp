#include "vigie/live/json.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace vigie::live::json {

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
