#include "vigie/access/passwords.hpp"

#include <gtest/gtest.h>

#include <set>

#include "vigie/access/people.hpp"
#include "vigie/access/sessions.hpp"

namespace vigie::access {
namespace {

TEST(Passwords, FitOnlyThemselves) {
    const auto hash = hash_password("correct horse battery", PasswordCost::lowest());
    EXPECT_TRUE(hash.starts_with("$argon2id$"));
    EXPECT_TRUE(password_fits(hash, "correct horse battery"));
    EXPECT_FALSE(password_fits(hash, "correct horse batterY"));
    EXPECT_FALSE(password_fits(hash, ""));
    EXPECT_FALSE(password_fits("not a hash", "correct horse battery"));
    EXPECT_NE(hash, hash_password("correct horse battery", PasswordCost::lowest()));
    EXPECT_FALSE(wants_new_hash(hash, PasswordCost::lowest()));
    EXPECT_TRUE(wants_new_hash(hash, PasswordCost{}));
}

TEST(Passwords, AreLongEnoughAndNotEndless) {
    const std::pair<std::string, bool> cases[] = {{std::string(11, 'a'), false},
                                                  {std::string(12, 'a'), true},
                                                  {"éééééééééééé", true},
                                                  {"ééééééééééé", false},
                                                  {std::string(1024, 'a'), true},
                                                  {std::string(1025, 'a'), false},
                                                  {std::string(11, 'a') + "\xff", false}};
    for (const auto& [password, good] : cases)
        EXPECT_EQ(check_password(password).ok(), good) << password.size();
    EXPECT_TRUE(check_password(random_password()).ok());
}

TEST(Passwords, SecretsAreRandomAndFitACookie) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const auto secret = random_secret();
        EXPECT_EQ(secret.size(), 43U);
        EXPECT_EQ(secret.find_first_of("+/=;, "), std::string::npos);
        EXPECT_TRUE(seen.insert(secret).second);
        EXPECT_TRUE(seen.insert(random_password()).second);
    }
}

TEST(Passwords, LoginsAreLoweredAndPlain) {
    EXPECT_EQ(as_login("  Lea.Martin "), "lea.martin");
    for (const char* good : {"lea", "l", "lea.martin-2_x", "0815"})
        EXPECT_TRUE(is_login(good)) << good;
    for (const char* bad : {"", ".lea", "-lea", "Lea", "léa", "le a", "admin:root", "a/b"})
        EXPECT_FALSE(is_login(bad)) << bad;
    EXPECT_TRUE(is_login(std::string(64, 'a')));
    EXPECT_FALSE(is_login(std::string(65, 'a')));
}

TEST(Cookies, AreFoundByTheirWholeName) {
    wire::Request request;
    request.headers.set("Cookie", "x_vigie_session=a; vigie_session=b; vigie_session2=c");
    EXPECT_EQ(cookie_value(request, "vigie_session"), "b");
    EXPECT_EQ(cookie_value(request, "vigie"), "");
    EXPECT_EQ(cookie_value(wire::Request{}, "vigie_session"), "");
}

}  // namespace
}  // namespace vigie::access
