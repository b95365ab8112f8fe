// The routes of sign-in, tokens and people, and what stands at each door to find out who asks.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "vigie/access/chain.hpp"
#include "vigie/access/sessions.hpp"
#include "vigie/api/router.hpp"

namespace vigie::api {

// For the control door: bearer token or session cookie. `sessions` outlives the router.
[[nodiscard]] Authenticator session_authenticator(access::Sessions& sessions);
// For the admin door, a unix socket: root and the user that runs the server, as city IT.
[[nodiscard]] Authenticator admin_authenticator();

// /api/v1/session, /api/v1/tokens. `sessions` outlives the router, here and below.
void add_session_routes(Router& router, access::Sessions& sessions);
// /api/v1/people
void add_people_routes(Router& router, access::Sessions& sessions);
// /api/v1/openapi.json
void add_contract_route(Router& router);
// On the admin door's own router: what `vigie user` and `vigie logbook verify` call.
//   GET  /admin/v1/people                    {rows, next}
//   POST /admin/v1/people                    {login, name, role, employer, crew?, password?}
//   POST /admin/v1/people/{login}/disable    also ends the person's sessions
//   POST /admin/v1/people/{login}/enable
//   POST /admin/v1/people/{login}/password   {password?}
//   GET  /admin/v1/audit/verify              {entries, digest, fault?: {number, reason}}
// Without `password` a random one is made and told once, in the member `password` of the answer.
void add_admin_people_routes(Router& router, access::Sessions& sessions);

// {entries, digest, fault?: {number, reason}}: also for the logbook.
[[nodiscard]] nlohmann::json chain_report_json(const Request& request,
                                               const access::ChainReport& report);

// docs/openapi.yaml as JSON, made by the build.
[[nodiscard]] std::string_view contract_json();

}  // namespace vigie::api
