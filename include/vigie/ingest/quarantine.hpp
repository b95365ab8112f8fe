// What was refused, kept with its reason: bounded, listed, and tried again once the cause is
// mended.
#pragma once

#include <chrono>
#include <cstdint>

#include "vigie/api/router.hpp"
#include "vigie/ingest/inbox.hpp"

namespace vigie::ingest {

// Deletes the oldest rows beyond base::limits::quarantine_rows_max; answers how many. To be called
// now and then.
std::size_t purge_quarantine(store::Pool& pool);

// GET /admin/v1/quarantine, GET /admin/v1/quarantine/{id}, POST /admin/v1/quarantine/{id}/replay. A
// replay speaks for every asset and may backfill: city IT answers for it. A row leaves quarantine
// once what it holds is durable; while that takes longer than `patience` it stays, and may be tried
// again.
void add_quarantine_routes(api::Router& admin, store::Pool& pool, Inbox& inbox,
                           const base::Clock& clock,
                           std::chrono::milliseconds patience = std::chrono::seconds{10});

}  // namespace vigie::ingest
