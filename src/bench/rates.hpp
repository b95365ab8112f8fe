// How long a PUBACK takes when messages come at a fixed rate: median of several rounds.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/device_load.hpp"
#include "bench/machine.hpp"

namespace vigie::bench {

struct RateRound {
    LoadFigures figures;
    Spent spent;
};

// `whole` is the time that all rounds take, in equal parts.
[[nodiscard]] std::vector<RateRound> measure_rate(DeviceLoad& load, const Watch& watch, double rate,
                                                  std::chrono::milliseconds whole);
// `puback_ms` has the medians and, of p99, the least and the largest of a round.
[[nodiscard]] nlohmann::json report_of_rate(double rate, const std::vector<RateRound>& rounds);
[[nodiscard]] std::string sentence_of_rate(const nlohmann::json& row);

}  // namespace vigie::bench
