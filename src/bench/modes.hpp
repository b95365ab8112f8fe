// What vigie-bench measures besides ingestion itself (ingest.hpp): one function a mode, which
// prints and answers the exit code.
#pragma once

#include <cstddef>

#include "bench/house.hpp"

namespace vigie::bench {

struct ModeOptions {
    HouseSettings house;
    std::size_t rounds{5};
    std::size_t window{50};
    double seconds{4};
    std::size_t consoles{20};
    bool json{};
};

struct RestartOptions {
    ModeOptions mode;
    double load_s{};  // under load before each kill; 0: before the first until the window of a
                      // start is full
};

struct PeerOptions {
    ModeOptions mode;
    std::filesystem::path mosquitto;
    std::filesystem::path node;
    std::filesystem::path peer_folder;
};

struct HistoryOptions {
    ModeOptions mode;
    std::size_t values{40'000'000};
    std::size_t questions{2'000};  // of each sort
};

struct DeliveryOptions {
    std::filesystem::path program;  // ourselves
    std::size_t rounds{5};
    std::size_t consoles{1'000};
    double seconds{4};
    bool json{};
};

// Connected devices that say nothing: the server's memory for each.
int run_idle(const ModeOptions& options);
// Every device repeats its last window: the rate beside the normal one.
int run_redelivery(const ModeOptions& options);
// kill -9 under load, start, until the server says that it is ready.
int run_restart(const RestartOptions& options);
// From a device's word to a console's WebSocket, at 5,000 messages a second.
int run_console(const ModeOptions& options);
// Beside Mosquitto alone, and beside Mosquitto with a small Node program that stores.
int run_peers(const PeerOptions& options);
// 24 hours raw and 30 days by the hour through the API, quiet and while observations come in.
int run_history(const HistoryOptions& options);
// Frames of 200 bytes to 1,000 consoles, the server's side on one processor.
int run_deliveries(const DeliveryOptions& options);
// That side: prints its port, and publishes to so many consoles until SIGTERM.
int serve_stream(std::size_t consoles);

}  // namespace vigie::bench
