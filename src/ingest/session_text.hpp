// The parts of a session as texts: what stands in its row, and in the spool while there is none.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/time.hpp"
#include "vigie/net/mqtt_handler.hpp"

namespace vigie::ingest {

// JSON. Those that read throw std::exception at what none of those that write has written.
[[nodiscard]] std::string subscriptions_text(const std::vector<net::MqttSubscription>& all);
[[nodiscard]] std::vector<net::MqttSubscription> subscriptions_in(std::string_view text);
[[nodiscard]] std::string remembered_text(const net::MqttRememberedMessages& remembered);
[[nodiscard]] net::MqttRememberedMessages remembered_in(std::string_view text);
// Empty without one.
[[nodiscard]] std::string will_text(const std::shared_ptr<const net::MqttWill>& will);
[[nodiscard]] std::shared_ptr<const net::MqttWill> will_in(std::string_view text);
// RFC 3339; empty without one.
[[nodiscard]] std::string time_text(const std::optional<base::Instant>& at);

// But for its revision.
[[nodiscard]] bool same_row(const net::MqttStoredSession& a, const net::MqttStoredSession& b);
// As the database is given it, or little more.
[[nodiscard]] std::size_t bytes_of(const net::MqttStoredSession& row);

}  // namespace vigie::ingest
