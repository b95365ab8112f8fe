// The common case of decoding, without a document in between: one observation of one asset, of
// which nothing is wrong.
//
// Whatever is out of the ordinary (an array, an unknown property, a null, a member twice, any
// mistake) is nothing for this: the full decoder takes it, and knows what to say. What this takes,
// the full decoder would have taken as the same frame.
#pragma once

#include <optional>
#include <string_view>

#include "vigie/assets/catalogue.hpp"
#include "vigie/ingest/decode.hpp"

namespace vigie::ingest {

[[nodiscard]] std::optional<Decoded> decode_plain(const assets::Asset& asset,
                                                  std::string_view payload, const Arrival& arrival);

// The same for any payload, and with a reason for what is refused.
[[nodiscard]] std::expected<Decoded, Refusal> decode_in_full(const assets::Asset& asset,
                                                             std::string_view payload,
                                                             const Arrival& arrival);

// Not before or after what the arrival and the kind admit.
[[nodiscard]] bool is_ahead(base::Instant at, const Arrival& arrival);
[[nodiscard]] bool is_too_old(const assets::Kind& kind, base::Instant at, const Arrival& arrival);

}  // namespace vigie::ingest
