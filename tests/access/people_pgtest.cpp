#include "vigie/access/people.hpp"

#include <gtest/gtest.h>

#include "tests/support/pgtest_database.hpp"
#include "vigie/access/audit.hpp"

namespace vigie::access {
namespace {

const base::Instant people_now = *base::parse_rfc3339("2026-11-22T18:00:00Z");
const PasswordCost people_cost = PasswordCost::lowest();

class PeopleTest : public testing::Test {
protected:
    static NewPerson someone(const std::string& login, Role role = Role::operator_) {
        return {login, "Léa Martin", role, "Ville", "", "correct horse battery"};
    }
    base::Result<Person> add(const NewPerson& person) {
        return pool.write_now([&](store::Transaction& tx) {
            return add_person(tx, person, people_now, people_cost);
        });
    }
    base::Result<Person> change(const std::string& login, const PersonChange& what,
                                std::optional<std::int64_t> version = std::nullopt) {
        return pool.write_now([&](store::Transaction& tx) {
            return change_person(tx, login, what, version, people_now, people_cost);
        });
    }

    test::Database database;
    store::Pool pool{database.app_url(), 2};
};

TEST_F(PeopleTest, AddsListsAndFinds) {
    for (const char* login : {"zoe", "Lea", "l-ea", "max"})
        ASSERT_TRUE(add(someone(login)).ok()) << login;
    const auto logins = [this](const std::string& after, std::size_t rows) {
        return pool.read_now([&](store::Transaction& tx) {
            std::string out;
            for (const auto& person : list_people(tx, after, rows))
                out += person.login + " ";
            return out;
        });
    };
    EXPECT_EQ(logins("", 10), "l-ea lea max zoe ");
    EXPECT_EQ(logins("l-ea", 2), "lea max ");
    const auto lea = pool.read_now([](store::Transaction& tx) { return find_person(tx, "lea"); });
    ASSERT_TRUE(lea.ok());
    EXPECT_EQ(lea->name, "Léa Martin");
    EXPECT_EQ(lea->version, 1);
    EXPECT_EQ(
        pool.read_now([](store::Transaction& tx) { return find_person(tx, "x"); }).error().code,
        base::Errc::not_found);
}

TEST_F(PeopleTest, RefusesWhatCannotBe) {
    EXPECT_EQ(add(someone("l/ea")).error().fields[0].pointer, "/login");
    auto short_password = someone("lea");
    short_password.password = "short";
    EXPECT_EQ(add(short_password).error().fields[0].pointer, "/password");
    EXPECT_EQ(add(someone("lea", Role::crew_member)).error().fields[0].pointer, "/crew");
    ASSERT_TRUE(add(someone("lea")).ok());
    EXPECT_EQ(add(someone("LEA")).error().code, base::Errc::conflict);
    PersonChange crew;
    crew.role = Role::crew_member;
    EXPECT_EQ(change("lea", crew).error().fields[0].pointer, "/crew");
    crew.crew = "E1";
    EXPECT_TRUE(change("lea", crew).ok());
}

TEST_F(PeopleTest, ChangesOnlyTheVersionOneHasSeen) {
    ASSERT_TRUE(add(someone("lea")).ok());
    PersonChange rename;
    rename.name = "Léa Durand";
    EXPECT_EQ(change("lea", rename, 2).error().code, base::Errc::precondition_failed);
    const auto changed = change("lea", rename, 1);
    ASSERT_TRUE(changed.ok());
    EXPECT_EQ(changed->version, 2);
    EXPECT_EQ(changed->name, "Léa Durand");
    EXPECT_EQ(change("lea", rename, 1).error().code, base::Errc::precondition_failed);
    EXPECT_EQ(change("nobody", rename).error().code, base::Errc::not_found);
}

TEST_F(PeopleTest, KeepsTheLastAdministrator) {
    ASSERT_TRUE(add(someone("ada", Role::administrator)).ok());
    PersonChange out;
    out.disabled = true;
    PersonChange down;
    down.role = Role::director;
    EXPECT_EQ(change("ada", out).error().code, base::Errc::conflict);
    EXPECT_EQ(change("ada", down).error().code, base::Errc::conflict);
    ASSERT_TRUE(add(someone("bea", Role::administrator)).ok());
    EXPECT_TRUE(change("ada", down).ok());
    EXPECT_EQ(change("bea", out).error().code, base::Errc::conflict);
}

TEST_F(PeopleTest, MakesOneFirstAdministratorAndNoSecond) {
    const auto make = [this] {
        return pool.write_now([](store::Transaction& tx) {
            return make_first_administrator(tx, people_now, people_cost);
        });
    };
    const auto first = make();
    ASSERT_TRUE(first);
    EXPECT_TRUE(check_password(first->password).ok());
    EXPECT_FALSE(make());
    const auto report = pool.read_now([](store::Transaction& tx) { return verify_audit(tx); });
    EXPECT_EQ(report.entries, 1);
    EXPECT_FALSE(report.fault);
}

}  // namespace
}  // namespace vigie::access
