#include "app/database_home.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <pqxx/pqxx>
#include <stdexcept>

#include "tests/support/pgtest_folder.hpp"
#include "vigie/store/database.hpp"

namespace vigie::app {
namespace {

constexpr store::Query home_count{"home_count", "select count(*) as n from frame"};

pid_t postmaster_of(const std::string& folder) {
    std::ifstream file(folder + "/pg/postmaster.pid");
    pid_t found = 0;
    file >> found;
    return found;
}

// Where the user that PostgreSQL runs as may enter.
config::Settings settings_in(const test::Folder& folder) {
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    auto settings = config::defaults();
    settings.paths.folder = folder.path();
    settings.database.shared_buffers_mb = 32;
    return settings;
}

TEST(DatabaseHomeTest, StartsThePrivatePostgresAgainWhenItWasKilled) {
    test::Folder folder;
    DatabaseHome home(settings_in(folder));
    home.open();
    const auto first = postmaster_of(folder.path());
    home.revive();
    EXPECT_EQ(postmaster_of(folder.path()), first) << "one that runs is left alone";
    ASSERT_EQ(kill(first, SIGKILL), 0);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    for (bool answers = false; !answers;) {
        ASSERT_LT(std::chrono::steady_clock::now(), until);
        home.revive();
        try {
            store::Pool pool(home.app_url(), 1);
            answers = pool.read_now([](store::Transaction& tx) {
                return tx.row(home_count)->get<std::int64_t>("n") == 0;
            });
        } catch (const store::Unavailable&) {
            continue;  // its last processes are still ending
        }
    }
    EXPECT_NE(postmaster_of(folder.path()), first);
    home.close();
}

// The cluster outlives the server, and so did what was under way in it: committed later, it would
// be stored and not shown.
TEST(DatabaseHomeTest, EndsWhatAServerThatWasKilledHasUnderWay) {
    test::Folder folder;
    const auto settings = settings_in(folder);
    DatabaseHome killed(settings);
    killed.open();
    pqxx::connection left_behind(killed.app_url());
    pqxx::work under_way(left_behind);
    under_way.exec("select count(*) from frame");
    pqxx::connection owner_left_behind(killed.owner_url());
    pqxx::connection of_somebody(
        store::Cluster({.folder = folder.path(), .bin_folder = {}, .run_as = {}}).url("vigie_app"));
    pqxx::nontransaction reads(of_somebody);

    DatabaseHome next(settings);
    next.open();
    EXPECT_THROW(under_way.commit(), pqxx::failure);
    EXPECT_THROW(pqxx::nontransaction(owner_left_behind).exec("select 1"), pqxx::failure);
    EXPECT_NO_THROW(reads.exec("select 1"));
    next.close();
}

// After an upgrade of the machine the newest programs no longer read what older ones wrote.
TEST(DatabaseHomeTest, DoesNotStartOnDataOfAnotherMajorVersionAndSaysWhatToDo) {
    test::Folder folder;
    const std::string data = folder.path() + "/pg";
    std::filesystem::create_directory(data);
    std::ofstream(data + "/PG_VERSION") << "14\n";
    auto settings = config::defaults();
    settings.paths.folder = folder.path();
    DatabaseHome home(settings);
    using testing::HasSubstr;
    EXPECT_THAT([&home] { home.open(); },
                testing::ThrowsMessage<std::runtime_error>(testing::AllOf(
                    HasSubstr("the data in " + data + " are of PostgreSQL 14, the program found"),
                    HasSubstr("database.bin_folder to /usr/lib/postgresql/14/bin"),
                    HasSubstr("/bin/pg_upgrade "), HasSubstr(" -b /usr/lib/postgresql/14/bin -B "),
                    HasSubstr(" -d " + data + " -D "))));
    EXPECT_EQ(postmaster_of(folder.path()), 0) << "nothing was started";
    std::string version;
    std::getline(std::ifstream(data + "/PG_VERSION"), version);
    EXPECT_EQ(version, "14") << "nor made anew";
}

}  // namespace
}  // namespace vigie::app
