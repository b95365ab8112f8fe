#include "bench/modes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "bench/report.hpp"

namespace vigie::bench {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds warm_up_of_modes{1'000};

}  // namespace

int run_idle(const ModeOptions& options) {
    json report = head_of_report("idle");
    House house(options.house);
    house.start();
    const auto devices = house.settle();
    {
        // What connecting leaves behind by itself, whoever comes after.
        const DeviceLoad first(house.port("device_mqtt"), first_of(devices, 100));
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
    report["rounds"] = 1;
    add_phase(report, "server", {meter.spent()});
    tell(options.json, report,
         fmt::format(
             "{} connected idle devices, one run: {:.0f} bytes of server memory each ({:.1f} -> "
             "{:.1f} MB), and {:.0f} of the kernel for both ends of its connection; {}",
             devices.size(), each, static_cast<double>(before) / 1e6,
             static_cast<double>(after) / 1e6, of_kernel, sentence_of_phases(report)));
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
    std::vector<Spent> storm_spent;
    std::vector<Spent> normal_spent;
    for (std::size_t round = 0; round < options.rounds; ++round) {
        const Meter before(house.watch());
        const auto normal =
            load.saturate(options.window, warm_up_of_modes, milliseconds_of(options.seconds));
        normal_spent.push_back(before.spent());
        // What makes every device send its window again: the server went away, and is back.
        house.kill_server();
        house.start();
        load.reconnect(house.port("device_mqtt"), devices);
        const Meter meter(house.watch());
        const auto storm =
            load.repeat(options.window, warm_up_of_modes, milliseconds_of(options.seconds));
        storm_spent.push_back(meter.spent());
        rates.push_back(static_cast<double>(storm.acknowledged) / storm.seconds);
        ratios.push_back(rates.back() * normal.seconds / static_cast<double>(normal.acknowledged));
    }
    add_phase(report, "redelivery", storm_spent);
    add_phase(report, "normal", normal_spent);
    const auto verdict = verdict_on_redelivery(median(ratios));
    report["rounds"] = ratios.size();
    report["ratio"] = median(ratios);
    report["each_round_ratio"] = ratios;
    report["ratio_min"] = redelivery_ratio_min;
    report["short"] = verdict.exit_code != 0;
    report["messages_per_s"] = median(rates);
    tell(options.json, report,
         fmt::format(
             "redeliveries after the server was killed and came back: {} messages/s, {:.2f} of the "
             "normal rate (median of {}); {}",
             grouped(median(rates)), median(ratios), ratios.size(), sentence_of_phases(report)));
    if (!verdict.sentence.empty()) std::cerr << verdict.sentence << std::endl;
    return verdict.exit_code;
}

}  // namespace vigie::bench
