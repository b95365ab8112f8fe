#include "vigie/ingest/door_throttle.hpp"

#include <algorithm>

namespace vigie::ingest {

std::string_view host_of(std::string_view peer) {
    if (peer.starts_with('[')) {
        const auto end = peer.find(']');
        return end == std::string_view::npos ? peer : peer.substr(1, end - 1);
    }
    const auto colon = peer.find(':');
    const bool has_port = colon != std::string_view::npos && colon == peer.rfind(':');
    return has_port ? peer.substr(0, colon) : peer;
}

std::string shown_name(std::string_view user_name) {
    std::string shown(user_name.substr(0, shown_name_bytes_max));
    std::ranges::replace_if(
        shown,
        [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return byte < 0x20 || byte >= 0x7F;
        },
        '?');
    return shown.empty() ? "(no user name)" : shown;
}

std::optional<base::Duration> DoorThrottle::failed(std::string_view user_name,
                                                   std::string_view peer) {
    const std::string host(host_of(peer));
    // A name of any length must not be kept ten thousand times.
    const std::string who = host + " " + std::string(user_name.substr(0, shown_name_bytes_max));
    const auto wait = throttle_.begin(who, host);
    if (wait) ++throttled_;
    return wait;
}

}  // namespace vigie::ingest
