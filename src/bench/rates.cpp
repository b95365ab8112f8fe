#include "bench/rates.hpp"

#include <fmt/format.h>

#include "bench/report.hpp"

namespace vigie::bench {

namespace {

using nlohmann::json;

constexpr int rounds_of_a_rate = 5;
constexpr std::chrono::milliseconds warm_up_of_a_round{400};

}  // namespace

std::vector<RateRound> measure_rate(DeviceLoad& load, const Watch& watch, double rate,
                                    std::chrono::milliseconds whole) {
    std::vector<RateRound> rounds;
    for (int number = 0; number < rounds_of_a_rate; ++number) {
        const Meter meter(watch);
        auto figures = load.at_rate(rate, warm_up_of_a_round, whole / rounds_of_a_rate);
        rounds.push_back({figures, meter.spent()});
    }
    return rounds;
}

json report_of_rate(double rate, const std::vector<RateRound>& rounds) {
    json row = {{"rate", rate}, {"rounds", rounds.size()}};
    std::vector<Latency> latencies;
    std::vector<Spent> spents;
    double acknowledged = 0;
    double seconds = 0;
    for (const auto& [figures, spent] : rounds) {
        latencies.push_back(figures.puback);
        spents.push_back(spent);
        acknowledged += static_cast<double>(figures.acknowledged);
        seconds += figures.seconds;
        row["each_round"].push_back({{"kept_up", figures.kept_up},
                                     {"puback_ms", json_of(figures.puback)},
                                     {"spent", json_of(spent)}});
    }
    row["kept_up"] = keeps_up(acknowledged, rate * seconds);
    row["puback_ms"] = json_of_rounds(latencies);
    add_phase(row, "server", spents);
    return row;
}

std::string sentence_of_rate(const json& row) {
    const auto& puback = row.at("puback_ms");
    return fmt::format(
        "at {} messages/s{}, from the intended instant, median of {}: PUBACK p50 {:.2f}, p99 "
        "{:.2f} "
        "({:.2f} to {:.2f}), p99.9 {:.2f} ms; {}",
        grouped(row.at("rate")), row.at("kept_up").get<bool>() ? "" : " (not kept up)",
        row.at("rounds").get<std::size_t>(), puback.at("p50").get<double>(),
        puback.at("p99").get<double>(), puback.at("p99_min").get<double>(),
        puback.at("p99_max").get<double>(), puback.at("p999").get<double>(),
        sentence_of_phases(row));
}

}  // namespace vigie::bench
