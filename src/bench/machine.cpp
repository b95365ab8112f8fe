#include "bench/machine.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

namespace vigie::bench {

namespace {

double ticks_per_second() {
    static const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    return ticks;
}

std::string text_of(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

// The fields of /proc/PID/stat after the name, which may hold blanks.
std::vector<std::string> stat_of(pid_t process) {
    const std::string text = text_of(fmt::format("/proc/{}/stat", process));
    const auto end_of_name = text.rfind(')');
    if (end_of_name == std::string::npos) return {};
    std::istringstream rest(text.substr(end_of_name + 1));
    std::vector<std::string> fields;
    for (std::string field; rest >> field;)
        fields.push_back(field);
    return fields;
}

// proc(5) counts from 1, and the name is its second field.
double seconds_in(const std::vector<std::string>& fields, std::size_t field_in_manual) {
    const std::size_t at = field_in_manual - 3;
    return at < fields.size() ? std::atof(fields[at].c_str()) / ticks_per_second() : 0;
}

std::uint64_t kilobytes_after(const std::string& text, const std::string& label) {
    const auto at = text.find(label);
    if (at == std::string::npos) return 0;
    return std::strtoull(text.c_str() + at + label.size(), nullptr, 10) * 1024;
}

double own_cpu() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double cpu_of_all(const std::vector<pid_t>& processes) {
    double seconds = 0;
    for (const pid_t process : processes)
        seconds += cpu_of(process);
    return seconds;
}

double wall_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// Looks at how late it wakes: what is later than the kernel's own delays, nobody ran in.
class StillWatch {
public:
    StillWatch() : thread_([this](const std::stop_token& stop) { watch(stop); }) {}
    [[nodiscard]] double seconds() const { return seconds_; }

private:
    void watch(const std::stop_token& stop) {
        constexpr sched_param before_all_others{.sched_priority = 50};
        if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &before_all_others) != 0) return;
        constexpr std::chrono::milliseconds nap{2};
        constexpr double usual_delay_s = 0.002;
        while (!stop.stop_requested()) {
            const double before = wall_now();
            std::this_thread::sleep_for(nap);
            const double late = wall_now() - before - std::chrono::duration<double>(nap).count();
            if (late > usual_delay_s) seconds_ = seconds_ + late;
        }
    }
    std::atomic<double> seconds_{0};
    std::jthread thread_;
};

}  // namespace

double cpu_of(pid_t process) {
    const auto fields = stat_of(process);
    return seconds_in(fields, 14) + seconds_in(fields, 15);
}

double cpu_of_family(pid_t parent) {
    if (parent == 0) return 0;  // nobody: the kernel's own threads are children of 0
    const auto fields = stat_of(parent);
    double seconds = 0;
    for (std::size_t field = 14; field <= 17; ++field)
        seconds += seconds_in(fields, field);
    for (const pid_t child : children_of(parent))
        seconds += cpu_of(child);
    return seconds;
}

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> found;
    DIR* processes = opendir("/proc");
    if (processes == nullptr) return found;
    while (const dirent* entry = readdir(processes)) {
        const pid_t process = std::atoi(entry->d_name);
        if (process <= 0) continue;
        const auto fields = stat_of(process);
        if (fields.size() > 1 && std::atoi(fields[1].c_str()) == parent) found.push_back(process);
    }
    closedir(processes);
    return found;
}

Memory memory_of(pid_t process) {
    const std::string text = text_of(fmt::format("/proc/{}/status", process));
    return {kilobytes_after(text, "VmRSS:"), kilobytes_after(text, "VmHWM:")};
}

std::uint64_t kernel_bytes_of_sockets() {
    std::istringstream sockets(text_of("/proc/net/sockstat"));
    std::uint64_t pages = 0;
    for (std::string line; std::getline(sockets, line);) {
        const auto at = line.find(" mem ");
        if (line.starts_with("TCP:") && at != std::string::npos)
            pages = std::strtoull(line.c_str() + at + 5, nullptr, 10);
    }
    return kilobytes_after(text_of("/proc/meminfo"), "Slab:") +
           pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t proportional_bytes_of_family(pid_t parent) {
    auto family = children_of(parent);
    family.push_back(parent);
    std::uint64_t bytes = 0;
    for (const pid_t member : family)
        bytes += kilobytes_after(text_of(fmt::format("/proc/{}/smaps_rollup", member)), "\nPss:");
    return bytes;
}

Machine machine_now() {
    std::istringstream line(text_of("/proc/stat"));
    std::string label;
    double user{};
    double nice{};
    double system{};
    double idle{};
    double wait{};
    double irq{};
    double soft_irq{};
    double steal{};
    line >> label >> user >> nice >> system >> idle >> wait >> irq >> soft_irq >> steal;
    const double scale = 1 / ticks_per_second();
    return {(user + nice + system + irq + soft_irq) * scale, (idle + wait) * scale, steal * scale};
}

double still_so_far() {
    static const StillWatch watch;
    return watch.seconds();
}

Spent& Spent::operator+=(const Spent& more) {
    const double whole = wall_s + more.wall_s;
    if (whole > 0) {
        foreign_share = (foreign_share * wall_s + more.foreign_share * more.wall_s) / whole;
        steal_share = (steal_share * wall_s + more.steal_share * more.wall_s) / whole;
        still_share = (still_share * wall_s + more.still_share * more.wall_s) / whole;
    }
    wall_s = whole;
    server_s += more.server_s;
    cluster_s += more.cluster_s;
    generator_s += more.generator_s;
    peers_s += more.peers_s;
    return *this;
}

Meter::Meter(Watch watch)
    : watch_(std::move(watch)),
      wall_(wall_now()),
      server_(cpu_of(watch_.server)),
      cluster_(cpu_of_family(watch_.cluster)),
      own_(own_cpu()),
      peers_(cpu_of_all(watch_.peers)),
      still_(still_so_far()),
      machine_(machine_now()) {}

Spent Meter::spent(const Watch& now_watched) const {
    Spent spent;
    spent.wall_s = wall_now() - wall_;
    spent.server_s = cpu_of(now_watched.server) - server_;
    spent.cluster_s = cpu_of_family(now_watched.cluster) - cluster_;
    spent.generator_s = own_cpu() - own_;
    spent.peers_s = cpu_of_all(now_watched.peers) - peers_;
    if (spent.wall_s > 0) spent.still_share = (still_so_far() - still_) / spent.wall_s;
    const Machine now = machine_now();
    const double busy = now.busy - machine_.busy;
    const double steal = now.steal - machine_.steal;
    const double all = busy + steal + now.idle - machine_.idle;
    const double ours = spent.server_s + spent.cluster_s + spent.generator_s + spent.peers_s;
    if (all > 0) {
        spent.foreign_share = std::max(0.0, busy - ours) / all;
        spent.steal_share = steal / all;
    }
    return spent;
}

std::string machine_sentence() {
    utsname name{};
    uname(&name);
    struct sysinfo memory{};
    sysinfo(&memory);
    const double gb = static_cast<double>(memory.totalram) * memory.mem_unit / 1e9;
    std::string model = "unknown processor";
    const std::string cpu = text_of("/proc/cpuinfo");
    if (const auto at = cpu.find("model name"); at != std::string::npos) {
        const auto from = cpu.find(':', at) + 2;
        model = cpu.substr(from, cpu.find('\n', from) - from);
    }
    return fmt::format("{} processors ({}), {:.0f} GB, {} {}", std::thread::hardware_concurrency(),
                       model, gb, name.sysname, name.release);
}

double load_average() {
    return std::atof(text_of("/proc/loadavg").c_str());
}

}  // namespace vigie::bench
