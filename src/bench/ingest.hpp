// vigie-bench ingest: how much the server takes, beside what its database alone could take.
#pragma once

#include <cstddef>

#include "bench/house.hpp"

namespace vigie::bench {

struct IngestOptions {
    HouseSettings house;
    std::size_t rounds{5};
    std::size_t window{50};
    double seconds{4};          // of ingestion, a round
    double limit_seconds{1.5};  // of each batch size, a round
    bool latency{true};         // and at 5,000 and 20,000 messages a second
    std::size_t consoles{};     // each watching a commune
    bool roll_ups{};            // the server rolls up in each round
    bool json{};
};

// Prints; answers the exit code.
int run_ingest(const IngestOptions& options);

}  // namespace vigie::bench
