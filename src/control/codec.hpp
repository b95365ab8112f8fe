// Commands as JSON: for people, for devices, and for the spool.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "vigie/control/command.hpp"
#include "vigie/ingest/command_taker.hpp"

namespace vigie::control {

[[nodiscard]] nlohmann::json to_json(const Command& command, const assets::Catalogue& catalogue);
[[nodiscard]] nlohmann::json to_json(const Transition& transition);

// {"id", "name", "params", "expires_at"}: what the device gets.
[[nodiscard]] std::string payload_of(const Command& command);

// A result that waits for the database.
[[nodiscard]] std::string encode_result(const ingest::CommandResult& result);
// Nothing: not written by encode_result.
[[nodiscard]] std::optional<ingest::CommandResult> decode_kept(std::string_view text);

}  // namespace vigie::control
