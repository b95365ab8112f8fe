#include "app/start_steps.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace vigie::app {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Since the kernel made this process, in its ticks of a hundredth of a second; nothing when /proc
// does not say. proc_pid_stat(5): field 22, counted behind the name, which may hold anything.
milliseconds age_of_process() {
    std::ifstream stat("/proc/self/stat");
    std::ifstream uptime("/proc/uptime");
    std::string text;
    double up_s = 0;
    if (!std::getline(stat, text) || !(uptime >> up_s)) return milliseconds{0};
    const auto end_of_name = text.rfind(')');
    if (end_of_name == std::string::npos) return milliseconds{0};
    std::istringstream rest(text.substr(end_of_name + 1));
    std::string field;
    for (int number = 3; number <= 22; ++number)
        rest >> field;
    const double born_s = std::atof(field.c_str()) / static_cast<double>(sysconf(_SC_CLK_TCK));
    return milliseconds{static_cast<std::int64_t>(std::max(0.0, up_s - born_s) * 1e3)};
}

}  // namespace

StartSteps::StartSteps() : last_(steady_clock::now() - age_of_process()) {
    done("process");
}

void StartSteps::done(std::string step) {
    const auto now = steady_clock::now();
    steps_.emplace_back(std::move(step), std::chrono::round<milliseconds>(now - last_));
    last_ = now;
}

std::string sentence_of(const StartSteps::Steps& steps) {
    milliseconds all{0};
    std::string parts;
    for (const auto& [step, took] : steps) {
        all += took;
        if (!parts.empty()) parts += ", ";
        parts += fmt::format("{} {:.3f}", step, static_cast<double>(took.count()) / 1e3);
    }
    return fmt::format("{:.3f} s: {}", static_cast<double>(all.count()) / 1e3, parts);
}

}  // namespace vigie::app
