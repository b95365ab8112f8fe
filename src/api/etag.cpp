#include "vigie/api/etag.hpp"

#include <algorithm>

#include "vigie/base/text.hpp"

namespace vigie::api {

namespace {

std::string_view opaque(std::string_view etag) {
    if (etag.starts_with("W/")) etag.remove_prefix(2);
    return etag;
}

}  // namespace

bool names_etag(std::string_view if_none_match, std::string_view etag) {
    if (etag.empty() || if_none_match.empty()) return false;
    if (base::trimmed(if_none_match) == "*") return true;
    // No ETag of ours holds a comma.
    const auto names = base::split(if_none_match, ',');
    return std::ranges::any_of(
        names, [&](std::string_view name) { return opaque(base::trimmed(name)) == opaque(etag); });
}

}  // namespace vigie::api
