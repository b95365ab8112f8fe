#include "vigie/base/text.hpp"

#include <charconv>
#include <cmath>

namespace vigie::base {

namespace {

struct Decoded {
    char32_t point{};
    std::size_t length{};  // 0: not UTF-8
};

unsigned byte_at(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

Decoded decode(std::string_view text, std::size_t at) {
    const unsigned first = byte_at(text, at);
    if (first < 0x80) return {first, 1};
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return {};
    char32_t point = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        const unsigned next = byte_at(text, at + i);
        if ((next & 0xC0U) != 0x80U) return {};
        point = (point << 6U) | (next & 0x3FU);
    }
    const bool over_long = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (over_long || surrogate || point > 0x10FFFF) return {};
    return {point, length};
}

// The Latin letters of French and its neighbours, without their marks. Empty: not one of them.
std::string_view base_letter(char32_t c) {
    if (c >= 0xC0 && c <= 0xDE && c != 0xD7) c += 0x20;  // capitals of Latin-1
    if (c >= 0xE0 && c <= 0xE5) return "a";
    if (c >= 0xE8 && c <= 0xEB) return "e";
    if (c >= 0xEC && c <= 0xEF) return "i";
    if (c >= 0xF2 && c <= 0xF6) return "o";
    if (c >= 0xF9 && c <= 0xFC) return "u";
    switch (c) {
        case 0xE6:
            return "ae";
        case 0xE7:
            return "c";
        case 0xF1:
            return "n";
        case 0xF8:
            return "o";
        case 0xFD:
        case 0xFF:
            return "y";
        case 0x152:
        case 0x153:
            return "oe";
        default:
            return {};
    }
}

}  // namespace

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = decode(text, at).length;
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    auto end = bytes_max;
    while (end > 0 && (byte_at(text, end) & 0xC0U) == 0x80U)
        --end;
    return text.substr(0, end);
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::optional<double> parse_double(std::string_view text) {
    double value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

std::optional<std::int64_t> parse_int(std::string_view text) {
    std::int64_t value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string folded(std::string_view utf8) {
    std::string out;
    bool gap = false;
    const auto put = [&](std::string_view letters) {
        if (gap && !out.empty()) out += ' ';
        gap = false;
        out += letters;
    };
    for (std::size_t at = 0; at < utf8.size();) {
        const auto [point, length] = decode(utf8, at);
        if (length == 0) {
            ++at;
            gap = true;
            continue;
        }
        const char lower = static_cast<char>(point >= 'A' && point <= 'Z' ? point + 32 : point);
        const bool plain =
            point < 0x80 && ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9'));
        if (plain) {
            put(std::string_view(&lower, 1));
        } else if (const auto letters = base_letter(point); !letters.empty()) {
            put(letters);
        } else if (point < 0xC0 || (point >= 0x2000 && point < 0x2070)) {  // blanks, dashes, quotes
            gap = true;
        } else {
            put(utf8.substr(at, length));
        }
        at += length;
    }
    return out;
}

bool is_code(std::string_view text) {
    if (text.empty() || text.size() > 64 || text.front() == '.' || text.front() == '-')
        return false;
    return text.find_first_not_of(
               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:") ==
           std::string_view::npos;
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        hex += digits[static_cast<unsigned char>(c) >> 4U];
        hex += digits[static_cast<unsigned char>(c) & 15U];
    }
    return hex;
}

}  // namespace vigie::base
