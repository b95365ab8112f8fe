// If-None-Match (RFC 9110, 13.1.2).
#pragma once

#include <string_view>

namespace vigie::api {

// Whether a header If-None-Match names that ETag, by weak comparison: W/"a" and "a" are the same.
// A list names several, * names any.
[[nodiscard]] bool names_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace vigie::api
