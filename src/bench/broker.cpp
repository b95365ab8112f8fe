#include "bench/broker.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <stdexcept>

#include "bench/child.hpp"
#include "bench/device_packets.hpp"
#include "bench/web_socket.hpp"

namespace vigie::bench {

namespace {

using PeerClock = std::chrono::steady_clock;

constexpr std::chrono::seconds peer_start_limit{20};
constexpr std::chrono::seconds peer_stop_limit{10};
constexpr std::chrono::milliseconds peer_looked_at_every{10};

// Waits until `is_there()`; false: the child ended, or it took too long.
template <typename Test>
bool wait_for_peer(pid_t child, Test is_there) {
    const auto until = PeerClock::now() + peer_start_limit;
    while (!is_there()) {
        if (waitpid(child, nullptr, WNOHANG) == child || PeerClock::now() > until) return false;
        std::this_thread::sleep_for(peer_looked_at_every);
    }
    return true;
}

bool is_listening(std::uint16_t port) {
    try {
        close(connected_to(port));
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

}  // namespace

Broker::Broker(const std::filesystem::path& program, const std::filesystem::path& folder)
    : port_(free_port()) {
    const auto settings = folder / "mosquitto.conf";
    std::ofstream(settings)
        << "listener " << port_ << " 127.0.0.1\n"
        << "allow_anonymous true\npersistence false\n"
        << "max_queued_messages 0\nmax_inflight_messages 1000\nlog_dest stderr\n";
    const int log = opened(folder / "mosquitto.log", O_WRONLY | O_CREAT | O_APPEND);
    process_ = spawn_kept({program, "-c", settings}, -1, log);
    close(log);
    if (!wait_for_peer(process_, [this] { return is_listening(port_); }))
        throw std::runtime_error("Mosquitto does not start: " + program.string());
}

Broker::~Broker() {
    end_child(process_, peer_stop_limit);
}

std::string Broker::version(const std::filesystem::path& program) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const pid_t child = spawn({program, "-h"}, -1, ends[1]);
    close(ends[1]);
    std::string said(200, '\0');
    const auto count = ::read(ends[0], said.data(), said.size());
    close(ends[0]);
    waitpid(child, nullptr, 0);
    said.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    if (!said.starts_with("mosquitto version"))
        throw std::runtime_error("there is no Mosquitto at " + program.string() +
                                 ": scripts/bench brings it");
    return said.substr(0, said.find('\n'));
}

Subscriber::Subscriber(std::uint16_t port, const std::string& topic) : socket_(connected_to(port)) {
    send_text(socket_, connect_packet({"bench-subscriber", "u", "p", {}}));
    send_text(socket_, subscribe_packet(topic));
    // A CONNACK and a SUBACK.
    std::array<char, 9> answer{};
    if (recv(socket_, answer.data(), answer.size(), MSG_WAITALL) != 9 || answer[3] != 0 ||
        answer[8] != 1)
        throw std::runtime_error("the broker refuses the subscriber");
    thread_ = std::jthread([this](const std::stop_token& stop) {
        pollfd waiting{socket_, POLLIN, 0};
        while (!stop.stop_requested()) {
            if (poll(&waiting, 1, 100) > 0) read();
        }
    });
}

Subscriber::~Subscriber() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    close(socket_);
}

void Subscriber::read() {
    static thread_local std::array<char, 262'144> bytes;
    const auto got = recv(socket_, bytes.data(), bytes.size(), 0);
    if (got <= 0) {
        thread_.request_stop();
        return;
    }
    in_.append(bytes.data(), static_cast<std::size_t>(got));
    const auto taken = take_publications(in_);
    in_.erase(0, taken.bytes);
    send_text(socket_, taken.acknowledgements);
    messages_ += taken.count;
}

Pipeline::Pipeline(const Settings& settings, std::uint16_t broker) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    process_ = spawn_kept({settings.node, settings.folder / "pipeline.mjs", std::to_string(broker),
                           settings.topic, settings.database, settings.log},
                          -1, ends[1]);
    close(ends[1]);
    thread_ = std::jthread([this, from = ends[0]] { read(from); });
    if (!wait_for_peer(process_, [this] { return ready_.load() || over_.load(); }) || over_) {
        end_child(process_, peer_stop_limit);
        throw std::runtime_error("the Node pipeline does not start; see " + settings.log.string());
    }
}

Pipeline::~Pipeline() {
    end_child(process_, peer_stop_limit);
}

// A line for each commit: how many messages it has stored so far. The first says 0.
void Pipeline::read(int from) {
    std::string in;
    std::array<char, 4'096> bytes{};
    for (;;) {
        const auto got = ::read(from, bytes.data(), bytes.size());
        if (got <= 0) break;
        in.append(bytes.data(), static_cast<std::size_t>(got));
        for (auto end = in.find('\n'); end != std::string::npos; end = in.find('\n')) {
            std::uint64_t stored = 0;
            const auto parsed = std::from_chars(in.data(), in.data() + end, stored);
            if (parsed.ec == std::errc{}) {
                stored_ = stored;
                ready_ = true;
            }
            in.erase(0, end + 1);
        }
    }
    close(from);
    over_ = true;
}

}  // namespace vigie::bench
