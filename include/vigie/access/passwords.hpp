// Passwords are kept as Argon2id (libsodium) and never seen again.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "vigie/base/result.hpp"

namespace vigie::access {

inline constexpr std::size_t password_chars_min = 12;
inline constexpr std::size_t password_bytes_max = 1'024;

// What one guess costs. The default is libsodium's "interactive": 64 MiB, about 60 ms.
struct PasswordCost {
    unsigned long long operations{2};
    std::size_t memory_bytes{64UL * 1024 * 1024};
    static PasswordCost lowest() { return {1, 8'192}; }  // for tests
};

// Long enough, not too long, UTF-8. `pointer` is where it stood in the request.
[[nodiscard]] base::Result<void> check_password(std::string_view password,
                                                std::string_view pointer = "/password");

// Takes tens of milliseconds: never on an io thread. Throws std::bad_alloc without memory.
[[nodiscard]] std::string hash_password(std::string_view password, const PasswordCost& cost);
[[nodiscard]] bool password_fits(const std::string& hash, std::string_view password);
[[nodiscard]] bool wants_new_hash(const std::string& hash, const PasswordCost& cost);

// Four groups of five letters and digits (99 bits) without those that look alike.
[[nodiscard]] std::string random_password();

// 256 random bits for a cookie or a token, in base64url. Only its digest is kept.
[[nodiscard]] std::string random_secret();
[[nodiscard]] std::string secret_hash(std::string_view secret);

}  // namespace vigie::access
