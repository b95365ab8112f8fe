// The HTTP face of streets, addresses and the base map.
#pragma once

#include "vigie/api/router.hpp"
#include "vigie/assets/published.hpp"
#include "vigie/assets/routes.hpp"
#include "vigie/assets/zones.hpp"
#include "vigie/streets/address_search.hpp"
#include "vigie/streets/street_import.hpp"
#include "vigie/streets/streets.hpp"

namespace vigie::streets {

// GET addresses, map/layers/{communes|streets}: at the control door.
void add_street_routes(api::Router& control, AddressSearch& addresses,
                       const assets::Published<assets::Zones>& zones,
                       const assets::Published<Streets>& streets);

// POST /admin/v1/streets/import?map&dry_run&partial&progress: at the admin door.
void add_street_admin_routes(api::Router& admin, StreetImporter& importer, store::Pool& pool,
                             assets::ImportsUnderWay& under_way);

}  // namespace vigie::streets
