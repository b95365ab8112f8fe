// FNV-1a, 64 bits (RFC 9923): the same on every machine and in every release. No protection against
// whoever looks for two texts that come to the same.
#pragma once

#include <cstdint>
#include <string_view>

namespace vigie::base {

inline constexpr std::uint64_t fnv_begin = 0xCBF2'9CE4'8422'2325;

// `from`: of what came before this text.
[[nodiscard]] constexpr std::uint64_t fnv_1a(std::string_view text,
                                             std::uint64_t from = fnv_begin) {
    for (const char c : text)
        from = (from ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3;
    return from;
}

}  // namespace vigie::base
