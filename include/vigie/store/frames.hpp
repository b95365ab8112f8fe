// Frames: what is stored of a message, and the writers that make it durable.
//
// submit -> (writer thread: take all that is pending, one transaction) -> commit -> listener. A
// submission is durable as a whole or not at all, seen from outside: its listener call comes after
// everything in it is committed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vigie/base/time.hpp"

namespace vigie::store {

// The values of one asset at one instant. `vals[i]` belongs to position i of the layout; NaN is
// absent.
struct Frame {
    base::Instant observed_at;
    base::Instant received_at;
    std::int32_t asset_id{};
    std::int32_t layout{};
    bool backfill{};  // history being filled in: stored, never judged
    std::vector<double> vals;
};

// What was refused, kept with its reason.
struct Quarantined {
    base::Instant received_at;
    std::string credential;  // name of who sent it
    std::string channel;     // "mqtt" or "http"
    std::string topic;       // MQTT topic or HTTP path
    std::string reason;      // a short code: not_json, unknown_asset, out_of_range, ...
    std::string detail;      // a sentence in English
    std::string payload;     // cut to base::limits::quarantine_payload_bytes_max
};

struct Submission {
    std::vector<Frame> frames;
    std::vector<Quarantined> quarantined;
    // Opaque to the store: who waits for this to be durable. 0: nobody.
    std::uint64_t waiter{};
    std::uint64_t ticket{};
};

}  // namespace vigie::store
