// The HTTP face of operations: parses, asks, answers. No decision is made here.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "operations/interventions.hpp"
#include "operations/room.hpp"
#include "vigie/api/router.hpp"

namespace vigie::operations {

// The router and the room live as long as the server.
void add_incident_routes(api::Router& router, Room& room);
void add_contact_routes(api::Router& router, Room& room, store::Pool& pool);
void add_field_routes(api::Router& router, Room& room);
void add_crew_admin_routes(api::Router& router, Room& room);
void add_logbook_routes(api::Router& router, Room& room);
void add_logbook_admin_routes(api::Router& router);

[[nodiscard]] incidents::Asker asker_of(const api::Request& request);
// A number in the path; what is no number names no row.
[[nodiscard]] std::optional<std::int64_t> number_in_path(const api::Request& request,
                                                         std::string_view name);
// An identifier in a body: rows' ids travel as text.
[[nodiscard]] std::optional<std::int64_t> id_from(const std::optional<std::string>& text);

// As the asker sees it, with what they may do.
[[nodiscard]] nlohmann::json seen_json(const incidents::Asker& asker,
                                       const Intervention& intervention);

// One of a few words in the query; `otherwise` when absent.
[[nodiscard]] base::Result<std::string> word_in_query(const api::Request& request,
                                                      std::string_view name,
                                                      std::initializer_list<std::string_view> words,
                                                      std::string_view otherwise);
[[nodiscard]] base::Result<std::optional<base::Instant>> instant_in_query(
    const api::Request& request, std::string_view name);

// status=open|closed|all, open when absent.
[[nodiscard]] base::Result<std::optional<bool>> open_in_query(const api::Request& request);

}  // namespace vigie::operations
