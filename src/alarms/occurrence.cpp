#include "vigie/alarms/occurrence.hpp"

#include <sodium/crypto_generichash.h>

#include <array>
#include <cstring>

#include "vigie/base/text.hpp"

namespace vigie::alarms {

std::string alarm_id(std::string_view asset_code, std::string_view rule, base::Instant raised_at) {
    // Neither codes nor rules hold a NUL: the text is unambiguous.
    std::string text(asset_code);
    text += '\0';
    text += rule;
    text += '\0';
    text += std::to_string(base::epoch_us(raised_at));
    std::array<unsigned char, 16> hash{};
    std::string bytes(hash.size(), '\0');
    const std::basic_string<unsigned char> input(text.begin(), text.end());
    crypto_generichash(hash.data(), hash.size(), input.data(), input.size(), nullptr, 0);
    std::memcpy(bytes.data(), hash.data(), hash.size());
    return base::to_hex(bytes);
}

}  // namespace vigie::alarms
