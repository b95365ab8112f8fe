#include "vigie/access/principal.hpp"

#include <algorithm>
#include <array>

namespace vigie::access {

namespace {

constexpr std::array<std::string_view, 10> services{
    "assets",   "live",          "alarms",  "operations", "logbook",
    "contacts", "interventions", "control", "access",     "ingest"};
// What the people of the room do all day.
constexpr std::array<std::string_view, 6> room_services{"alarms",  "operations", "interventions",
                                                        "logbook", "contacts",   "control"};

struct RoleName {
    Role role;
    std::string_view name;
};
constexpr RoleName role_names[] = {
    {Role::operator_, "operator"},          {Role::supervisor, "supervisor"},
    {Role::director, "director"},           {Role::crew_member, "crew_member"},
    {Role::administrator, "administrator"}, {Role::integrator, "integrator"},
};

template <typename Names>
void grant(std::vector<Grant>& grants, Level level, const Names& names) {
    for (const std::string_view service : names)
        grants.push_back({level, std::string(service), {}, std::nullopt, std::nullopt});
}
void grant(std::vector<Grant>& grants, Level level, std::initializer_list<std::string_view> names) {
    for (const std::string_view service : names)
        grants.push_back({level, std::string(service), {}, std::nullopt, std::nullopt});
}

bool in_force(const Grant& grant, base::Instant now) {
    return (!grant.from || *grant.from <= now) && (!grant.until || now < *grant.until);
}

}  // namespace

bool Principal::may(Level level, std::string_view service, base::Instant now,
                    std::string_view commune) const {
    return std::ranges::any_of(grants, [&](const Grant& grant) {
        return grant.level >= level && grant.service == service && in_force(grant, now) &&
               (grant.commune.empty() || commune.empty() || grant.commune == commune);
    });
}

Principal system_principal(std::string_view part) {
    Principal principal;
    principal.login = "system:" + std::string(part);
    principal.name = principal.login;
    principal.role = Role::administrator;
    grant(principal.grants, Level::configure, services);
    return principal;
}

Principal admin_principal(std::string_view user_name) {
    Principal principal;
    principal.login = "admin:" + std::string(user_name);
    principal.name = principal.login;
    principal.role = Role::administrator;
    grant(principal.grants, Level::configure, services);
    return principal;
}

std::string_view to_string(Role role) {
    for (const auto& [known, name] : role_names)
        if (known == role) return name;
    return "operator";
}

std::optional<Role> role_from(std::string_view text) {
    for (const auto& [role, name] : role_names)
        if (name == text) return role;
    return std::nullopt;
}

std::string_view to_string(Level level) {
    switch (level) {
        case Level::view:
            return "view";
        case Level::operate:
            return "operate";
        case Level::manage:
            return "manage";
        case Level::configure:
            return "configure";
    }
    return "view";
}

std::optional<Level> level_from(std::string_view text) {
    for (const Level level : {Level::view, Level::operate, Level::manage, Level::configure})
        if (to_string(level) == text) return level;
    return std::nullopt;
}

std::vector<Grant> default_grants(Role role) {
    std::vector<Grant> grants;
    switch (role) {
        case Role::operator_:
            grant(grants, Level::operate, room_services);
            grant(grants, Level::view, {"assets", "live"});
            break;
        case Role::supervisor:
            grant(grants, Level::manage, room_services);
            grant(grants, Level::view, {"assets", "live", "access"});
            break;
        case Role::director:
            grant(grants, Level::view, services);
            grant(grants, Level::manage, {"logbook"});
            break;
        case Role::crew_member:
            grant(grants, Level::operate, {"interventions"});
            grant(grants, Level::view, {"assets", "live"});
            break;
        case Role::administrator:
            // City IT sets the system up; it does not act in the room, nor read who called.
            grant(grants, Level::configure, {"assets", "live", "ingest", "access"});
            grant(grants, Level::view,
                  {"alarms", "operations", "interventions", "logbook", "control"});
            break;
        case Role::integrator:
            grant(grants, Level::view, {"assets", "live", "alarms", "operations"});
            break;
    }
    return grants;
}

}  // namespace vigie::access
