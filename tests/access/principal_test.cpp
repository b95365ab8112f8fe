#include "vigie/access/principal.hpp"

#include <gtest/gtest.h>

namespace vigie::access {
namespace {

const base::Instant noon = *base::parse_rfc3339("2026-11-22T12:00:00Z");

Principal with_role(Role role) {
    Principal principal;
    principal.role = role;
    principal.grants = default_grants(role);
    return principal;
}

TEST(Principal, MayWhatItsRoleSays) {
    struct Case {
        Role role;
        Level level;
        const char* service;
        bool expected;
    };
    const Case cases[] = {
        {Role::operator_, Level::operate, "alarms", true},
        {Role::operator_, Level::view, "contacts", true},
        {Role::operator_, Level::manage, "alarms", false},
        {Role::operator_, Level::operate, "assets", false},
        {Role::operator_, Level::view, "access", false},
        {Role::supervisor, Level::manage, "interventions", true},
        {Role::supervisor, Level::view, "access", true},
        {Role::supervisor, Level::operate, "access", false},
        {Role::director, Level::view, "contacts", true},
        {Role::director, Level::manage, "logbook", true},
        {Role::director, Level::operate, "alarms", false},
        {Role::crew_member, Level::operate, "interventions", true},
        {Role::crew_member, Level::view, "operations", false},
        {Role::administrator, Level::configure, "access", true},
        {Role::administrator, Level::configure, "assets", true},
        {Role::administrator, Level::view, "alarms", true},
        {Role::administrator, Level::operate, "alarms", false},
        {Role::administrator, Level::view, "contacts", false},
        {Role::integrator, Level::view, "operations", true},
        {Role::integrator, Level::view, "contacts", false},
        {Role::integrator, Level::operate, "alarms", false},
    };
    for (const auto& [role, level, service, expected] : cases)
        EXPECT_EQ(with_role(role).may(level, service, noon), expected)
            << to_string(role) << " " << to_string(level) << " " << service;
}

TEST(Principal, GrantsReachOneCommuneForATime) {
    Principal principal;
    const auto hour = std::chrono::hours{1};
    principal.grants = {{Level::operate, "bollards", "21231", noon, noon + hour}};
    EXPECT_TRUE(principal.may(Level::operate, "bollards", noon, "21231"));
    EXPECT_TRUE(principal.may(Level::view, "bollards", noon)) << "the right anywhere suffices";
    EXPECT_FALSE(principal.may(Level::operate, "bollards", noon, "21166"));
    EXPECT_FALSE(principal.may(Level::operate, "bollards", noon - base::Duration{1}, "21231"));
    EXPECT_FALSE(principal.may(Level::operate, "bollards", noon + hour, "21231"));
}

TEST(Principal, CityItMayEverythingByItsSocket) {
    const auto admin = admin_principal("root");
    EXPECT_EQ(admin.login, "admin:root");
    for (const char* service : {"assets", "live", "alarms", "operations", "interventions",
                                "logbook", "contacts", "control", "access", "ingest"})
        EXPECT_TRUE(admin.may(Level::configure, service, noon)) << service;
}

TEST(Principal, RoleNamesGoBothWays) {
    for (const char* name :
         {"operator", "supervisor", "director", "crew_member", "administrator", "integrator"}) {
        ASSERT_TRUE(role_from(name)) << name;
        EXPECT_EQ(to_string(*role_from(name)), name);
    }
    EXPECT_FALSE(role_from("Operator"));
    EXPECT_FALSE(role_from(""));
}

}  // namespace
}  // namespace vigie::access
