// Open files, and who may take how many of them: each connection is one, and the database, the
// spool and the admin door must find theirs when the doors of strangers are full.
#pragma once

#include <cstddef>

#include "vigie/config/settings.hpp"

namespace vigie::app {

// How many connections each door takes.
struct Connections {
    std::size_t mqtt{};
    std::size_t device_http{};
    std::size_t control{};
    std::size_t open{};
    [[nodiscard]] std::size_t all() const { return mqtt + device_http + control + open; }
};
inline constexpr std::size_t admin_connections_max = 32;  // each of its two doors
// As wanted, or each door less by the same share so that all of them leave `files` its reserve.
[[nodiscard]] Connections share_connections(const config::Settings& settings, std::size_t files);
// What is kept for everything else.
[[nodiscard]] std::size_t reserved_files(const config::Settings& settings);
// The same, of the files there may be now.
[[nodiscard]] Connections connections_of(const config::Settings& settings);
void log_connections(const config::Settings& settings);

}  // namespace vigie::app
