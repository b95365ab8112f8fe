#include "vigie/store/predecessors.hpp"

#include <gtest/gtest.h>

#include <pqxx/pqxx>

#include "tests/support/pgtest_database.hpp"

namespace vigie::store {
namespace {

TEST(Predecessors, NamesItsConnectionsInEitherFormOfAUrl) {
    EXPECT_EQ(as_program("host=a dbname=vigie"), "host=a dbname=vigie application_name=vigied");
    EXPECT_EQ(as_program("postgresql://u@a/vigie"),
              "postgresql://u@a/vigie?application_name=vigied");
    EXPECT_EQ(as_program("postgres://u@a/vigie?sslmode=require"),
              "postgres://u@a/vigie?sslmode=require&application_name=vigied");
    EXPECT_EQ(as_program("host=a application_name=night"), "host=a application_name=night");
    EXPECT_EQ(as_program("host=a application_name=''"),
              "host=a application_name='' application_name=vigied")
        << "the last one holds";
    EXPECT_EQ(as_program("host=a password=application_name"),
              "host=a password=application_name application_name=vigied");
}

// The kill took the server, not what PostgreSQL was doing for it.
TEST(Predecessors, WhatTheyHaveUnderWayIsNotCommittedAnyMore) {
    const test::Database database;
    const std::string named = database.app_url() + " application_name=vigied";
    pqxx::connection left_behind(named);
    pqxx::work under_way(left_behind);
    under_way.exec(
        "insert into frame_late (observed_at, received_at, asset_id, layout, vals) "
        "values (now(), now(), 1, 1, '{1}')");
    pqxx::connection reader(database.app_url() + " application_name=psql");
    pqxx::nontransaction reads(reader);
    pqxx::connection owner(database.owner_url() + " application_name=vigied");
    pqxx::nontransaction owns(owner);
    const test::Database elsewhere;
    pqxx::connection other(elsewhere.app_url() + " application_name=vigied");
    pqxx::nontransaction of_other(other);

    end_predecessors(named);
    EXPECT_THROW(under_way.commit(), pqxx::failure);
    EXPECT_EQ(reads.exec("select count(*) from frame_late")[0][0].as<int>(), 0);
    EXPECT_NO_THROW(owns.exec("select 1")) << "another role's";
    EXPECT_NO_THROW(of_other.exec("select 1")) << "another database's";
    end_predecessors(named);  // there is none any more

    end_predecessors(database.owner_url() + " application_name=vigied");
    EXPECT_THROW(owns.exec("select 1"), pqxx::failure);
}

// A start goes on, and whoever reads the log knows who must act.
TEST(Predecessors, StayWhereTheRoleMayNotEndThem) {
    const test::Database database;
    const std::string named = database.app_url() + " application_name=vigied";
    pqxx::connection left_behind(named);
    pqxx::connection superuser(database.superuser_url());
    pqxx::nontransaction admin(superuser);
    admin.exec("revoke execute on function pg_terminate_backend from public");
    EXPECT_NO_THROW(end_predecessors(named));
    EXPECT_NO_THROW(pqxx::nontransaction(left_behind).exec("select 1"));
}

}  // namespace
}  // namespace vigie::store
