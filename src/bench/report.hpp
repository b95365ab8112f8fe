// Rows of a report, for a reader and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/device_load.hpp"
#include "bench/machine.hpp"

namespace vigie::bench {

[[nodiscard]] double median(std::vector<double> values);
[[nodiscard]] nlohmann::json json_of(const Spent& spent);
[[nodiscard]] nlohmann::json json_of(const Latency& latency);
// Processor time in microseconds a message, which foreign load changes less than it does rates.
[[nodiscard]] nlohmann::json cost_of(const Spent& spent, double messages);
// "server 0.81, postgres 0.95, generator 0.12 processors; foreign 2 %, stolen 0 %"
[[nodiscard]] std::string sentence_of(const Spent& spent);
// 1234567 -> "1,234,567"
[[nodiscard]] std::string grouped(double number);
[[nodiscard]] nlohmann::json head_of_report(const std::string& subject);

}  // namespace vigie::bench
