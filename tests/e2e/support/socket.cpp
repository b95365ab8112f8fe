#include "tests/e2e/support/socket.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace vigie::e2e {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds patience{30'000};

milliseconds left_until(std::chrono::steady_clock::time_point end) {
    const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
    return std::max(left, milliseconds{0});
}

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    return address;
}

}  // namespace

Socket::Socket(std::uint16_t port, const std::string& from, int receive_bytes)
    : number_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto here = address_of(from, 0);
    const auto there = address_of("127.0.0.1", port);
    if (receive_bytes > 0)
        setsockopt(number_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    if (number_ < 0 || bind(number_, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 ||
        connect(number_, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) {
        const std::string why = std::strerror(errno);
        close(number_);
        throw std::runtime_error("no connection from " + from + ": " + why);
    }
}

Socket::~Socket() {
    if (number_ >= 0) close(number_);
}

Socket::Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

void Socket::wait(bool writable_wanted, milliseconds limit) const {
    pollfd one{.fd = number_,
               .events = static_cast<short>(POLLIN | (writable_wanted ? POLLOUT : 0)),
               .revents = 0};
    (void)poll(&one, 1, static_cast<int>(limit.count()));
}

bool Socket::is_writable() const {
    pollfd one{.fd = number_, .events = POLLOUT, .revents = 0};
    return poll(&one, 1, 0) == 1 && (one.revents & POLLOUT) != 0;
}

std::optional<std::size_t> Socket::send_some(std::string_view bytes) {
    const ssize_t count = ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EAGAIN || errno == EINTR) return 0;
    return std::nullopt;
}

bool Socket::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

std::optional<std::string> Socket::receive_some(milliseconds limit) {
    wait(false, limit);
    std::array<char, 65'536> bytes;  // NOLINT: written before it is read
    const ssize_t count = recv(number_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0) return std::string(bytes.data(), static_cast<std::size_t>(count));
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return std::string();
    return std::nullopt;
}

std::string Socket::receive(std::size_t count, milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    std::string all(count, '\0');
    std::size_t got = 0;
    while (got < count && left_until(end) > milliseconds{0}) {
        wait(false, left_until(end));
        const ssize_t more = recv(number_, all.data() + got, count - got, MSG_DONTWAIT);
        if (more > 0) got += static_cast<std::size_t>(more);
        if (more == 0 || (more < 0 && errno != EAGAIN && errno != EINTR)) break;
    }
    all.resize(got);
    return all;
}

bool Socket::ends_within(milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + std::min(limit, patience);
    while (left_until(end) > milliseconds{0}) {
        if (!receive_some(left_until(end))) return true;
    }
    return false;
}

}  // namespace vigie::e2e
