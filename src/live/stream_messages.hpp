// The texts of docs/stream.md: what a client says, read strictly, and what we say, written by hand.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/result.hpp"
#include "vigie/base/time.hpp"
#include "vigie/live/stream.hpp"

namespace vigie::live {

struct ResumePlace {
    std::string epoch;
    std::uint64_t sequence{};
};

struct SubscribeMessage {
    bool subscribes{};  // false: unsubscribe, and only `id` counts
    std::string id;
    std::string topic;
    StreamFilter filter;
    std::optional<ResumePlace> resume;
};

// Unknown members and members of another type are refused: a misspelt filter must not show all.
[[nodiscard]] base::Result<SubscribeMessage> parse_message(std::string_view text);

[[nodiscard]] std::string hello_message(std::string_view epoch, std::uint64_t sequence,
                                        int heartbeat_s, base::Instant at);
[[nodiscard]] std::string snapshot_message(std::string_view id, std::string_view epoch,
                                           std::uint64_t sequence, std::string_view rows);
[[nodiscard]] std::string delta_message(std::string_view id, std::uint64_t sequence,
                                        std::uint64_t previous,
                                        const std::vector<const StreamRow*>& rows);
[[nodiscard]] std::string resumed_message(std::string_view id, std::uint64_t sequence);
[[nodiscard]] std::string heartbeat_message(std::uint64_t sequence, base::Duration lag,
                                            base::Instant at);
// `problem` is one JSON object; `id` empty when the message had none.
[[nodiscard]] std::string error_message(std::string_view id, std::string_view problem);

}  // namespace vigie::live
