// Whom the database last named for a secret: for a while in which it cannot be asked.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "vigie/access/principal.hpp"

namespace vigie::access {

// Thread-safe. Holds digests of secrets, never the secrets.
class Remembered {
public:
    static constexpr std::size_t entries_max = 4'096;

    enum class Scheme : std::uint8_t { cookie, token };
    // The same secret is another's where it was presented otherwise.
    [[nodiscard]] static std::string key_of(Scheme scheme, std::string_view secret);

    // To be taken before the database is asked: what is forgotten from then on is not remembered by
    // an answer that was under way.
    [[nodiscard]] std::uint64_t mark() const;
    // Good before `until`. When there are too many, the one that ends first goes.
    void remember(const std::string& key, const Principal& principal, base::Instant until,
                  std::uint64_t mark);
    [[nodiscard]] std::optional<Principal> find(const std::string& key, base::Instant now) const;
    void forget(const std::string& key);
    void forget_person(std::int64_t person);

private:
    struct Entry {
        Principal principal;
        base::Instant until;
    };
    void make_room();

    mutable std::mutex mutex_;
    std::unordered_map<std::string, Entry> entries_;
    std::uint64_t forgotten_{};
};

}  // namespace vigie::access
