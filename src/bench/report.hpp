// Rows of a report, for a reader and as JSON.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/device_load.hpp"
#include "bench/machine.hpp"

namespace vigie::bench {

[[nodiscard]] constexpr std::chrono::milliseconds milliseconds_of(double seconds) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1e3)};
}
// At most so many of them.
[[nodiscard]] std::vector<Device> first_of(const std::vector<Device>& devices, std::size_t count);
// On the standard output: the report as JSON, or the sentence.
void tell(bool as_json, const nlohmann::json& report, const std::string& sentence);
[[nodiscard]] double median(std::vector<double> values);
[[nodiscard]] nlohmann::json json_of(const Spent& spent);
[[nodiscard]] nlohmann::json json_of(const Latency& latency);
// Each percentile the median of the rounds', with the least and the largest p99; `count` in all.
[[nodiscard]] nlohmann::json json_of_rounds(const std::vector<Latency>& rounds);
// Processor time in microseconds a message, which foreign load changes less than it does rates.
[[nodiscard]] nlohmann::json cost_of(const Spent& spent, double messages);
// "server 0.81, postgres 0.95, generator 0.12 processors; foreign 2 %, stolen 0 %"
[[nodiscard]] std::string sentence_of(const Spent& spent);
// 1234567 -> "1,234,567"
[[nodiscard]] std::string grouped(double number);
// How busy the machine was with others in a phase (the server, L, a peer), over its rounds: whoever
// reads a figure wants to know. To `phases`: medians, and the largest. The phase that is added
// first is what `foreign_share` and `steal_share` of the whole report speak of.
void add_phase(nlohmann::json& report, const std::string& phase, const std::vector<Spent>& rounds);
// "foreign load: server 1 %, L 0 % (14 % in a round)"
[[nodiscard]] std::string sentence_of_phases(const nlohmann::json& report);
// A figure that must not be read as one, whatever it is: why.
void add_flaw(nlohmann::json& report, const std::string& why);
// Says the flaws of a report, if there are any, on the standard error; the exit code.
int tell_flaws(const nlohmann::json& report);
[[nodiscard]] nlohmann::json head_of_report(const std::string& subject);

// A storm of redeliveries that runs at less than this share of the normal rate would make an outage
// last more than twice as long for devices as it did.
inline constexpr double redelivery_ratio_min = 0.5;
// What the mode `redelivery` says beside that ratio, and its exit code.
struct Verdict {
    std::string sentence;
    int exit_code{};
};
[[nodiscard]] Verdict verdict_on_redelivery(double ratio);

}  // namespace vigie::bench
