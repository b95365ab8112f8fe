// The little of HTTP and WebSocket that a measuring client of the control door needs: blocking, and
// cheap beside the server it talks to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace vigie::bench {

[[nodiscard]] int connected_to(std::uint16_t port);
void send_text(int to, const std::string& bytes);
// The head of an answer; what came after it is lost, or left in `rest`.
[[nodiscard]] std::string answer_head(int from, std::string* rest = nullptr);

// Signs in over HTTP; answers the session's cookie.
[[nodiscard]] std::string sign_in(std::uint16_t port, const std::string& login,
                                  const std::string& password);
// Upgrades to a WebSocket; answers its socket. What came after the head is left in `rest`.
[[nodiscard]] int open_stream(std::uint16_t port, const std::string& cookie, std::string& rest);

// A masked text frame of a client; the mask is zero.
[[nodiscard]] std::string client_frame(const std::string& text);
[[nodiscard]] std::string client_pong(std::string_view ping);

struct ServerMessage {
    std::string_view text;  // of a message in one frame, or of a ping
    std::string joined;     // of one in several
    bool is_text{};         // and not a ping or a close
    bool is_ping{};         // who does not answer is gone, for the server
    std::size_t size{};     // of all its bytes; 0: it is not all there yet
};
// The message that `bytes` begin with.
[[nodiscard]] ServerMessage first_message(std::string_view bytes);

// Hands every whole text message to `take(text)` and every ping to `answer(text)`, and leaves what
// is not all there.
template <typename Take, typename Answer>
void take_messages(std::string& bytes, Take&& take, Answer&& answer) {
    std::string_view left = bytes;
    for (auto message = first_message(left); message.size > 0; message = first_message(left)) {
        if (message.is_text) take(message.joined.empty() ? message.text : message.joined);
        if (message.is_ping) answer(message.text);
        left.remove_prefix(message.size);
    }
    bytes.erase(0, bytes.size() - left.size());
}

// For less than the five minutes that the server waits for an answer to its pings.
template <typename Take>
void take_messages(std::string& bytes, Take&& take) {
    take_messages(bytes, std::forward<Take>(take), [](std::string_view) {});
}

}  // namespace vigie::bench
