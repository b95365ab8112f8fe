// What the device door does for commands, whoever sends them: it says who can hear, what became of
// a delivery, and hands over what devices answer.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "vigie/assets/catalogue.hpp"
#include "vigie/base/time.hpp"
#include "vigie/ingest/decode.hpp"
#include "vigie/net/mqtt_handler.hpp"

namespace vigie::ingest {

inline constexpr std::size_t result_detail_chars_max = 1'000;

enum class ResultStatus { accepted, done, failed };
[[nodiscard]] std::string_view to_string(ResultStatus status);
[[nodiscard]] std::optional<ResultStatus> result_status_from(std::string_view text);

// {"status": "accepted" | "done" | "failed", "detail": "...", "t": ...}; `t` as in observations.
struct ResultMessage {
    ResultStatus status{ResultStatus::accepted};
    std::string detail{};
    base::Instant at{};  // by the device's clock, or its arrival
};
[[nodiscard]] std::expected<ResultMessage, Refusal> decode_result(std::string_view payload,
                                                                  base::Instant received_at);

// vigie/v1/{asset}/commands/{id}/result, as views into the topic; nothing for another topic.
struct ResultTopic {
    std::string_view asset{};
    std::string_view command{};
};
[[nodiscard]] std::optional<ResultTopic> result_topic(std::string_view topic);
// vigie/v1/{asset}/commands, where a device hears.
[[nodiscard]] std::string command_topic(std::string_view asset);

// What a device that may speak for the asset answers to one of its commands.
struct CommandResult {
    assets::AssetId asset{assets::no_asset};
    std::int64_t command{};
    ResultMessage message{};
    std::string credential{};
    base::Instant received_at{};
    // As it came, for quarantine.
    std::string topic{};
    std::string payload{};
};

// There is no such command of that asset.
[[nodiscard]] Refusal unknown_command();

// Called once the result is durable, or refused; on any thread. False: no room for a refusal now,
// call again later.
using ResultAnswer = std::function<bool(const std::optional<Refusal>& refusal)>;

// Called on io threads: none may wait.
class CommandTaker {
public:
    virtual ~CommandTaker() = default;
    // Some client hears under this filter from now on.
    virtual void listening(const std::string& filter) = 0;
    // As MqttHandler::delivered; `command` is the tag it was sent with.
    virtual void delivered(std::uint64_t command, net::MqttOutcome outcome) = 0;
    // False: no room, nothing was taken.
    [[nodiscard]] virtual bool take(CommandResult result, ResultAnswer answer) = 0;
};

}  // namespace vigie::ingest
