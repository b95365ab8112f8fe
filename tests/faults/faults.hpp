// What can befall a city's server, and how it is done to one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "tests/e2e/support/installation.hpp"

namespace vigie::faults {

enum class Fault : std::uint8_t {
    server_killed,    // kill -9 of vigied
    backend_killed,   // kill -9 of a writer's backend; PostgreSQL then restarts all of them
    cluster_killed,   // kill -9 of the postmaster and all of its children, while vigied lives
    both_killed,      // kill -9 of vigied and the cluster
    server_frozen,    // SIGSTOP, later SIGCONT
    cluster_frozen,   // the same to every process of the cluster
    connections_cut,  // every connection is reset in the middle of a packet
    clients_vanish,   // every connection falls silent without an end
    cluster_silent,   // the same for longer than the server waits: observations go to the spool
    disk_full,        // no byte is left where the data lie, for a while
    spool_killed,     // kill -9 of vigied while observations lie in the spool
    power_cut,        // both killed, and the disk has forgotten what was not synced
    spool_power_cut,  // the same while observations lie in the spool
};

// After so long a silence the server takes the database to be away: a setting of the harness.
inline constexpr std::chrono::seconds answer_limit{1};

struct FaultKind {
    Fault fault;
    std::string_view name;
    bool kills;          // by SIGKILL, and is one of those that --kills counts
    bool ends_server;    // so that somebody has to start it again
    bool through_relay;  // it befalls the way between devices and server
    bool into_spool;     // it is none unless observations went there
};

[[nodiscard]] const std::vector<FaultKind>& fault_kinds();
[[nodiscard]] const FaultKind* fault_named(std::string_view name);
[[nodiscard]] constexpr bool cuts_power(Fault fault) {
    return fault == Fault::power_cut || fault == Fault::spool_power_cut;
}

// What must be ready before the load begins: a disk on which little is left.
void prepare(Fault fault, const e2e::Installation& city);

struct Befallen {
    std::size_t spooled{};  // observations that the spool took meanwhile, where somebody asks
    bool on_idle{};         // no backend stored when one was looked for: an idle one was killed
};

// Befalls the server or its database; returns when it is over, which for a kill is at once.
// `lasts`: how long something is frozen or full. `now` is called when it begins: after what had to
// be found or waited for. Not for faults of the way in between.
Befallen befall(const FaultKind& kind, const e2e::Installation& city,
                std::chrono::milliseconds lasts, const std::function<void()>& now);

}  // namespace vigie::faults
