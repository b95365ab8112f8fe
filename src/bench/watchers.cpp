#include "bench/watchers.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

#include "bench/web_socket.hpp"
#include "vigie/base/time.hpp"

namespace vigie::bench {

Watchers::Watchers(std::uint16_t port, const std::string& cookie,
                   const std::vector<std::vector<std::string>>& filters, Spoken& spoken)
    : spoken_(spoken), links_(filters.size()), poll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < filters.size(); ++i) {
        auto& link = links_[i];
        link.socket = open_stream(port, cookie, link.in);
        for (std::size_t number = 0; number < filters[i].size(); ++number) {
            send_text(link.socket,
                      client_frame(fmt::format(
                          R"({{"type":"subscribe","id":"v{}","topic":"values","filter":{}}})",
                          number, filters[i][number])));
        }
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

Watchers::~Watchers() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    for (const auto& link : links_)
        close(link.socket);
    close(poll_);
}

void Watchers::begin() {
    const std::lock_guard lock(mutex_);
    latency_.clear();
    messages_ = 0;
}

Latency Watchers::latency() const {
    const std::lock_guard lock(mutex_);
    return latency_;
}

void Watchers::read_all() {
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
        const auto now = Spoken::Steady::now();
        link.in.append(bytes.data(), static_cast<std::size_t>(got));
        take_messages(link.in, [&](std::string_view text) { take(text, now); });
    }
}

void Watchers::take(std::string_view text, Spoken::Steady::time_point now) {
    if (!text.starts_with(R"({"type":"delta")")) return;
    ++messages_;
    const auto message = nlohmann::json::parse(text);
    for (const auto& row : message.at("rows")) {
        const auto at = base::parse_rfc3339(row.value("observed_at", ""));
        if (!at) continue;
        const auto took = spoken_.heard(row.at("code"), base::epoch_ms(*at), now);
        if (!took) continue;
        const std::lock_guard lock(mutex_);
        latency_.add(*took);
    }
}

}  // namespace vigie::bench
