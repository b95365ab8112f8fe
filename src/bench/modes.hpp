// What an installation costs when nothing happens, when everything is said twice, and after a kill.
#pragma once

#include <cstddef>

#include "bench/house.hpp"

namespace vigie::bench {

struct ModeOptions {
    HouseSettings house;
    std::size_t rounds{5};
    std::size_t window{50};
    double seconds{4};
    bool json{};
};

// Connected devices that say nothing: the server's memory for each.
int run_idle(const ModeOptions& options);
// Every device repeats its last window: the rate beside the normal one.
int run_redelivery(const ModeOptions& options);
// kill -9 under load, start, until the server says that it is ready.
int run_restart(const ModeOptions& options);

}  // namespace vigie::bench
