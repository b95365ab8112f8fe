#include "bench/asking.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

#include "bench/web_socket.hpp"

namespace vigie::bench {

namespace {

std::size_t length_of(std::string head) {
    std::ranges::transform(head, head.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto at = head.find("content-length: ");
    if (at == std::string::npos) throw std::runtime_error("an answer without its length");
    return std::stoull(head.substr(at + 16));
}

}  // namespace

Asking::Asking(std::uint16_t port, std::string cookie)
    : port_(port), cookie_(std::move(cookie)), socket_(connected_to(port)) {}

Asking::~Asking() {
    close(socket_);
}

std::string Asking::get(const std::string& target) {
    send_text(socket_, fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {}\r\n\r\n",
                                   target, port_, cookie_));
    std::string body;
    const std::string head = answer_head(socket_, &body);
    if (!head.starts_with("HTTP/1.1 200")) throw std::runtime_error(target + ": " + head + body);
    const auto size = length_of(head);
    while (body.size() < size) {
        bytes_.resize(size - body.size());
        const auto got = recv(socket_, bytes_.data(), bytes_.size(), 0);
        if (got <= 0) throw std::runtime_error("the control door hung up");
        body.append(bytes_.data(), static_cast<std::size_t>(got));
    }
    return body;
}

}  // namespace vigie::bench
