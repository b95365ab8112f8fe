// Payloads to frames: pure, and the same for every door.
//
// A message is taken as a whole or refused as a whole, with the first thing that is wrong.
// Properties that the kind does not know are set aside and counted; everything else must fit
// exactly.
#pragma once

#include <compare>
#include <cstddef>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/assets/catalogue.hpp"
#include "vigie/base/result.hpp"
#include "vigie/base/time.hpp"
#include "vigie/ingest/sender.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::ingest {

enum class Reason {
    not_json,
    wrong_shape,    // JSON, but not an observation
    too_many,       // more than observations_per_message_max
    unknown_topic,  // not a topic or path of this door
    unknown_asset,
    not_yours,   // the credential does not cover the asset
    wrong_type,  // a property of another type
    out_of_range,
    unknown_code,     // not one of the enumeration's codes
    bad_time,         // not RFC 3339, not epoch milliseconds
    time_ahead,       // more than observation_ahead_max in the future
    too_old,          // beyond the kind's limit, without the right to backfill
    unknown_command,  // no command of that asset
    not_sent,         // a result of a command that never went out
    contradiction,    // another result than the one given before
};

// "time_ahead": what quarantine and metrics call it.
[[nodiscard]] std::string_view to_string(Reason reason);

struct Refusal {
    Reason reason{};
    std::string pointer;  // into the payload
    base::Text detail;
};

inline constexpr std::size_t unknown_names_per_message_max = 100;
inline constexpr std::size_t unknown_name_bytes_max = 100;

// A value of a property that the asset's kind does not know.
struct UnknownProperty {
    std::string asset;     // its code
    std::string property;  // as it was sent; a long one is cut
    friend auto operator<=>(const UnknownProperty&, const UnknownProperty&) = default;
};

struct Decoded {
    std::vector<store::Frame> frames;
    std::size_t messages{};            // observations in the payload
    std::size_t values{};              // in all frames
    std::size_t unknown_properties{};  // values set aside
    // The same by name: how many values; of a message, as many names as the limit allows.
    std::map<UnknownProperty, std::size_t> unknown;
    std::size_t without_time{};  // stamped with their arrival
};

// What decoding needs to know of the moment and the sender.
struct Arrival {
    base::Instant received_at;
    bool may_backfill{};
    // Of what lay in quarantine or is sent again: when it came first. What it says without a time
    // is of then.
    std::optional<base::Instant> first_received_at{};

    [[nodiscard]] base::Instant said_at() const { return first_received_at.value_or(received_at); }
};

// docs/payloads.md has each of them.
enum class Format {
    by_shape,  // whichever of the others it looks like
    json,      // {"t": ..., "values": {...}}, or an array of such
    ndjson,    // one such a line
    senml,     // RFC 8428
};

// By its media type, with or without parameters; nothing for one that is not taken.
[[nodiscard]] std::optional<Format> format_of(std::string_view media_type);

// For one asset (MQTT: the topic names it).
[[nodiscard]] std::expected<Decoded, Refusal> decode_for_asset(const assets::Catalogue& catalogue,
                                                               const assets::Asset& asset,
                                                               std::string_view payload,
                                                               Format format,
                                                               const Arrival& arrival);

// Each observation names its asset ("asset" beside "values", or within the SenML name); each must
// be the sender's.
[[nodiscard]] std::expected<Decoded, Refusal> decode_messages(const assets::Catalogue& catalogue,
                                                              const Sender& sender,
                                                              std::string_view payload,
                                                              Format format,
                                                              const Arrival& arrival);

// vigie/v1/{asset}/{what} -> {asset}; empty for anything else.
[[nodiscard]] std::string_view asset_of_topic(std::string_view topic,
                                              std::string_view what = "observations");

}  // namespace vigie::ingest
