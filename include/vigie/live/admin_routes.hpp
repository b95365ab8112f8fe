// What `vigie live` and `vigie tail` ask at the admin door.
#pragma once

#include "vigie/api/router.hpp"
#include "vigie/live/city.hpp"

namespace vigie::live {

// GET /admin/v1/live?asset&kind&commune&since&limit: {"rows": [LiveAsset], "more": true|false}, by
// code. `asset` may be repeated; `since` (RFC 3339) keeps those with a newer observation.
void add_live_admin_routes(api::Router& admin, City& city);

}  // namespace vigie::live
