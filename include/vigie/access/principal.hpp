// Who is asking, and what they may do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/time.hpp"

namespace vigie::access {

// Each level includes those before it.
enum class Level { view, operate, manage, configure };

enum class Role { operator_, supervisor, director, crew_member, administrator, integrator };

// level x service x commune x validity. Services: assets, live, alarms, operations, interventions,
// logbook, contacts, control, access, ingest. An empty commune means all of them.
struct Grant {
    Level level{Level::view};
    std::string service;
    std::string commune;
    std::optional<base::Instant> from;
    std::optional<base::Instant> until;
};

// A person, a program with a token, or the system itself. A value: what was true when the request
// came in.
struct Principal {
    std::int64_t id{};  // person's row; 0 for the system and for city IT at the admin door
    std::string login;
    std::string name;
    Role role{Role::operator_};
    std::string employer;
    std::string crew;  // code of the crew a crew member belongs to
    std::vector<Grant> grants;
    std::int64_t session{};  // row of the session or token; 0 for none
    bool by_cookie{};        // then a changing request must present the CSRF token
    std::string csrf_token;
    std::optional<base::Instant> session_ends;  // of a session or token, however it is used

    // Whether some grant in force at `now` reaches that far. `commune` empty: the right anywhere
    // suffices.
    [[nodiscard]] bool may(Level level, std::string_view service, base::Instant now,
                           std::string_view commune = {}) const;
};

// The author of what nobody asked for: "system:rules", "system:telemetry", ...
[[nodiscard]] Principal system_principal(std::string_view part);
// City IT through the unix socket: every right, under the name of the machine's user.
[[nodiscard]] Principal admin_principal(std::string_view user_name);

[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::optional<Role> role_from(std::string_view text);
[[nodiscard]] std::string_view to_string(Level level);
[[nodiscard]] std::optional<Level> level_from(std::string_view text);
// What a role may do when nothing else was said, everywhere and always.
[[nodiscard]] std::vector<Grant> default_grants(Role role);

}  // namespace vigie::access
