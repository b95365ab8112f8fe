// vigie-bench restart: kill -9 while devices speak as fast as they are answered, and the time until
// the server says that it is ready again.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <stdexcept>
#include <thread>

#include "bench/modes.hpp"
#include "bench/report.hpp"
#include "vigie/live/keeper.hpp"

namespace vigie::bench {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t loud_devices = 1'000;
// The load goes on for so long unless the kill ends it.
constexpr milliseconds longer_than_a_kill{60'000};

// Long enough for several flushes at full load.
constexpr std::chrono::seconds first_load = 5 * live::flush_every;

double seconds_of(milliseconds time) {
    return std::chrono::duration<double>(time).count();
}

// Under load before the kill of that round.
milliseconds load_before(std::size_t round, const RestartOptions& options) {
    if (options.load_s > 0) return milliseconds_of(options.load_s);
    return round == 0 ? first_load : milliseconds_of(options.mode.seconds);
}

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

// What was sent and not acknowledged is lost with the server, as in any crash, and devices send it
// again. Answers how much that was, and how much was acknowledged.
struct Cut {
    double acknowledged{};
    double unacknowledged{};
};
Cut kill_under_load(House& house, const std::vector<Device>& devices, const ModeOptions& options,
                    milliseconds load_time) {
    DeviceLoad load(house.port("device_mqtt"), devices);
    std::atomic<bool> killing{false};
    std::atomic<bool> ended_before{false};
    std::jthread speaking([&] {
        try {
            (void)load.saturate(options.window, milliseconds{0}, load_time + longer_than_a_kill);
            ended_before = true;
        } catch (const std::exception&) {
            ended_before = !killing;
        }
    });
    std::this_thread::sleep_for(load_time);
    killing = true;
    house.kill_server();
    speaking.join();
    const auto acknowledged = load.acknowledged_in_all();
    const auto unacknowledged = load.sent_in_all() - acknowledged;
    if (ended_before || unacknowledged == 0)
        throw std::runtime_error("the server was not under load when it was killed");
    return {static_cast<double>(acknowledged), static_cast<double>(unacknowledged)};
}

class Restarts {
public:
    explicit Restarts(const RestartOptions& options)
        : options_(options), house_(options.mode.house) {
        report_ = head_of_report("restart");
        house_.start();
        devices_ = house_.settle();
    }

    int run() {
        for (std::size_t round = 0; round < options_.mode.rounds; ++round)
            measure(load_before(round, options_));
        finish();
        tell(options_.mode.json, report_, sentence());
        return 0;
    }

private:
    void measure(milliseconds load_time) {
        const auto cut =
            kill_under_load(house_, first_of(devices_, loud_devices), options_.mode, load_time);
        const Meter meter({.server = 0, .cluster = house_.watch().cluster});
        seconds_.push_back(seconds_of(house_.start()));
        spent_.push_back(meter.spent(house_.watch()));
        unacknowledged_.push_back(cut.unacknowledged);
        add_steps(house_.status(), seconds_.back(), steps_);
        report_["each_round"].push_back({{"load_s", seconds_of(load_time)},
                                         {"acknowledged", cut.acknowledged},
                                         {"seconds", seconds_.back()},
                                         {"spent", json_of(spent_.back())}});
        std::cerr << fmt::format("killed after {:.0f} s under load, back after {:.2f} s\n",
                                 seconds_of(load_time), seconds_.back());
    }

    void finish() {
        const auto longest = std::ranges::max_element(seconds_);
        add_phase(report_, "start", spent_);
        report_["unacknowledged_when_killed"] = median(unacknowledged_);
        report_["assets"] = devices_.size();
        report_["rounds"] = seconds_.size();
        report_["seconds"] = median(seconds_);
        report_["seconds_max"] = *longest;
        for (const auto& [step, took] : steps_) {
            report_["steps_s"][step] = median(took);
            report_["steps_of_longest_s"][step] =
                took.at(static_cast<std::size_t>(longest - seconds_.begin()));
        }
    }

    [[nodiscard]] std::string sentence() const {
        std::string profile;
        for (const auto& [step, took] : report_.at("steps_of_longest_s").items())
            profile +=
                fmt::format("{}{} {:.3f}", profile.empty() ? "" : ", ", step, took.get<double>());
        return fmt::format(
            "back in service after kill -9 under load ({:.0f} messages unacknowledged) with {} "
            "assets: {:.2f} s (median of {}), {:.2f} s at most; {}; of the longest, in seconds: {}",
            median(unacknowledged_), devices_.size(), median(seconds_), seconds_.size(),
            report_.at("seconds_max").get<double>(), sentence_of_phases(report_), profile);
    }

    RestartOptions options_;
    House house_;
    std::vector<Device> devices_;
    std::vector<double> seconds_;
    std::vector<double> unacknowledged_;
    std::vector<Spent> spent_;
    std::map<std::string, std::vector<double>> steps_;
    json report_;
};

}  // namespace

int run_restart(const RestartOptions& options) {
    Restarts restarts(options);
    return restarts.run();
}

}  // namespace vigie::bench
