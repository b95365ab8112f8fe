#include "bench/device_load.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "bench/device_packets.hpp"

namespace vigie::bench {

namespace {

using Clock = std::chrono::steady_clock;
using Sent = DeviceLoad::Sent;

// Of one device, unacknowledged: beyond, a message of the open loop waits at home.
constexpr std::size_t in_flight_max = 512;

std::int64_t wall_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

struct DeviceLoad::Impl {
    struct Link {
        int socket{-1};
        bool blocked{};  // the socket took less than it was given
        bool accepted{};
        std::uint32_t first{};  // messages acknowledged so far
        std::uint32_t next{};   // messages sent so far
        std::int64_t last_ms{};
        std::size_t said_in_past{};
        std::size_t asset{};  // the number of its first
        std::vector<PublishPacket> packets;
        std::string out;
        std::size_t written{};
        std::string in;  // the start of a packet whose rest is on its way
        std::array<Clock::time_point, in_flight_max> sent_at;
        std::array<std::pair<std::int64_t, std::uint32_t>, in_flight_max> said{};

        Link(const Device& device, std::size_t first_asset)
            : asset(first_asset), packets(device.topics.begin(), device.topics.end()) {}
        [[nodiscard]] std::size_t in_flight() const { return next - first; }
    };

    std::vector<std::unique_ptr<Link>> links;
    int poll{-1};
    LoadFigures figures;
    bool counting{};
    std::uint32_t repeated{};  // messages of each device that it says again; 0: it says new ones
    std::uint64_t acknowledged{};
    std::uint64_t sent{};
    std::vector<std::pair<Link*, std::size_t>> answered;  // by the last wait
    std::vector<std::pair<Link*, std::size_t>> owed;      // held back: too much is on its way
    std::function<std::uint64_t()> arrived;
    std::uint64_t ahead_max{};
    std::uint64_t arrived_before{};
    Sent listener;
    std::int64_t past_ms{};  // of what is recalled; 0: they speak of now
    std::int64_t past_step_ms{};

    ~Impl() {
        for (const auto& link : links) {
            if (link->socket >= 0) close(link->socket);
        }
        if (poll >= 0) close(poll);
    }

    void connect(std::uint16_t port, const std::vector<Device>& devices) {
        poll = epoll_create1(EPOLL_CLOEXEC);
        std::size_t assets = 0;
        for (const auto& device : devices) {
            links.push_back(std::make_unique<Link>(device, assets));
            assets += device.topics.size();
            connect(port, device, *links.back());
        }
    }

    // They know what they said, and nothing of it is under way.
    void reconnect(std::uint16_t port, const std::vector<Device>& devices) {
        for (const auto& link : links)
            close(std::exchange(link->socket, -1));
        for (std::size_t i = 0; i < links.size(); ++i) {
            auto& link = *links[i];
            link.first = link.next;
            link.accepted = link.blocked = false;
            link.in.clear();
            link.out.clear();
            link.written = 0;
            connect(port, devices.at(i), link);
        }
    }

    void connect(std::uint16_t port, const Device& device, Link& link) {
        link.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(link.socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
            throw std::runtime_error(std::string("cannot connect: ") + std::strerror(errno));
        const int yes = 1;
        setsockopt(link.socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        fcntl(link.socket, F_SETFL, fcntl(link.socket, F_GETFL) | O_NONBLOCK);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &link;
        epoll_ctl(poll, EPOLL_CTL_ADD, link.socket, &event);
        link.out = connect_packet(device);
        write(link);
        while (!link.accepted)
            wait(std::chrono::milliseconds{1'000});
    }

    void write(Link& link) {
        while (link.written < link.out.size()) {
            const auto count = ::send(link.socket, link.out.data() + link.written,
                                      link.out.size() - link.written, MSG_NOSIGNAL);
            if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
                watch_writable(link, true);
                return;
            }
            if (count < 0) throw std::runtime_error("a device was cut off");
            link.written += static_cast<std::size_t>(count);
        }
        link.out.clear();
        link.written = 0;
        watch_writable(link, false);
    }

    void watch_writable(Link& link, bool blocked) const {
        if (link.blocked == blocked) return;
        link.blocked = blocked;
        epoll_event event{};
        event.events = EPOLLIN | (blocked ? unsigned{EPOLLOUT} : 0U);
        event.data.ptr = &link;
        epoll_ctl(poll, EPOLL_CTL_MOD, link.socket, &event);
    }

    // What came in since; `answered` names who was acknowledged how often.
    void wait(std::chrono::nanoseconds limit) {
        answered.clear();
        std::array<epoll_event, 256> events{};
        const timespec pause{limit.count() / 1'000'000'000, limit.count() % 1'000'000'000};
        const int count = epoll_pwait2(poll, events.data(), events.size(), &pause, nullptr);
        for (int i = 0; i < count; ++i) {
            auto& link = *static_cast<Link*>(events[static_cast<std::size_t>(i)].data.ptr);
            const auto what = events[static_cast<std::size_t>(i)].events;
            if ((what & EPOLLOUT) != 0) write(link);
            if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(link);
        }
    }

    void read(Link& link) {
        std::array<char, 8'192> bytes;
        const auto count = recv(link.socket, bytes.data(), bytes.size(), 0);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (count <= 0) throw std::runtime_error("the server closed a device's connection");
        const auto now = Clock::now();
        std::string_view all(bytes.data(), static_cast<std::size_t>(count));
        if (!link.in.empty()) {
            link.in += all;
            all = link.in;
        }
        std::size_t acks = 0;
        while (all.size() >= 4) {  // a CONNACK and a PUBACK of 3.1.1 have four bytes
            if (static_cast<unsigned char>(all[0]) == 0x40U) {
                acknowledge(link, all, now);
                ++acks;
            } else if (all[0] == '\x20' && all[3] == '\0') {
                link.accepted = true;
            } else {
                throw std::runtime_error("a device was refused, or answered what it did not ask");
            }
            all.remove_prefix(4);
        }
        link.in = std::string(all);
        if (acks > 0) answered.emplace_back(&link, acks);
    }

    // [MQTT-4.6.0-2]: in the order of the messages. Anything else is a fault of the server.
    void acknowledge(Link& link, std::string_view packet, Clock::time_point now) {
        const auto id = static_cast<std::uint32_t>(static_cast<unsigned char>(packet[2]) << 8U |
                                                   static_cast<unsigned char>(packet[3]));
        if (link.in_flight() == 0 || id != packet_id(link.first))
            throw std::runtime_error("a PUBACK out of order");
        ++acknowledged;
        if (counting) {
            ++figures.acknowledged;
            figures.puback.add(now - link.sent_at[link.first % in_flight_max]);
        }
        ++link.first;
    }

    static std::uint16_t packet_id(std::uint32_t number) {
        return static_cast<std::uint16_t>(number % 65'535 + 1);
    }

    void add_message(Link& link, std::int64_t now_ms, Clock::time_point intended) {
        auto& said = link.said[link.next % in_flight_max];
        if (repeated > 0 && link.next >= repeated) {
            said = link.said[(link.next - repeated) % in_flight_max];
        } else {
            link.last_ms = past_ms == 0 ? std::max(now_ms, link.last_ms + 1) : past_of(link);
            said = {link.last_ms, static_cast<std::uint32_t>(sent)};
        }
        const std::size_t turn = link.next % link.packets.size();
        link.packets[turn].append_to(link.out, packet_id(link.next), said.first, said.second);
        if (listener) listener(link.asset + turn, said.first, intended);
        link.sent_at[link.next % in_flight_max] = intended;
        ++link.next;
        ++sent;
    }

    [[nodiscard]] std::int64_t past_of(const Link& link) const {
        const auto round = link.said_in_past / link.packets.size();
        return past_ms + static_cast<std::int64_t>(round) * past_step_ms;
    }

    void refill() {
        if (arrived) {
            owed.insert(owed.end(), answered.begin(), answered.end());
            answered.clear();
            if (sent > arrived() + ahead_max) return;
            answered.swap(owed);
        }
        const auto now = Clock::now();
        const auto now_ms = wall_ms();
        for (const auto& [link, count] : answered) {
            for (std::size_t i = 0; i < count; ++i)
                add_message(*link, now_ms, now);
            write(*link);
        }
        answered.clear();
    }

    void drain() {
        const auto until = Clock::now() + std::chrono::seconds{60};
        const auto open = [this] {
            return std::ranges::any_of(links, [](const auto& l) { return l->in_flight() > 0; });
        };
        while (open()) {
            wait(std::chrono::milliseconds{10});
            if (Clock::now() > until)
                throw std::runtime_error("messages stay unacknowledged for a minute");
        }
    }

    void begin_counting() {
        figures = {};
        if (arrived) arrived_before = arrived();
        counting = true;
    }

    LoadFigures end(Clock::time_point began) {
        counting = false;
        figures.seconds = std::chrono::duration<double>(Clock::now() - began).count();
        if (arrived) figures.arrived = arrived() - arrived_before;
        owed.clear();
        drain();
        figures.sent_in_all = sent;
        return figures;
    }
};

DeviceLoad::DeviceLoad(std::uint16_t port, const std::vector<Device>& devices)
    : impl_(std::make_unique<Impl>()) {
    impl_->connect(port, devices);
}

DeviceLoad::~DeviceLoad() = default;

void DeviceLoad::reconnect(std::uint16_t port, const std::vector<Device>& devices) {
    impl_->reconnect(port, devices);
}

LoadFigures DeviceLoad::saturate(std::size_t window, std::chrono::milliseconds warm_up,
                                 std::chrono::milliseconds measured) {
    auto& impl = *impl_;
    impl.answered.clear();
    for (const auto& link : impl.links)
        impl.answered.emplace_back(link.get(), std::min(window, in_flight_max));
    impl.refill();
    const auto warm = Clock::now() + warm_up;
    while (Clock::now() < warm) {
        impl.wait(std::chrono::milliseconds{10});
        impl.refill();
    }
    impl.begin_counting();
    const auto began = Clock::now();
    while (Clock::now() < began + measured) {
        impl.wait(std::chrono::milliseconds{10});
        impl.refill();
    }
    return impl.end(began);
}

LoadFigures DeviceLoad::at_rate(double rate, std::chrono::milliseconds warm_up,
                                std::chrono::milliseconds measured, std::size_t together) {
    auto& impl = *impl_;
    const auto start = Clock::now();
    const auto began = start + warm_up;
    const auto until = began + measured;
    const auto due_at = [&](std::uint64_t number) {
        const auto first = static_cast<double>(number / together * together);
        return start + std::chrono::nanoseconds(static_cast<std::int64_t>(first * 1e9 / rate));
    };
    std::uint64_t number = 0;
    bool counting = false;
    for (auto now = start; now < until; now = Clock::now()) {
        if (!counting && now >= began) {
            impl.begin_counting();
            counting = true;
        }
        const auto now_ms = wall_ms();
        for (; due_at(number) <= now; ++number) {
            auto& link = *impl.links[number / together % impl.links.size()];
            if (link.in_flight() == in_flight_max) break;  // late: it waits, and its clock runs
            impl.add_message(link, now_ms, due_at(number));
            if ((number + 1) % together == 0) impl.write(link);
        }
        impl.wait(std::max(due_at(number) - Clock::now(), std::chrono::nanoseconds{0}));
    }
    auto figures = impl.end(began);
    figures.kept_up = keeps_up(static_cast<double>(figures.acknowledged), rate * figures.seconds);
    return figures;
}

LoadFigures DeviceLoad::repeat(std::size_t window, std::chrono::milliseconds warm_up,
                               std::chrono::milliseconds measured) {
    impl_->repeated = static_cast<std::uint32_t>(std::min(window, in_flight_max - 1));
    auto figures = saturate(window, warm_up, measured);
    impl_->repeated = 0;
    return figures;
}

void DeviceLoad::recall(std::int64_t first_ms, std::int64_t step_ms, std::size_t count,
                        std::size_t window) {
    auto& impl = *impl_;
    impl.past_ms = first_ms;
    impl.past_step_ms = step_ms;
    // In step: nobody is more than a window ahead of the slowest, so that days fill one by one.
    std::size_t most = 0;
    for (const auto& link : impl.links) {
        link->said_in_past = 0;
        most = std::max(most, count * link->packets.size());
    }
    for (std::size_t until = 0; until < most;) {
        until = std::min(until + window, most);
        for (const auto& link : impl.links) {
            for (; link->said_in_past < std::min(until, count * link->packets.size());
                 ++link->said_in_past)
                impl.add_message(*link, 0, Clock::now());
            impl.write(*link);
        }
        impl.drain();
    }
    impl.past_ms = 0;
}

void DeviceLoad::follow(std::function<std::uint64_t()> arrived, std::uint64_t ahead_max) {
    impl_->arrived = std::move(arrived);
    impl_->ahead_max = ahead_max;
}

void DeviceLoad::on_sent(Sent listener) {
    impl_->listener = std::move(listener);
}

std::uint64_t DeviceLoad::sent_in_all() const {
    return impl_->sent;
}

std::uint64_t DeviceLoad::acknowledged_in_all() const {
    return impl_->acknowledged;
}

}  // namespace vigie::bench
