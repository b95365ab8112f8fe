// How much a credential may send: messages and values a second, with a burst of each.
//
// One allowance is shared by everything that speaks with a credential, over MQTT and HTTP. Who goes
// above it is made to wait, and refused once that has lasted for as long as is borne.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "vigie/base/time.hpp"

namespace vigie::ingest {

// What may flow: so much a second, and as much at once as `burst` after a silence. 0 a second: any
// amount.
struct Rate {
    double per_second{};
    double burst{};
};

// A token bucket. Pure: time is an argument, and one that goes backwards counts as standing still.
class Bucket {
public:
    explicit Bucket(Rate rate = {}) : rate_(rate), tokens_(rate.burst) {}

    // How long until `wanted` is there (a whole burst, if it is more than that); zero: now.
    [[nodiscard]] base::Duration wait_for(double wanted, base::SteadyInstant now);
    // Takes it, even if that is more than there is: what comes next waits for it.
    void take(double amount) { tokens_ -= rate_.per_second > 0 ? amount : 0; }
    void give_back(double amount);
    // Keeps what is there, as far as the new burst goes.
    void set(Rate rate);

private:
    void fill(base::SteadyInstant now);
    Rate rate_;
    double tokens_;
    std::optional<base::SteadyInstant> filled_at_;
};

struct AllowanceLimits {
    Rate messages;
    Rate values;
    std::size_t message_bytes_max{};  // an MQTT packet, an HTTP body; 0: what the door takes
    std::chrono::seconds borne{300};  // above the rate for as long: refused
};

enum class Exceeded : std::uint8_t { nothing, messages, values };

struct Admission {
    enum class Kind : std::uint8_t {
        go,      // counted; give_back() if it comes to nothing
        wait,    // ask again after `wait`
        refuse,  // above the rate for too long; `wait` says when it is worth coming back
    };
    Kind kind{Kind::go};
    base::Duration wait{};
    Exceeded exceeded{Exceeded::nothing};
};

// Thread-safe.
class Allowance {
public:
    explicit Allowance(AllowanceLimits limits = {});

    // One message wants in.
    [[nodiscard]] Admission admit(base::SteadyInstant now);
    // What an admitted message held. It may be more than is left: the next one waits for it.
    void charge_values(std::size_t count);
    // An admitted message found no room, and will be offered again.
    void give_back(std::size_t values);
    // A message that may be lost came above the rate and was dropped. How long its connection is to
    // be read no further: nothing, unless it sends more than `dropped_per_taken` times its rate.
    [[nodiscard]] base::Duration drop(base::SteadyInstant now);
    // A client signs in: as many as it may send messages, apart from them. A duration: one too
    // many, not counted.
    [[nodiscard]] std::optional<base::Duration> connect_in(base::SteadyInstant now);
    // Whether a new connection would be refused at once, and until when.
    [[nodiscard]] std::optional<base::Duration> refused_for(base::SteadyInstant now);

    [[nodiscard]] std::size_t message_bytes_max() const;
    void set(const AllowanceLimits& limits);

    static constexpr double dropped_per_taken = 10;
    // Nobody had to wait for as long: what is above the rate is counted from the beginning again.
    static constexpr std::chrono::seconds forgotten_after{10};

private:
    [[nodiscard]] bool is_refused(base::SteadyInstant now);

    mutable std::mutex mutex_;
    AllowanceLimits limits_;
    Bucket messages_;
    Bucket values_;
    Bucket drops_;
    Bucket connects_;
    std::optional<base::SteadyInstant> above_since_;
    base::SteadyInstant made_wait_at_;
    Exceeded exceeded_{Exceeded::nothing};
};

}  // namespace vigie::ingest
