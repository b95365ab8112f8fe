#include "vigie/access/passwords.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <new>

#include "vigie/base/text.hpp"

namespace vigie::access {

namespace {

constexpr std::string_view password_letters = "23456789abcdefghjkmnpqrstuvwxyz";  // no 0 o 1 i l
constexpr int secret_alphabet = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

std::size_t password_chars(std::string_view utf8) {
    return static_cast<std::size_t>(std::ranges::count_if(
        utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

base::Result<void> check_password(std::string_view password, std::string_view pointer) {
    const auto refuse = [&](std::string en, std::string fr) {
        return base::fail_at(base::Errc::invalid, std::string(pointer), std::move(en),
                             std::move(fr));
    };
    if (!base::is_utf8(password)) return refuse("not UTF-8", "pas de l'UTF-8");
    if (password_chars(password) < password_chars_min) {
        const std::string min = std::to_string(password_chars_min);
        return refuse("must have at least " + min + " characters",
                      "doit avoir au moins " + min + " caractères");
    }
    if (password.size() > password_bytes_max) {
        const std::string max = std::to_string(password_bytes_max);
        return refuse("must have at most " + max + " bytes",
                      "doit avoir au plus " + max + " octets");
    }
    return {};
}

std::string hash_password(std::string_view password, const PasswordCost& cost) {
    std::array<char, crypto_pwhash_STRBYTES> hash{};
    if (crypto_pwhash_str(hash.data(), password.data(), password.size(), cost.operations,
                          cost.memory_bytes) != 0)
        throw std::bad_alloc();
    return hash.data();
}

bool password_fits(const std::string& hash, std::string_view password) {
    return password.size() <= password_bytes_max &&
           crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

bool wants_new_hash(const std::string& hash, const PasswordCost& cost) {
    return crypto_pwhash_str_needs_rehash(hash.c_str(), cost.operations, cost.memory_bytes) != 0;
}

std::string random_password() {
    std::string password;
    for (int i = 0; i < 20; ++i) {
        if (i > 0 && i % 5 == 0) password += '-';
        password += password_letters[randombytes_uniform(password_letters.size())];
    }
    return password;
}

std::string random_secret() {
    std::array<unsigned char, 32> bytes{};
    randombytes_buf(bytes.data(), bytes.size());
    std::string secret(sodium_base64_encoded_len(bytes.size(), secret_alphabet), '\0');
    sodium_bin2base64(secret.data(), secret.size(), bytes.data(), bytes.size(), secret_alphabet);
    secret.pop_back();  // libsodium ends with a NUL
    return secret;
}

// Without salt or stretching: the secret is 256 random bits, nothing to guess.
std::string secret_hash(std::string_view secret) {
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(secret.data()),
                       secret.size());
    return base::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace vigie::access
