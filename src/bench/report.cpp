#include "bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>

namespace vigie::bench {

std::vector<Device> first_of(const std::vector<Device>& devices, std::size_t count) {
    return {devices.begin(),
            devices.begin() + static_cast<std::ptrdiff_t>(std::min(count, devices.size()))};
}

void tell(bool as_json, const nlohmann::json& report, const std::string& sentence) {
    if (as_json) {
        std::cout << report.dump(2) << std::endl;
    } else {
        std::cout << sentence << std::endl;
    }
}

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

nlohmann::json json_of(const Spent& spent) {
    return {{"seconds", spent.wall_s},           {"server_cpu_s", spent.server_s},
            {"postgres_cpu_s", spent.cluster_s}, {"generator_cpu_s", spent.generator_s},
            {"peers_cpu_s", spent.peers_s},      {"foreign_share", spent.foreign_share},
            {"steal_share", spent.steal_share},  {"still_share", spent.still_share}};
}

nlohmann::json json_of(const Latency& latency) {
    return {{"p50", latency.percentile_ms(0.5)},
            {"p90", latency.percentile_ms(0.9)},
            {"p99", latency.percentile_ms(0.99)},
            {"p999", latency.percentile_ms(0.999)},
            {"count", latency.count()}};
}

nlohmann::json json_of_rounds(const std::vector<Latency>& rounds) {
    const auto each = [&](double share) {
        std::vector<double> values;
        for (const auto& latency : rounds)
            values.push_back(latency.percentile_ms(share));
        return values;
    };
    std::uint64_t count = 0;
    for (const auto& latency : rounds)
        count += latency.count();
    const auto p99 = each(0.99);
    return {{"p50", median(each(0.5))},
            {"p90", median(each(0.9))},
            {"p99", median(p99)},
            {"p999", median(each(0.999))},
            {"p99_min", rounds.empty() ? 0 : *std::ranges::min_element(p99)},
            {"p99_max", rounds.empty() ? 0 : *std::ranges::max_element(p99)},
            {"each_round_p99", p99},
            {"rounds", rounds.size()},
            {"count", count}};
}

nlohmann::json cost_of(const Spent& spent, double messages) {
    const double scale = messages > 0 ? 1e6 / messages : 0;
    return {{"server", spent.server_s * scale},
            {"postgres", spent.cluster_s * scale},
            {"generator", spent.generator_s * scale}};
}

std::string sentence_of(const Spent& spent) {
    return fmt::format(
        "processors: server {:.2f}, postgres {:.2f}, generator {:.2f}; foreign {:.0f} %, stolen "
        "{:.0f} %",
        spent.server_s / spent.wall_s, spent.cluster_s / spent.wall_s,
        spent.generator_s / spent.wall_s, spent.foreign_share * 100, spent.steal_share * 100);
}

std::string grouped(double number) {
    std::string digits = fmt::format("{:.0f}", number);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), ",");
    return digits;
}

void add_phase(nlohmann::json& report, const std::string& phase, const std::vector<Spent>& rounds) {
    if (rounds.empty()) return;
    std::vector<double> foreign;
    std::vector<double> stolen;
    std::vector<double> still;
    for (const auto& spent : rounds) {
        foreign.push_back(spent.foreign_share);
        stolen.push_back(spent.steal_share);
        still.push_back(spent.still_share);
    }
    if (!report.contains("phases")) {
        report["foreign_share"] = median(foreign);
        report["steal_share"] = median(stolen);
    }
    report["phases"][phase] = {{"foreign_share", median(foreign)},
                               {"foreign_share_max", *std::ranges::max_element(foreign)},
                               {"steal_share", median(stolen)},
                               {"steal_share_max", *std::ranges::max_element(stolen)},
                               {"still_share", median(still)},
                               {"still_share_max", *std::ranges::max_element(still)}};
}

std::string sentence_of_phases(const nlohmann::json& report) {
    std::string said;
    for (const auto& [phase, shares] : report.at("phases").items()) {
        const double usual = shares.at("foreign_share").get<double>() * 100;
        const double most = shares.at("foreign_share_max").get<double>() * 100;
        said += fmt::format("{}{} {:.0f} %", said.empty() ? "foreign load: " : ", ", phase, usual);
        if (most >= usual + 1) said += fmt::format(" ({:.0f} % in a round)", most);
        const double still = shares.at("still_share").get<double>() * 100;
        if (still >= 0.5) said += fmt::format(", stood still {:.1f} %", still);
    }
    return said;
}

void add_flaw(nlohmann::json& report, const std::string& why) {
    report["not_valid"].push_back(why);
}

int tell_flaws(const nlohmann::json& report) {
    const auto flaws = report.value("not_valid", nlohmann::json::array());
    for (const auto& why : flaws)
        std::cerr << "not valid: " << why.get<std::string>() << std::endl;
    return flaws.empty() ? 0 : 1;
}

Verdict verdict_on_redelivery(double ratio) {
    if (ratio >= redelivery_ratio_min) return {};
    return {
        fmt::format("SHORT: a storm of redeliveries runs at {:.2f} of the normal rate, at least "
                    "{:.2f} is asked",
                    ratio, redelivery_ratio_min),
        1};
}

nlohmann::json head_of_report(const std::string& subject) {
    return {{"subject", subject},
            {"machine", machine_sentence()},
            {"load_average_before", load_average()}};
}

}  // namespace vigie::bench
