// A person in JSON, for the control door and the admin door.
#pragma once

#include <nlohmann/json.hpp>

#include "vigie/access/people.hpp"
#include "vigie/api/body.hpp"
#include "vigie/api/router.hpp"

namespace vigie::api {

inline constexpr TextLimits name_limits{1, 200};
inline constexpr TextLimits password_limits{1, access::password_bytes_max};

[[nodiscard]] nlohmann::json person_json(const access::Person& person);
[[nodiscard]] Answer people_page(const Request& request, store::Transaction& tx);
// Everything of a new person but the password, which each door reads by its own rule.
[[nodiscard]] access::NewPerson read_person(Body& body);

}  // namespace vigie::api
