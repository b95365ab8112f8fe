#include "bench/ingest_report.hpp"

#include <fmt/format.h>

#include "bench/report.hpp"

namespace vigie::bench {

namespace {

using nlohmann::json;

double of_rounds(const std::vector<Round>& rounds, double (*figure)(const Round&)) {
    std::vector<double> values;
    for (const auto& round : rounds)
        values.push_back(figure(round));
    return median(values);
}

json json_of(const Round& round) {
    return {{"ratio", round.values / round.limit},
            {"values_per_s", round.values},
            {"limit_values_per_s", round.limit},
            {"limit_batch_rows", round.limit_rows},
            {"reference_values_per_s", round.reference},
            {"puback_ms", json_of(round.puback)},
            {"spent", json_of(round.spent)},
            {"limit_spent", json_of(round.limit_spent)},
            {"reference_spent", json_of(round.reference_spent)},
            {"rollups", round.rollups},
            {"cpu_us_per_message", round.cost},
            {"limit_cpu_us_per_row", round.limit_cost_us},
            {"server_resident_bytes", round.server.resident_bytes},
            {"server_resident_bytes_max", round.server.resident_max_bytes},
            {"postgres_proportional_bytes", round.cluster_bytes}};
}

}  // namespace

json report_of(const std::vector<Round>& rounds) {
    const auto median_of = [&](double (*figure)(const Round&)) {
        return of_rounds(rounds, figure);
    };
    std::uint64_t rollups = 0;
    for (const auto& round : rounds)
        rollups += round.rollups;
    const auto& last = rounds.back();
    json report = {
        {"rounds", rounds.size()},
        {"ratio", median_of([](const Round& r) { return r.values / r.limit; })},
        {"values_per_s", median_of([](const Round& r) { return r.values; })},
        {"cost_ratio", median_of([](const Round& r) { return r.limit_cost_us / r.cost_us; })},
        {"messages_per_s", median_of([](const Round& r) { return r.values / values_per_message; })},
        {"limit_values_per_s", median_of([](const Round& r) { return r.limit; })},
        {"reference_values_per_s", median_of([](const Round& r) { return r.reference; })},
        {"puback_ms",
         {{"p50", median_of([](const Round& r) { return r.puback.percentile_ms(0.5); })},
          {"p99", median_of([](const Round& r) { return r.puback.percentile_ms(0.99); })}}},
        {"console_messages_per_s", median_of([](const Round& r) { return r.shown; })},
        {"rollups_computed", rollups},
        {"server_resident_bytes_max", last.server.resident_max_bytes},
        {"postgres_proportional_bytes", last.cluster_bytes},
        {"each_round", json::array()}};
    std::vector<Spent> server;
    std::vector<Spent> limit;
    std::vector<Spent> reference;
    for (const auto& round : rounds) {
        report["each_round"].push_back(json_of(round));
        server.push_back(round.spent);
        limit.push_back(round.limit_spent);
        reference.push_back(round.reference_spent);
    }
    add_phase(report, "server", server);
    add_phase(report, "L", limit);
    add_phase(report, "reference", reference);
    return report;
}

std::string sentence_of_report(const json& report) {
    return fmt::format(
        "median of {}: {} values/s ({} messages/s), L {}, ratio {:.2f} (of processor "
        "time {:.2f}), reference {}; PUBACK p50 {:.1f}, p99 {:.1f} ms; server {:.0f} MB at most, "
        "postgres {:.0f} MB; {}",
        report["rounds"].get<std::size_t>(), grouped(report["values_per_s"].get<double>()),
        grouped(report["messages_per_s"].get<double>()),
        grouped(report["limit_values_per_s"].get<double>()), report["ratio"].get<double>(),
        report["cost_ratio"].get<double>(), grouped(report["reference_values_per_s"].get<double>()),
        report["puback_ms"]["p50"].get<double>(), report["puback_ms"]["p99"].get<double>(),
        report["server_resident_bytes_max"].get<double>() / 1e6,
        report["postgres_proportional_bytes"].get<double>() / 1e6, sentence_of_phases(report));
}

}  // namespace vigie::bench
