#include "tests/e2e/support/console.hpp"

#include <stdexcept>

namespace vigie::e2e {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds upgrade_limit{20'000};
constexpr unsigned opcode_text = 1;

std::size_t big_endian(std::string_view bytes) {
    std::size_t number = 0;
    for (const char c : bytes)
        number = number << 8U | static_cast<unsigned char>(c);
    return number;
}

}  // namespace

Console::Console(std::uint16_t port, const std::map<std::string, std::string>& headers,
                 int receive_bytes)
    : socket_(port, "127.0.0.1", receive_bytes) {
    std::string request =
        "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://localhost\r\n";
    for (const auto& [name, value] : headers)
        request += name + ": " + value + "\r\n";
    socket_.send(request + "\r\n");
    std::size_t end = std::string::npos;
    while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
        const auto more = socket_.receive_some(upgrade_limit);
        if (!more || more->empty()) throw std::runtime_error("no answer to an upgrade");
        unread_ += *more;
    }
    if (!unread_.starts_with("HTTP/1.1 101"))
        throw std::runtime_error("no upgrade: " + unread_.substr(0, unread_.find('\r')));
    unread_.erase(0, end + 4);
}

// Masked, as a client's must be, with a mask of zeros.
std::string Console::framed(const std::string& text) {
    std::string frame{'\x81'};
    if (text.size() < 126) {
        frame.push_back(static_cast<char>(0x80U | text.size()));
    } else {
        frame.push_back(static_cast<char>(0x80U | 126U));
        frame.push_back(static_cast<char>(text.size() >> 8U));
        frame.push_back(static_cast<char>(text.size() & 0xFFU));
    }
    return frame + std::string(4, '\0') + text;
}

void Console::subscribe(const std::string& topic, const json& filter) {
    json message = {{"type", "subscribe"}, {"id", topic}, {"topic", topic}};
    if (!filter.is_null()) message["filter"] = filter;
    send(message);
}

// Nothing: it has not come whole yet.
std::optional<std::string> Console::next_text() {
    while (unread_.size() >= 2) {
        const std::string_view bytes = unread_;
        std::size_t size = static_cast<unsigned char>(bytes[1]) & 0x7FU;
        std::size_t head = 2;
        if (size == 126) head = 4;
        if (size == 127) head = 10;
        if (bytes.size() < head) return std::nullopt;
        if (head > 2) size = big_endian(bytes.substr(2, head - 2));
        if (bytes.size() < head + size) return std::nullopt;
        const unsigned opcode = static_cast<unsigned char>(bytes[0]) & 0x0FU;
        std::string text(bytes.substr(head, size));
        unread_.erase(0, head + size);
        if (opcode == opcode_text) return text;
    }
    return std::nullopt;
}

std::optional<json> Console::wait_for(const std::function<bool(const json&)>& holds,
                                      milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
        while (const auto text = next_text()) {
            json message = json::parse(*text);
            if (holds(message)) return message;
        }
        const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
        if (left <= milliseconds{0}) return std::nullopt;
        const auto more = socket_.receive_some(left);
        if (!more) return std::nullopt;
        unread_ += *more;
    }
}

std::optional<json> Console::wait_for_row(const std::function<bool(const json&)>& holds,
                                          milliseconds limit) {
    std::optional<json> found;
    const auto has_it = [&](const json& message) {
        for (const auto& row : message.value("rows", json::array())) {
            if (row.is_object() && holds(row)) found = row;
        }
        return found.has_value();
    };
    (void)wait_for(has_it, limit);
    return found;
}

bool Console::is_told(const std::string& code, milliseconds limit) {
    return wait_for_row([&code](const json& row) { return row.value("code", "") == code; }, limit)
        .has_value();
}

bool Console::is_told_the_end_of(const std::string& code, milliseconds limit) {
    const auto names = [&code](const json& message) {
        for (const auto& key : message.value("removed", json::array())) {
            if (key == code) return true;
        }
        return false;
    };
    return wait_for(names, limit).has_value();
}

}  // namespace vigie::e2e
