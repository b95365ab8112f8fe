#include "tests/e2e/support/http.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

namespace vigie::e2e {

namespace {

// Closes itself.
struct Socket {
    explicit Socket(int family) : number(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval limit{.tv_sec = 120, .tv_usec = 0};
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    ~Socket() { close(number); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    int number;
};

bool connect_to(const Socket& socket, const Door& door) {
    if (door.socket.empty()) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(door.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return connect(socket.number, reinterpret_cast<const sockaddr*>(&address),
                       sizeof address) == 0;
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    door.socket.copy(address.sun_path, sizeof address.sun_path - 1);
    return connect(socket.number, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool send_all(const Socket& socket, const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const ssize_t count =
            send(socket.number, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) return false;
        sent += static_cast<std::size_t>(count);
    }
    return true;
}

std::string read_all(const Socket& socket) {
    std::string all;
    std::array<char, 65'536> bytes{};
    for (;;) {
        const ssize_t count = recv(socket.number, bytes.data(), bytes.size(), 0);
        if (count <= 0) return all;
        all.append(bytes.data(), static_cast<std::size_t>(count));
    }
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

Answer parsed(const std::string& bytes) {
    Answer answer;
    const auto head_end = bytes.find("\r\n\r\n");
    if (!bytes.starts_with("HTTP/1.1 ") || head_end == std::string::npos) return answer;
    answer.status = static_cast<unsigned>(std::stoul(bytes.substr(9, 3)));
    answer.body = bytes.substr(head_end + 4);
    auto at = bytes.find("\r\n") + 2;
    while (at < head_end) {
        const auto end = bytes.find("\r\n", at);
        const std::string line = bytes.substr(at, end - at);
        const auto colon = line.find(": ");
        if (colon != std::string::npos)
            answer.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
        at = end + 2;
    }
    return answer;
}

}  // namespace

Answer exchange(const Door& door, const Ask& ask) {
    const Socket socket(door.socket.empty() ? AF_INET : AF_UNIX);
    if (!connect_to(socket, door)) return {};
    std::string request = fmt::format(
        "{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        "Content-Length: {}\r\n",
        ask.method, ask.target, ask.body.size());
    for (const auto& [name, value] : ask.headers)
        request += name + ": " + value + "\r\n";
    // A door that refuses early answers before it has read everything.
    (void)send_all(socket, request + "\r\n" + ask.body);
    return parsed(read_all(socket));
}

std::string percent_encoded(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string base64(const std::string& bytes) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : bytes) {
        bits = (bits << 8U | static_cast<unsigned char>(c)) & 0xFFFFFFU;
        for (held += 8; held >= 6; held -= 6)
            out += alphabet[bits >> (held - 6) & 0x3FU];
    }
    if (held > 0) out += alphabet[bits << (6 - held) & 0x3FU];
    while (out.size() % 4 != 0)
        out += '=';
    return out;
}

}  // namespace vigie::e2e
