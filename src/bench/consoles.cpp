#include "bench/consoles.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace vigie::bench {

namespace {

int connected_to(std::uint16_t port) {
    const int to_server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(to_server, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        throw std::runtime_error("cannot connect to the control door");
    return to_server;
}

void send_text(int to, const std::string& bytes) {
    if (::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
        throw std::runtime_error("the control door does not take what it is sent");
}

// The head of an answer; what came after it is lost, or left in `rest`.
std::string answer_head(int from, std::string* rest = nullptr) {
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

// A masked text frame of a client; the mask is zero.
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

std::size_t big_endian(std::string_view bytes) {
    std::size_t number = 0;
    for (const char byte : bytes)
        number = number << 8U | static_cast<unsigned char>(byte);
    return number;
}

}  // namespace

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

Consoles::Consoles(std::uint16_t port, const std::string& cookie, const std::string& kind,
                   const std::vector<std::string>& communes, std::size_t count)
    : links_(count), poll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < count; ++i) {
        auto& link = links_[i];
        link.socket = connected_to(port);
        send_text(link.socket, fmt::format("GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{0}\r\n"
                                           "Origin: http://127.0.0.1:{0}\r\nCookie: {1}\r\n"
                                           "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                           "Sec-WebSocket-Version: 13\r\n"
                                           "Sec-WebSocket-Key: dmlnaWUtYmVuY2gtMDAwMQ==\r\n\r\n",
                                           port, cookie));
        const std::string head = answer_head(link.socket, &link.in);
        if (!head.starts_with("HTTP/1.1 101")) throw std::runtime_error("no stream: " + head);
        send_text(link.socket,
                  client_frame(fmt::format(R"({{"type":"subscribe","id":"v","topic":"values",)"
                                           R"("filter":{{"kind":"{}","commune":"{}"}}}})",
                                           kind, communes[i % communes.size()])));
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &link;
        epoll_ctl(poll_, EPOLL_CTL_ADD, link.socket, &event);
    }
    thread_ = std::jthread([this](const std::stop_token& stop) {
        while (!stop.stop_requested() && !cut_)
            read_all();
    });
}

Consoles::~Consoles() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    for (const auto& link : links_)
        close(link.socket);
    close(poll_);
}

void Consoles::read_all() {
    std::array<epoll_event, 64> events{};
    const int count = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 100);
    static thread_local std::array<char, 65'536> bytes;
    for (int i = 0; i < count; ++i) {
        auto& link = *static_cast<Link*>(events[static_cast<std::size_t>(i)].data.ptr);
        const auto got = recv(link.socket, bytes.data(), bytes.size(), 0);
        if (got <= 0) {
            cut_ = true;
            return;
        }
        bytes_ += static_cast<std::uint64_t>(got);
        link.in.append(bytes.data(), static_cast<std::size_t>(got));
        take(link);
    }
}

void Consoles::take(Link& link) {
    std::string_view left = link.in;
    while (left.size() >= 2) {
        std::size_t length = static_cast<unsigned char>(left[1]) & 0x7FU;
        std::size_t head = 2;
        if (length == 126) head = 4;
        if (length == 127) head = 10;
        if (left.size() < head) break;
        if (head > 2) length = big_endian(left.substr(2, head - 2));
        if (left.size() < head + length) break;
        if (left[0] == '\x81') ++messages_;
        left.remove_prefix(head + length);
    }
    link.in.erase(0, link.in.size() - left.size());
}

}  // namespace vigie::bench
