// Results that came while the database was away: in a spool of their own, so that a device is told
// that its word was kept, and a restart does not lose it.
#pragma once

#include <vector>

#include "vigie/ingest/command_taker.hpp"
#include "vigie/store/spool.hpp"

namespace vigie::control {

class KeptResults {
public:
    explicit KeptResults(store::Spool& spool) : spool_(spool) {}

    // What an earlier run kept and did not record, in order.
    [[nodiscard]] std::vector<ingest::CommandResult> left_over();
    // False: no room, or the disk fails; nothing was promised.
    [[nodiscard]] bool keep(const ingest::CommandResult& result);
    // Everything kept is recorded.
    void forget();

private:
    store::Spool& spool_;
};

}  // namespace vigie::control
