#include "bench/modes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <stdexcept>
#include <thread>

#include "bench/limit_store.hpp"
#include "bench/report.hpp"

namespace vigie::bench {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds warm_up_of_modes{1'000};
constexpr std::size_t loud_devices = 1'000;
// The load goes on for so long unless the kill ends it.
constexpr milliseconds longer_than_a_kill{60'000};

milliseconds milliseconds_of(double seconds) {
    return milliseconds{static_cast<std::int64_t>(seconds * 1e3)};
}

void tell(const ModeOptions& options, const json& report, const std::string& sentence) {
    if (options.json) {
        std::cout << report.dump(2) << std::endl;
    } else {
        std::cout << sentence << std::endl;
    }
}

std::vector<Device> some(const std::vector<Device>& devices, std::size_t count) {
    return {devices.begin(),
            devices.begin() + static_cast<std::ptrdiff_t>(std::min(count, devices.size()))};
}

}  // namespace

int run_idle(const ModeOptions& options) {
    json report = head_of_report("idle");
    House house(options.house);
    house.start();
    const auto devices = house.settle();
    {
        // What connecting leaves behind by itself, whoever comes after.
        const DeviceLoad first(house.port("device_mqtt"), some(devices, 100));
    }
    const Meter meter(house.watch());
    const auto before = memory_of(house.watch().server).resident_bytes;
    const auto kernel_before = kernel_bytes_of_sockets();
    const DeviceLoad load(house.port("device_mqtt"), devices);
    const auto after = memory_of(house.watch().server).resident_bytes;
    const double of_kernel =
        (static_cast<double>(kernel_bytes_of_sockets()) - static_cast<double>(kernel_before)) /
        static_cast<double>(devices.size());
    const double each = static_cast<double>(after - before) / static_cast<double>(devices.size());
    report["devices"] = devices.size();
    report["server_bytes_before"] = before;
    report["server_bytes_after"] = after;
    report["bytes_per_device"] = each;
    report["kernel_bytes_per_device"] = of_kernel;
    add_shares(report, meter.spent());
    tell(options, report,
         fmt::format(
             "{} connected idle devices: {:.0f} bytes of server memory each ({:.1f} -> {:.1f} "
             "MB), and {:.0f} of the kernel for both ends of its connection; foreign load {:.0f} %",
             devices.size(), each, static_cast<double>(before) / 1e6,
             static_cast<double>(after) / 1e6, of_kernel,
             report["foreign_share"].get<double>() * 100));
    return 0;
}

int run_redelivery(const ModeOptions& options) {
    json report = head_of_report("redelivery");
    House house(options.house);
    house.start();
    const auto devices = house.settle();
    DeviceLoad load(house.port("device_mqtt"), devices);
    std::vector<double> ratios;
    std::vector<double> rates;
    std::vector<double> foreign;
    std::vector<double> stolen;
    for (std::size_t round = 0; round < options.rounds; ++round) {
        const auto normal =
            load.saturate(options.window, warm_up_of_modes, milliseconds_of(options.seconds));
        // What makes every device send its window again: the server went away, and is back.
        house.kill_server();
        house.start();
        load.reconnect(house.port("device_mqtt"), devices);
        const Meter meter(house.watch());
        const auto storm =
            load.repeat(options.window, warm_up_of_modes, milliseconds_of(options.seconds));
        const auto spent = meter.spent();
        foreign.push_back(spent.foreign_share);
        stolen.push_back(spent.steal_share);
        rates.push_back(static_cast<double>(storm.acknowledged) / storm.seconds);
        ratios.push_back(rates.back() * normal.seconds / static_cast<double>(normal.acknowledged));
    }
    report["foreign_share"] = median(foreign);
    report["steal_share"] = median(stolen);
    const auto verdict = verdict_on_redelivery(median(ratios));
    report["ratio"] = median(ratios);
    report["ratio_min"] = redelivery_ratio_min;
    report["short"] = verdict.exit_code != 0;
    report["messages_per_s"] = median(rates);
    tell(options, report,
         fmt::format(
             "redeliveries after the server was killed and came back: {} messages/s, {:.2f} of the "
             "normal rate; foreign load {:.0f} %",
             grouped(median(rates)), median(ratios), report["foreign_share"].get<double>() * 100));
    if (!verdict.sentence.empty()) std::cerr << verdict.sentence << std::endl;
    return verdict.exit_code;
}

namespace {

// What the server says of its own start, in seconds by step, and what it did not see of it.
void add_steps(const json& status, double seconds, std::map<std::string, std::vector<double>>& to) {
    double seen = 0;
    for (const auto& row : status.at("start")) {
        const double took = row.at("ms").get<double>() / 1e3;
        to[row.at("step").get<std::string>()].push_back(took);
        seen += took;
    }
    to["until it says so"].push_back(std::max(0.0, seconds - seen));
}

// kill -9 while the devices speak, as fast as they are answered: what was sent and not acknowledged
// is lost with the server, as in any crash, and devices send it again. Answers how much that was.
std::uint64_t kill_under_load(House& house, const std::vector<Device>& devices,
                              const ModeOptions& options) {
    DeviceLoad load(house.port("device_mqtt"), devices);
    std::atomic<bool> killing{false};
    std::atomic<bool> ended_before{false};
    std::jthread speaking([&] {
        try {
            (void)load.saturate(options.window, warm_up_of_modes,
                                milliseconds_of(options.seconds) + longer_than_a_kill);
            ended_before = true;
        } catch (const std::exception&) {
            ended_before = !killing;
        }
    });
    std::this_thread::sleep_for(warm_up_of_modes + milliseconds_of(options.seconds));
    killing = true;
    house.kill_server();
    speaking.join();
    const auto unacknowledged = load.sent_in_all() - load.acknowledged_in_all();
    if (ended_before || unacknowledged == 0)
        throw std::runtime_error("the server was not under load when it was killed");
    return unacknowledged;
}

}  // namespace

int run_restart(const ModeOptions& options) {
    json report = head_of_report("restart");
    House house(options.house);
    house.start();
    const auto devices = house.settle();
    std::vector<double> seconds;
    std::map<std::string, std::vector<double>> steps;
    std::vector<double> unacknowledged;
    std::vector<double> foreign;
    std::vector<double> stolen;
    for (std::size_t round = 0; round < options.rounds; ++round) {
        unacknowledged.push_back(
            static_cast<double>(kill_under_load(house, some(devices, loud_devices), options)));
        const Meter meter({.server = 0, .cluster = house.watch().cluster});
        seconds.push_back(static_cast<double>(house.start().count()) / 1e3);
        const auto spent = meter.spent(house.watch());
        foreign.push_back(spent.foreign_share);
        stolen.push_back(spent.steal_share);
        add_steps(house.status(), seconds.back(), steps);
    }
    report["foreign_share"] = median(foreign);
    report["steal_share"] = median(stolen);
    report["unacknowledged_when_killed"] = median(unacknowledged);
    report["assets"] = devices.size();
    report["seconds"] = median(seconds);
    report["seconds_max"] = *std::ranges::max_element(seconds);
    report["each_round_s"] = seconds;
    std::string profile;
    for (const auto& [step, took] : steps) {
        report["steps_s"][step] = median(took);
        profile += fmt::format("{}{} {:.3f}", profile.empty() ? "" : ", ", step, median(took));
    }
    tell(options, report,
         fmt::format(
             "back in service after kill -9 under load ({:.0f} messages unacknowledged) with "
             "{} assets: {:.2f} s (median of {}), {:.2f} s at most; foreign load {:.0f} %; "
             "of which, in seconds: {}",
             median(unacknowledged), devices.size(), median(seconds), seconds.size(),
             *std::ranges::max_element(seconds), median(foreign) * 100, profile));
    return 0;
}

}  // namespace vigie::bench
