// How many wrong secrets are looked at in a minute, by the address they come from.
//
// Who would stay unread is told to come back in the next minute. So that a neighbour behind the
// same address is not kept out by that, a user name that signed in rightly from there has places of
// its own: its device comes in at once, unless the wrong secrets are for its own name.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "vigie/base/time.hpp"

namespace vigie::ingest {

struct GuessLimits {
    // Of an address (a /64 of IPv6). A fleet of 300 devices with wrong secrets that try twice a
    // minute stays within it. 0: all are looked at.
    std::size_t wrong_per_minute_max{600};
    // Of each user name that signed in rightly from there within half a day at least; further ones
    // are counted with the address.
    std::size_t known_wrong_per_minute_max{10};
    std::size_t addresses_max{10'000};  // in a minute; those beyond share one count
    std::size_t known_max{50'000};      // beyond: the earlier half is forgotten
};

// Minutes follow the steady clock. Thread-safe; memory is bounded by the limits.
class GuessLimit {
public:
    explicit GuessLimit(const base::Clock& clock, GuessLimits limits = {})
        : clock_(clock), limits_(limits) {}

    // A place for one look at a secret: counted as wrong until told otherwise, so that many at once
    // are counted too. Without one, `wait` says when the next minute begins.
    class Place {
    public:
        [[nodiscard]] explicit operator bool() const { return given_; }
        [[nodiscard]] base::Duration wait() const { return wait_; }

    private:
        friend class GuessLimit;
        bool given_{false};
        base::Duration wait_{};
        std::int64_t minute_{};
        std::unordered_map<std::string, std::size_t>* counts_{};
        std::string counted_as_{};  // a key of those
        std::string who_{};
    };
    // `peer` is an address with or without its port.
    [[nodiscard]] Place take(std::string_view user_name, std::string_view peer);
    // The secret was right.
    void right(const Place& place);

    // Sign-ins whose secret nobody looked at.
    [[nodiscard]] const std::atomic<std::uint64_t>& unread() const { return unread_; }

private:
    void begin_minute(std::int64_t minute);
    [[nodiscard]] bool is_known(const std::string& who) const;
    using Counts = std::unordered_map<std::string, std::size_t>;
    [[nodiscard]] static bool count(Counts& counts, const std::string& key, std::size_t limit,
                                    Place& place);
    [[nodiscard]] bool count_known(Place& place);
    [[nodiscard]] bool count_network(const std::string& network, Place& place);
    void remember(const std::string& who);

    const base::Clock& clock_;
    const GuessLimits limits_;
    std::mutex mutex_;
    std::int64_t minute_{};
    // Of this minute, by network and by known name; no more of these than names are known.
    Counts wrong_;
    Counts known_wrong_;
    base::SteadyInstant known_since_{};
    std::unordered_set<std::string> known_;
    std::unordered_set<std::string> known_before_;
    std::atomic<std::uint64_t> unread_{0};
};

}  // namespace vigie::ingest
