// What the decoders of all payload formats share.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/ingest/decode.hpp"

namespace vigie::ingest {

[[nodiscard]] std::unexpected<Refusal> refuse(Reason reason, std::string pointer, std::string en,
                                              std::string fr);
[[nodiscard]] std::unexpected<Refusal> too_many();

// JSON of little depth; not_json otherwise.
[[nodiscard]] std::expected<nlohmann::json, Refusal> parse_payload(std::string_view payload);

// A member's name as a step of a JSON pointer (RFC 6901); a long one is cut, and control characters
// are replaced.
[[nodiscard]] std::string pointer_step(std::string_view member);

// A value of a property that the kind does not know: counted, with its name.
void set_aside(Decoded& decoded, const assets::Asset& asset, std::string_view property);

// RFC 3339 or milliseconds since 1970; bad_time.
[[nodiscard]] std::expected<base::Instant, Refusal> read_time(const nlohmann::json& t,
                                                              const std::string& pointer);

// Writes the value where the property stands.
[[nodiscard]] std::expected<void, Refusal> put_value(const assets::Property& property,
                                                     const nlohmann::json& value,
                                                     const std::string& pointer,
                                                     std::vector<double>& vals);

// time_ahead, too_old.
[[nodiscard]] std::expected<void, Refusal> check_time(const assets::Kind& kind, base::Instant at,
                                                      const Arrival& arrival,
                                                      const std::string& pointer);

[[nodiscard]] store::Frame empty_frame(const assets::Asset& asset, base::Instant observed_at,
                                       const Arrival& arrival);

// senml.cpp. Records that name their assets themselves, or speak of the one `topic_asset`.
struct SenmlScope {
    const assets::Catalogue& catalogue;
    const Sender* sender{};              // null: topic_asset alone
    const assets::Asset* topic_asset{};  // null: every record names its asset
};
[[nodiscard]] bool looks_like_senml(const nlohmann::json& root);
[[nodiscard]] std::expected<Decoded, Refusal> decode_senml(const nlohmann::json& root,
                                                           const SenmlScope& scope,
                                                           const Arrival& arrival);

}  // namespace vigie::ingest
