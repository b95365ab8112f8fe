// What vigie-bench ingest makes of its rounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/latency.hpp"
#include "bench/machine.hpp"

namespace vigie::bench {

inline constexpr double values_per_message = 4;

struct Round {
    double limit{};
    std::size_t limit_rows{};
    double reference{};
    double values{};
    double limit_cost_us{};    // processor time a row, at the best batch
    double shown{};            // messages a second, all consoles together
    double cost_us{};          // and a message, all of us together
    std::uint64_t rollups{};   // days of an asset computed meanwhile
    nlohmann::json cost = {};  // server, postgres, generator
    Latency puback;
    Spent spent;  // while the server was measured
    Spent limit_spent;
    Spent reference_spent;
    Memory server;
    std::uint64_t cluster_bytes{};
};

// What the product's own writers made the hot table grow by, its index included: rows of L lie in
// the same table, sorted as no device would send them, and are not measured.
struct StoredRows {
    std::uint64_t bytes{};
    std::uint64_t rows{};
    [[nodiscard]] double bytes_per_value() const {
        return rows == 0
                   ? 0
                   : static_cast<double>(bytes) / (static_cast<double>(rows) * values_per_message);
    }
};

// Medians, and each round. At least one round.
[[nodiscard]] nlohmann::json report_of(const std::vector<Round>& rounds);
// The medians for a reader.
[[nodiscard]] std::string sentence_of_report(const nlohmann::json& report);

}  // namespace vigie::bench
