// vigie-bench deliveries: how many frames a second one processor brings to 1,000 consoles.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "bench/child.hpp"
#include "bench/modes.hpp"
#include "bench/report.hpp"
#include "bench/web_socket.hpp"

namespace vigie::bench {

namespace {

using nlohmann::json;
using ScreenClock = std::chrono::steady_clock;

constexpr std::chrono::seconds stream_stop_limit{10};
constexpr std::chrono::milliseconds screens_warm_up{1'000};

// Leaves the first processor to the server.
void leave_first_processor() {
    cpu_set_t set;
    CPU_ZERO(&set);
    const auto processors = static_cast<int>(std::thread::hardware_concurrency());
    for (int processor = 1; processor < processors; ++processor)
        CPU_SET(processor, &set);
    if (processors > 1) sched_setaffinity(0, sizeof set, &set);
}

class ServerProcess {
public:
    ServerProcess(const std::filesystem::path& program, std::size_t consoles) {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        process_ = spawn_kept({program, "serve-stream", std::to_string(consoles)}, -1, ends[1]);
        close(ends[1]);
        std::array<char, 16> text{};
        const auto got = ::read(ends[0], text.data(), text.size() - 1);
        close(ends[0]);
        port_ = static_cast<std::uint16_t>(std::atoi(text.data()));
        if (got <= 0 || port_ == 0) throw std::runtime_error("the stream's server does not start");
    }
    ~ServerProcess() { end_child(process_, stream_stop_limit); }
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] pid_t process() const { return process_; }

private:
    pid_t process_{};
    std::uint16_t port_{};
};

struct CountedFrames {
    std::uint64_t frames{};
    std::uint64_t bytes{};
};

// Consoles on the caller's thread: nothing is looked into but the heads of frames.
class Screens {
public:
    Screens(std::uint16_t port, std::size_t count)
        : links_(count), poll_(epoll_create1(EPOLL_CLOEXEC)) {
        for (auto& link : links_) {
            link.socket = open_stream(port, "vigie_session=bench", link.in);
            send_text(link.socket,
                      client_frame(R"({"type":"subscribe","id":"a","topic":"alarms"})"));
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.ptr = &link;
            epoll_ctl(poll_, EPOLL_CTL_ADD, link.socket, &event);
        }
    }
    ~Screens() {
        for (const auto& link : links_)
            close(link.socket);
        close(poll_);
    }
    Screens(const Screens&) = delete;
    Screens& operator=(const Screens&) = delete;

    CountedFrames read_for(std::chrono::duration<double> time) {
        counted_ = {};
        for (const auto until = ScreenClock::now() + time; ScreenClock::now() < until;)
            read_some();
        return counted_;
    }

private:
    struct Link {
        int socket{-1};
        std::string in;
    };

    void read_some() {
        std::array<epoll_event, 256> events{};
        const int count = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 100);
        static thread_local std::array<char, 65'536> bytes;
        for (int i = 0; i < count; ++i) {
            auto& link = *static_cast<Link*>(events[static_cast<std::size_t>(i)].data.ptr);
            const auto got = recv(link.socket, bytes.data(), bytes.size(), 0);
            if (got <= 0) throw std::runtime_error("a console was cut off");
            link.in.append(bytes.data(), static_cast<std::size_t>(got));
            take_messages(link.in, [this](std::string_view text) {
                ++counted_.frames;
                counted_.bytes += text.size() + 4;
            });
        }
    }

    std::vector<Link> links_;
    int poll_;
    CountedFrames counted_;
};

struct DeliveryRound {
    double per_s{};
    double per_cpu_s{};  // of the server's processor time
    double frame_bytes{};
    Spent spent;
};

DeliveryRound measure_deliveries(const DeliveryOptions& options) {
    const ServerProcess server(options.program, options.consoles);
    Screens screens(server.port(), options.consoles);
    (void)screens.read_for(screens_warm_up);
    const Meter meter({.server = server.process(), .cluster = 0});
    const auto began = ScreenClock::now();
    const auto counted = screens.read_for(std::chrono::duration<double>(options.seconds));
    const double seconds = std::chrono::duration<double>(ScreenClock::now() - began).count();
    const auto spent = meter.spent();
    const auto frames = static_cast<double>(counted.frames);
    return {frames / seconds, frames / spent.server_s, static_cast<double>(counted.bytes) / frames,
            spent};
}

}  // namespace

int run_deliveries(const DeliveryOptions& options) {
    json report = head_of_report("deliveries");
    leave_first_processor();
    std::vector<double> rates;
    std::vector<double> of_cpu;
    std::vector<Spent> spent;
    double frame_bytes = 0;
    for (std::size_t number = 0; number < options.rounds; ++number) {
        const auto round = measure_deliveries(options);
        rates.push_back(round.per_s);
        of_cpu.push_back(round.per_cpu_s);
        spent.push_back(round.spent);
        frame_bytes = round.frame_bytes;
    }
    report["consoles"] = options.consoles;
    report["deliveries_per_s"] = median(rates);
    report["deliveries_per_cpu_s"] = median(of_cpu);
    report["frame_bytes"] = frame_bytes;
    report["rounds"] = rates.size();
    add_phase(report, "server", spent);
    report["each_round_per_s"] = rates;
    report["load_average_after"] = load_average();
    if (options.json) {
        std::cout << report.dump(2) << std::endl;
        return 0;
    }
    std::cout << fmt::format(
                     "{} deliveries a second of {:.0f} bytes to {} consoles, server pinned to one "
                     "processor ({} a second of its processor time); median of {}; {}",
                     grouped(median(rates)), frame_bytes, options.consoles, grouped(median(of_cpu)),
                     rates.size(), sentence_of_phases(report))
              << std::endl;
    return 0;
}

}  // namespace vigie::bench
