// Bad sign-ins at the device door, counted by address and by credential at an address.
//
// Secrets of devices are 256 random bits and cost one fast hash to verify, so nobody guesses one
// and a right one that is looked at is let in, however many wrong ones came from the same address.
// What is throttled is who has no right secret: told to come back later, more seldom each time, and
// no longer in the log. Far above that, secrets are looked at no longer for the rest of a minute
// (GuessLimit), but for those of a device that came in from there before.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vigie/access/throttle.hpp"
#include "vigie/ingest/guess_limit.hpp"

namespace vigie::ingest {

// Thread-safe; memory is bounded by the limits' entries_max.
class DoorThrottle {
public:
    explicit DoorThrottle(const base::Clock& clock, access::ThrottleLimits limits = {},
                          GuessLimits guesses = {})
        : throttle_(clock, limits), guesses_(clock, guesses) {}

    // Asked before a secret is looked at, and told when it was right.
    [[nodiscard]] GuessLimit& guesses() { return guesses_; }
    [[nodiscard]] const GuessLimit& guesses() const { return guesses_; }

    // A sign-in was wrong. Nothing: one of the free ones, and worth a line in the log. A duration:
    // one too many; it is worth trying again after that. `peer` is an address with or without its
    // port.
    [[nodiscard]] std::optional<base::Duration> failed(std::string_view user_name,
                                                       std::string_view peer);

    [[nodiscard]] const std::atomic<std::uint64_t>& throttled() const { return throttled_; }

private:
    access::SignInThrottle throttle_;
    GuessLimit guesses_;
    std::atomic<std::uint64_t> throttled_{0};
};

inline constexpr std::size_t shown_name_bytes_max = 64;

// "192.0.2.7:51034" -> "192.0.2.7", "[2001:db8::1]:51034" -> "2001:db8::1"; others as they are.
[[nodiscard]] std::string_view host_of(std::string_view peer);

// A name as anybody may send it, fit for a line of the log: short, and without control characters.
[[nodiscard]] std::string shown_name(std::string_view user_name);

}  // namespace vigie::ingest
