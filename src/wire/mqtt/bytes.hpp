// Reading and writing the primitive forms of MQTT (chapter 1.5).
#pragma once

#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>

#include "vigie/wire/mqtt/types.hpp"

namespace vigie::wire::mqtt {

// Takes from the front of a view. A read beyond the end, or a variable byte integer that is not
// well-formed, gives zero or nothing and leaves the reader failed for good: ask ok() once, at the
// end.
class Reader {
public:
    explicit Reader(std::string_view bytes)
        : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool at_end() const { return at_ == end_; }
    [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

    std::uint8_t byte() {
        if (left() < 1) return fail();
        return static_cast<std::uint8_t>(*at_++);
    }
    std::uint16_t two_bytes() {
        if (left() < 2) return fail();
        const auto value = static_cast<std::uint16_t>((octet(0) << 8U) | octet(1));
        at_ += 2;
        return value;
    }
    std::uint32_t four_bytes() {
        if (left() < 4) return fail();
        const std::uint32_t value =
            (octet(0) << 24U) | (octet(1) << 16U) | (octet(2) << 8U) | octet(3);
        at_ += 4;
        return value;
    }
    std::uint32_t variable() {
        std::uint32_t value = 0;
        for (unsigned shift = 0; shift <= 21; shift += 7) {
            const std::uint8_t next = byte();
            value |= (next & 0x7FU) << shift;
            if ((next & 0x80U) != 0) continue;
            // [MQTT-1.5.5-1] in the fewest bytes.
            if (shift > 0 && next == 0) return fail();
            return value;
        }
        return fail();
    }
    std::string_view bytes(std::size_t count) {
        if (left() < count) {
            fail();
            return {};
        }
        const std::string_view taken{at_, count};
        at_ += count;
        return taken;
    }
    // Text or binary: two bytes of length, then as many bytes.
    std::string_view field() { return bytes(two_bytes()); }
    std::string_view rest() { return bytes(left()); }

private:
    [[nodiscard]] std::uint32_t octet(std::size_t i) const {
        return static_cast<unsigned char>(at_[i]);
    }
    std::uint8_t fail() {
        ok_ = false;
        at_ = end_;
        return 0;
    }
    const char* at_;
    const char* end_;
    bool ok_{true};
};

inline void put_byte(std::string& out, unsigned value) {
    out.push_back(static_cast<char>(value));
}

inline void put_two_bytes(std::string& out, unsigned value) {
    const char bytes[] = {static_cast<char>(value >> 8U), static_cast<char>(value)};
    out.append(bytes, sizeof bytes);
}

inline void put_four_bytes(std::string& out, std::uint32_t value) {
    put_two_bytes(out, value >> 16U);
    put_two_bytes(out, value & 0xFFFFU);
}

inline void put_variable(std::string& out, std::size_t value) {
    assert(value <= remaining_length_max);
    while (value >= 0x80) {
        put_byte(out, static_cast<unsigned>(value & 0x7FU) | 0x80U);
        value >>= 7U;
    }
    put_byte(out, static_cast<unsigned>(value));
}

inline void put_field(std::string& out, std::string_view value) {
    assert(value.size() <= field_bytes_max);
    put_two_bytes(out, static_cast<unsigned>(value.size()));
    out.append(value);
}

[[nodiscard]] constexpr std::size_t variable_bytes(std::size_t value) {
    return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20'0000 ? 3 : 4;
}

[[nodiscard]] constexpr std::size_t field_bytes(std::string_view value) {
    return 2 + value.size();
}

inline constexpr std::size_t reason_string_bytes_max = 1'024;

// A reason string of bearable length, cut between characters.
[[nodiscard]] inline std::string_view clipped_text(std::string_view text) {
    if (text.size() <= reason_string_bytes_max) return text;
    std::size_t end = reason_string_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    return text.substr(0, end);
}

}  // namespace vigie::wire::mqtt
