// A console's WebSocket (docs/stream.md), frame by frame.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/e2e/support/socket.hpp"

namespace vigie::e2e {

class Console {
public:
    // `headers`: of somebody signed in. Throws std::runtime_error when it is not let in.
    Console(std::uint16_t port, const std::map<std::string, std::string>& headers,
            int receive_bytes = 0);

    // A message as the frame that carries it.
    [[nodiscard]] static std::string framed(const std::string& text);
    bool send(const nlohmann::json& message) { return socket_.send(framed(message.dump())); }
    void subscribe(const std::string& topic, const nlohmann::json& filter = nullptr);
    // The first message from now on of which it holds; nothing when the limit is over before.
    [[nodiscard]] std::optional<nlohmann::json> wait_for(
        const std::function<bool(const nlohmann::json&)>& holds, std::chrono::milliseconds limit);
    // The same, of a row of a snapshot or delta: the row.
    [[nodiscard]] std::optional<nlohmann::json> wait_for_row(
        const std::function<bool(const nlohmann::json&)>& holds, std::chrono::milliseconds limit);
    // A row with that code.
    [[nodiscard]] bool is_told(const std::string& code, std::chrono::milliseconds limit);
    // That it is no longer so.
    [[nodiscard]] bool is_told_the_end_of(const std::string& code, std::chrono::milliseconds limit);
    [[nodiscard]] Socket& socket() { return socket_; }

private:
    [[nodiscard]] std::optional<std::string> next_text();

    Socket socket_;
    std::string unread_;
};

}  // namespace vigie::e2e
