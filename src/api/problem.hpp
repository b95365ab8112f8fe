// Problems that no service can cause: only the router makes them.
#pragma once

#include <string>

#include "vigie/wire/http.hpp"

namespace vigie::api {

[[nodiscard]] wire::Response method_not_allowed(const std::string& allow, bool french);
// `id` is in the log line that tells what happened.
[[nodiscard]] wire::Response internal_failure(const std::string& id, bool french);

}  // namespace vigie::api
