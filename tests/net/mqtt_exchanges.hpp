// The exchanges of mqtt_exchanges.txt and their notation, for those who play them.
#pragma once

#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/wire/mqtt_bytes.hpp"
#include "vigie/wire/mqtt/packets.hpp"

namespace vigie::net {

struct Exchange {
    std::string name;
    wire::mqtt::Version version{};
    std::vector<std::string> lines;
};

inline void PrintTo(const Exchange& exchange, std::ostream* out) {
    *out << exchange.name;
}

inline std::vector<Exchange> read_exchanges(
    const std::string& path = "/tests/net/mqtt_exchanges.txt") {
    using wire::mqtt::Version;
    std::ifstream file(std::string(VIGIE_SOURCE_DIR) + path);
    std::vector<Exchange> all;
    std::string line;
    std::vector<Version> versions;
    std::size_t open = 0;
    while (std::getline(file, line)) {
        const auto first = line.find_first_not_of(' ');
        if (first == std::string::npos || line[first] == '#') continue;
        line.erase(0, first);
        std::istringstream words(line);
        std::string word;
        words >> word;
        if (word != "case") {
            for (std::size_t i = all.size() - open; i < all.size(); ++i)
                all[i].lines.push_back(line);
            continue;
        }
        std::string name;
        std::string only;
        words >> name >> only;
        versions = {Version::v3_1_1, Version::v5};
        if (!only.empty()) versions = {only == "v5" ? Version::v5 : Version::v3_1_1};
        open = versions.size();
        for (const Version version : versions)
            all.push_back({name, version, {}});
    }
    return all;
}

// What is sent for a text of a packet that begins with that byte; without, the text itself.
using ExchangeWords = std::function<std::string(unsigned char first_byte, std::string_view text)>;

// As mqtt::bytes(), with three lengths counted here: "text" is preceded by two bytes of it, { } by
// the remaining length, ( ) by the length of properties.
class ExchangePackets {
public:
    explicit ExchangePackets(ExchangeWords words = {}) : words_(std::move(words)) {}

    [[nodiscard]] std::string bytes(std::string_view text) {
        text_ = text;
        at_ = 0;
        return until('\0', true);
    }

private:
    std::string until(char end, bool outside) {
        std::string out;
        while (at_ < text_.size() && text_[at_] != end) {
            const char c = text_[at_];
            if (c == '{' || c == '(') {
                if (outside && !out.empty()) first_byte_ = static_cast<unsigned char>(out.back());
                ++at_;
                const std::string inner = until(c == '{' ? '}' : ')', false);
                out += varint(inner.size()) + inner;
            } else if (c == '"' || c == '\'') {
                out += quoted(c);
            } else if (c != ' ') {
                out += wire::mqtt::bytes(text_.substr(at_, 2));
                ++at_;
            }
            ++at_;
        }
        return out;
    }

    std::string quoted(char quote) {
        const std::size_t close = text_.find(quote, at_ + 1);
        std::string raw(text_.substr(at_ + 1, close - at_ - 1));
        at_ = close;
        if (words_) raw = words_(first_byte_, raw);
        if (quote == '\'') return raw;
        std::string out{static_cast<char>(raw.size() >> 8U), static_cast<char>(raw.size() & 0xFFU)};
        return out + raw;
    }

    static std::string varint(std::size_t value) {
        std::string out;
        do {
            const auto low = static_cast<unsigned char>(value & 0x7FU);
            value >>= 7U;
            out.push_back(static_cast<char>(value != 0 ? low | 0x80U : low));
        } while (value != 0);
        return out;
    }

    ExchangeWords words_;
    std::string_view text_;
    std::size_t at_{};
    unsigned char first_byte_{};
};

// "hello", with "kept" and "present": CONNECT as nearly everybody sends it, and its answer.
struct Greeting {
    std::string connect;
    std::string connack;
};

inline Greeting greeting_of(const std::string& how, wire::mqtt::Version version) {
    const bool kept = how.find("kept") != std::string::npos;
    const std::string present = how.find("present") != std::string::npos ? "01" : "00";
    const std::string flags = kept ? "c0" : "c2";
    if (version != wire::mqtt::Version::v5) {
        return {"10 {\"MQTT\" 04 " + flags + " 003c \"a\" \"owner\" \"pw\"}",
                "20 02 " + present + " 00"};
    }
    const std::string expiry = kept ? "11 0000003c" : "";
    return {"10 {\"MQTT\" 05 " + flags + " 003c (" + expiry + ") \"a\" \"owner\" \"pw\"}",
            "20 {" + present + " 00 (21 03e8 25 00 27 00040000 22 0040 29 00 2a 00)}"};
}

}  // namespace vigie::net
