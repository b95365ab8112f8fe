// vigie-bench console: from the instant at which a device should have spoken until a console's
// WebSocket has it.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "bench/modes.hpp"
#include "bench/report.hpp"
#include "bench/watchers.hpp"

namespace vigie::bench {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr double console_rate = 5'000;
constexpr std::size_t assets_a_console = 16;

// An asset that speaks every 4 seconds or more seldom is quiet between two words, as a city's are:
// what it says is then told at once, and not with what follows within half a second.
constexpr std::size_t console_assets_min = 20'000;

std::vector<std::string> codes_of(std::size_t count) {
    std::vector<std::string> codes;
    for (std::size_t i = 0; i < count; ++i)
        codes.push_back(asset_code(i));
    return codes;
}

// Each console looks at some assets by name, spread over all of them.
std::vector<std::vector<std::string>> panels(std::size_t assets, std::size_t consoles) {
    std::vector<std::vector<std::string>> filters(consoles);
    const std::size_t step = std::max<std::size_t>(1, assets / (consoles * assets_a_console));
    for (std::size_t i = 0; i < consoles * assets_a_console && i * step < assets; ++i)
        filters[i % consoles].push_back(fmt::format(R"({{"asset":"{}"}})", asset_code(i * step)));
    return filters;
}

std::vector<std::vector<std::string>> areas() {
    std::vector<std::vector<std::string>> filters;
    for (const auto& commune : House::communes())
        filters.push_back({fmt::format(R"({{"kind":"bench_meter","commune":"{}"}})", commune)});
    return filters;
}

class ConsoleRun {
public:
    ConsoleRun(const ModeOptions& options, House& house)
        : options_(options),
          house_(house),
          assets_(options.house.devices * options.house.assets_a_device),
          spoken_(codes_of(assets_)),
          devices_(house.settle()),
          cookie_(house.sign_in_person()),
          load_(house.port("device_mqtt"), devices_) {
        load_.on_sent([this](std::size_t asset, std::int64_t ms, Spoken::Steady::time_point at) {
            spoken_.said(asset, ms, at);
        });
    }

    // Everybody has spoken once before it counts. What is told after the end of a round counts in
    // the next.
    json measure(const std::vector<std::vector<std::string>>& filters) {
        const milliseconds once{
            static_cast<std::int64_t>(static_cast<double>(assets_) / console_rate * 1e3 + 1e3)};
        const milliseconds measured = milliseconds_of(options_.seconds);
        Watchers watchers(house_.port("control"), cookie_, filters, spoken_);
        (void)load_.at_rate(console_rate, milliseconds{0}, once);
        std::vector<Latency> told;
        std::vector<Latency> puback;
        std::vector<Spent> spent;
        std::vector<double> messages;
        bool kept_up = true;
        for (std::size_t round = 0; round < options_.rounds; ++round) {
            watchers.begin();
            const Meter meter(house_.watch());
            const auto figures = load_.at_rate(console_rate, milliseconds{0}, measured);
            spent.push_back(meter.spent());
            told.push_back(watchers.latency());
            puback.push_back(figures.puback);
            messages.push_back(static_cast<double>(watchers.messages()) / spent.back().wall_s);
            kept_up = kept_up && figures.kept_up;
        }
        json one = {{"consoles", filters.size()},
                    {"ms", json_of_rounds(told)},
                    {"puback_ms", json_of_rounds(puback)},
                    {"messages_per_s", median(messages)},
                    {"kept_up", kept_up}};
        add_phase(one, "server", spent);
        return one;
    }

    [[nodiscard]] std::size_t assets() const { return assets_; }

private:
    ModeOptions options_;
    House& house_;
    std::size_t assets_;
    Spoken spoken_;
    std::vector<Device> devices_;
    std::string cookie_;
    DeviceLoad load_;
};

std::string sentence(const char* what, const json& one) {
    const auto& ms = one["ms"];
    return fmt::format(
        "{}: p50 {:.1f}, p99 {:.1f} ms ({:.1f} to {:.1f}; median of {}, {} changes, {} consoles{}; "
        "{})",
        what, ms["p50"].get<double>(), ms["p99"].get<double>(), ms["p99_min"].get<double>(),
        ms["p99_max"].get<double>(), ms["rounds"].get<std::size_t>(),
        ms["count"].get<std::uint64_t>(), one["consoles"].get<std::size_t>(),
        one["kept_up"].get<bool>() ? "" : "; rate not kept up", sentence_of_phases(one));
}

}  // namespace

int run_console(const ModeOptions& options) {
    ModeOptions wanted = options;
    wanted.house.with_communes = true;
    auto& house_settings = wanted.house;
    house_settings.assets_a_device =
        (console_assets_min + house_settings.devices - 1) / house_settings.devices;
    json report = head_of_report("console");
    House house(house_settings);
    house.start();
    ConsoleRun run(wanted, house);
    auto by_name = run.measure(panels(run.assets(), options.consoles));
    auto by_area = run.measure(areas());
    report["definition"] =
        "from the instant at which the device should have sent to the recv() of the delta at the "
        "console, waiting for the commit and conflation included";
    report["rate"] = console_rate;
    report["assets"] = run.assets();
    report["console_ms"] = by_name["ms"];
    for (const char* share : {"foreign_share", "steal_share"})
        report[share] = by_name[share];
    report["phases"] = {{"by name", by_name["phases"]["server"]},
                        {"by area", by_area["phases"]["server"]}};
    report["by_name"] = std::move(by_name);
    report["by_area"] = std::move(by_area);
    report["load_average_after"] = load_average();
    if (options.json) {
        std::cout << report.dump(2) << std::endl;
        return 0;
    }
    std::cout << fmt::format(
                     "{} messages/s over {} assets, publish to WebSocket. {}. {}; these "
                     "are conflated to two messages a second",
                     grouped(console_rate), run.assets(),
                     sentence("assets looked at by name", report["by_name"]),
                     sentence("whole communes", report["by_area"]))
              << std::endl;
    return 0;
}

}  // namespace vigie::bench
