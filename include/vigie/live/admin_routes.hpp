// What `vigie live` and `vigie tail` ask at the admin door.
#pragma once

#include "vigie/api/router.hpp"
#include "vigie/live/city.hpp"

namespace vigie::live {

// GET /admin/v1/live?asset&kind&commune&since&after&cursor&limit:
// {"rows": [LiveAsset], "until": N, "next": "..."}, by code; `next`, when there is more, is the
// cursor of the page behind. `asset` may be repeated.
//
// `since` (RFC 3339) keeps the values that were observed later, `after` those that came later, late
// ones too: `after` and `until` are stamps of the live city, see CityState::came. Whoever looks
// again and again asks each time after the `until` of the look before; the pages behind the first
// are of the same look. So each value that is still the latest is told once.
void add_live_admin_routes(api::Router& admin, City& city);

}  // namespace vigie::live
