// Whom the database last named for a secret: for a while in which it cannot be asked.
#pragma once

#include <cstdint>
#include <map>
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
    void remember(const std::string& key, const Principal& principal, base::Instant now,
                  base::Instant until, std::uint64_t mark);
    [[nodiscard]] std::optional<Principal> find(const std::string& key, base::Instant now) const;
    // It has reached its own end, whatever the database would say.
    [[nodiscard]] bool is_over(const std::string& key, base::Instant now) const;
    void forget(const std::string& key);
    void forget_person(std::int64_t person);
    // Not remembered again before `until`: what the database answers meanwhile may be what was
    // true before a commit that hangs.
    void bar(std::int64_t person, base::Instant until);
    void lift_bar(std::int64_t person);

    // A use that the database did not take.
    void note_use(const std::string& key, base::Instant at);
    [[nodiscard]] std::optional<base::Instant> use_noted(const std::string& key) const;

private:
    struct Entry {
        Principal principal;
        base::Instant until;
        std::optional<base::Instant> used{};
    };
    void make_room();

    mutable std::mutex mutex_;
    std::unordered_map<std::string, Entry> entries_;
    std::map<std::int64_t, base::Instant> barred_;
    std::uint64_t forgotten_{};
};

}  // namespace vigie::access
