#include "bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vigie::bench {

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

nlohmann::json json_of(const Spent& spent) {
    return {{"seconds", spent.wall_s},
            {"server_cpu_s", spent.server_s},
            {"postgres_cpu_s", spent.cluster_s},
            {"generator_cpu_s", spent.generator_s},
            {"foreign_share", spent.foreign_share},
            {"steal_share", spent.steal_share}};
}

nlohmann::json json_of(const Latency& latency) {
    return {{"p50", latency.percentile_ms(0.5)},
            {"p90", latency.percentile_ms(0.9)},
            {"p99", latency.percentile_ms(0.99)},
            {"p999", latency.percentile_ms(0.999)},
            {"count", latency.count()}};
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

void add_shares(nlohmann::json& report, const Spent& spent) {
    report["foreign_share"] = spent.foreign_share;
    report["steal_share"] = spent.steal_share;
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
