// Guessing passwords gets slower with every failure, by login and by address.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "vigie/base/time.hpp"

namespace vigie::access {

struct ThrottleLimits {
    int login_failures{5};  // free; each further one doubles the wait, from a second
    int peer_failures{20};  // a whole room shares one address
    std::chrono::seconds wait_max{300};
    std::chrono::minutes forgotten_after{15};  // since the last failure
    std::size_t entries_max{10'000};           // of each sort; the oldest make room
};

// What is counted as one address: IPv4 as it is, of IPv6 its /64.
[[nodiscard]] std::string network_of(std::string_view peer);

// In memory, of this process. Thread-safe.
class SignInThrottle {
public:
    explicit SignInThrottle(const base::Clock& clock, ThrottleLimits limits = {});

    // Nothing: try the password; the attempt counts as a failure until told otherwise, so that many
    // at once are counted too. A duration: wait that long; not counted.
    [[nodiscard]] std::optional<base::Duration> begin(std::string_view login,
                                                      std::string_view peer);
    // The password was right: the login is clean, and this attempt no failure of the address.
    void succeeded(std::string_view login, std::string_view peer);
    // Nothing was learnt (the database was away).
    void withdraw(std::string_view login, std::string_view peer);

    [[nodiscard]] std::size_t entries() const;

private:
    struct Failures {
        int count{};
        base::SteadyInstant last;
    };
    using Table = std::unordered_map<std::string, Failures>;
    [[nodiscard]] base::Duration wait(const Table& table, const std::string& key, int free,
                                      base::SteadyInstant now) const;
    void add(Table& table, const std::string& key, base::SteadyInstant now);
    void make_room(Table& table, base::SteadyInstant now) const;

    const base::Clock& clock_;
    ThrottleLimits limits_;
    mutable std::mutex mutex_;
    Table logins_;
    Table peers_;
};

}  // namespace vigie::access
