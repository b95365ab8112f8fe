// Bytes written as people read them, for the MQTT tests.
#pragma once

#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>

namespace vigie::wire::mqtt {

// "10 02 'MQTT' 05": pairs of hexadecimal digits, and text between apostrophes.
inline std::string bytes(std::string_view text) {
    const auto digit = [](char c) {
        return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ' ') continue;
        if (text[i] == '\'') {
            const std::size_t end = text.find('\'', i + 1);
            out.append(text.substr(i + 1, end - i - 1));
            i = end;
            continue;
        }
        out.push_back(static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1])));
        ++i;
    }
    return out;
}

inline std::string shown(std::string_view raw) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : raw) {
        const auto value = static_cast<unsigned char>(c);
        out.push_back(digits[value >> 4U]);
        out.push_back(digits[value & 15U]);
        out.push_back(' ');
    }
    return out;
}

}  // namespace vigie::wire::mqtt
