#include "bench/web_socket.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace vigie::bench {

namespace {

std::size_t big_endian(std::string_view bytes) {
    std::size_t number = 0;
    for (const char byte : bytes)
        number = number << 8U | static_cast<unsigned char>(byte);
    return number;
}

struct Frame {
    unsigned opcode{};
    bool is_last{};  // of its message
    std::string_view body;
    std::size_t size{};  // 0: it is not all there yet
};

Frame first_frame(std::string_view bytes) {
    if (bytes.size() < 2) return {};
    std::size_t length = static_cast<unsigned char>(bytes[1]) & 0x7FU;
    std::size_t head = 2;
    if (length == 126) head = 4;
    if (length == 127) head = 10;
    if (bytes.size() < head) return {};
    if (head > 2) length = big_endian(bytes.substr(2, head - 2));
    if (bytes.size() < head + length) return {};
    const auto first = static_cast<unsigned char>(bytes[0]);
    return {first & 0x0FU, (first & 0x80U) != 0, bytes.substr(head, length), head + length};
}

}  // namespace

int connected_to(std::uint16_t port) {
    const int to_server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(to_server, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        close(to_server);
        throw std::runtime_error("cannot connect to port " + std::to_string(port));
    }
    const int yes = 1;
    setsockopt(to_server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return to_server;
}

void send_text(int to, const std::string& bytes) {
    if (::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
        throw std::runtime_error("the other side does not take what it is sent");
}

std::string answer_head(int from, std::string* rest) {
    std::string text;
    std::array<char, 4'096> bytes{};
    while (text.find("\r\n\r\n") == std::string::npos) {
        const auto count = recv(from, bytes.data(), bytes.size(), 0);
        if (count <= 0) throw std::runtime_error("the control door hung up");
        text.append(bytes.data(), static_cast<std::size_t>(count));
    }
    const auto end = text.find("\r\n\r\n") + 4;
    if (rest != nullptr) *rest = text.substr(end);
    return text.substr(0, end);
}

std::string sign_in(std::uint16_t port, const std::string& login, const std::string& password) {
    const int door = connected_to(port);
    const std::string body = fmt::format(R"({{"login":"{}","password":"{}"}})", login, password);
    send_text(door, fmt::format("POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n"
                                "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                                port, body.size(), body));
    const std::string head = answer_head(door);
    close(door);
    const auto at = head.find("vigie_session=");
    if (at == std::string::npos) throw std::runtime_error("cannot sign in: " + head);
    return head.substr(at, head.find(';', at) - at);
}

int open_stream(std::uint16_t port, const std::string& cookie, std::string& rest) {
    const int stream = connected_to(port);
    send_text(stream, fmt::format("GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{0}\r\n"
                                  "Origin: http://127.0.0.1:{0}\r\nCookie: {1}\r\n"
                                  "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                  "Sec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dmlnaWUtYmVuY2gtMDAwMQ==\r\n\r\n",
                                  port, cookie));
    const std::string head = answer_head(stream, &rest);
    if (!head.starts_with("HTTP/1.1 101")) throw std::runtime_error("no stream: " + head);
    return stream;
}

std::string client_frame(const std::string& text) {
    std::string frame{'\x81'};
    if (text.size() < 126) {
        frame += static_cast<char>(0x80U | text.size());
    } else {
        frame += static_cast<char>(0x80 | 126);
        frame += static_cast<char>(text.size() >> 8U);
        frame += static_cast<char>(text.size() & 0xFFU);
    }
    return frame + std::string(4, '\0') + text;
}

std::string client_pong(std::string_view ping) {
    std::string frame{'\x8A', static_cast<char>(0x80U | ping.size())};
    return frame + std::string(4, '\0') + std::string(ping);
}

ServerMessage first_message(std::string_view bytes) {
    ServerMessage message;
    for (auto left = bytes;;) {
        const auto frame = first_frame(left);
        if (frame.size == 0) return {};
        left.remove_prefix(frame.size);
        const bool is_control = frame.opcode >= 8;
        const bool is_first = message.joined.empty() && !message.is_text;
        if (!is_control) {
            message.is_text = true;
            if (is_first && frame.is_last) message.text = frame.body;
            if (!is_first || !frame.is_last) message.joined += frame.body;
        }
        // A ping may stand between the frames of a message: the next one is answered.
        if (is_control && is_first && frame.opcode == 9) {
            message.is_ping = true;
            message.text = frame.body;
        }
        if (is_control ? is_first : frame.is_last) {
            message.size = bytes.size() - left.size();
            return message;
        }
    }
}

}  // namespace vigie::bench
