#include "bench/stream_links.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "bench/web_socket.hpp"

namespace vigie::bench {

StreamLinks::StreamLinks(std::uint16_t port, const std::string& cookie,
                         const std::vector<std::vector<std::string>>& said, Take take)
    : take_(std::move(take)), links_(said.size()), poll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < said.size(); ++i) {
        auto& link = links_[i];
        link.socket = open_stream(port, cookie, link.in);
        for (const auto& text : said[i])
            send_text(link.socket, client_frame(text));
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

StreamLinks::~StreamLinks() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    for (const auto& link : links_)
        close(link.socket);
    close(poll_);
}

void StreamLinks::read_all() {
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
        const Instant now = std::chrono::steady_clock::now();
        bytes_ += static_cast<std::uint64_t>(got);
        link.in.append(bytes.data(), static_cast<std::size_t>(got));
        take_messages(
            link.in, [&](std::string_view text) { take_(text, now); },
            [&](std::string_view ping) { send_text(link.socket, client_pong(ping)); });
    }
}

}  // namespace vigie::bench
