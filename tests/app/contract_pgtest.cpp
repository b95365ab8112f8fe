// The whole server's routes against the contract, both ways, and every right of every role on every
// route; and what it erases by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "app/foundation.hpp"
#include "app/modules.hpp"
#include "app/pipeline.hpp"
#include "tests/api/ask.hpp"
#include "tests/api/contract.hpp"
#include "tests/support/pgtest_database.hpp"
#include "tests/support/pgtest_folder.hpp"
#include "vigie/assets/kind_files.hpp"

namespace vigie::app {
namespace {

class WholeServer : public testing::Test {
protected:
    WholeServer()
        : settings_(settings_in(folder_.path())),
          foundation_(settings_, clock_, database_.app_url(), kinds()),
          pipeline_({settings_, clock_, database_.app_url(), database_.owner_url(),
                     foundation_.registry, foundation_.city, foundation_.pool,
                     foundation_.credentials.authority(), foundation_.credentials.certified(),
                     contexts_}),
          control_(foundation_.pool, clock_, test::role_authenticator()),
          open_(foundation_.public_pool, clock_, test::role_authenticator()),
          admin_(foundation_.pool, clock_, test::role_authenticator()),
          modules_(foundation_, pipeline_, {control_, open_, admin_}) {
        modules_.start();
    }
    ~WholeServer() override { modules_.stop(); }

    static std::vector<assets::Kind> kinds() {
        return *assets::read_kinds(std::string(VIGIE_SOURCE_DIR) + "/config/kinds");
    }

    static config::Settings settings_in(const std::string& folder) {
        auto settings = config::defaults();
        settings.paths.folder = folder;
        return settings;
    }

    test::Database database_;
    test::Folder folder_;
    base::SystemClock clock_;
    config::Settings settings_;
    boost::asio::io_context io_;
    boost::asio::io_context* contexts_[1] = {&io_};
    Foundation foundation_;
    Pipeline pipeline_;
    api::Router control_;
    api::Router open_;
    api::Router admin_;
    Modules modules_;
};

TEST_F(WholeServer, ServesItsContractAndNothingElse) {
    auto routes = control_.routes();
    routes.insert(routes.end(), open_.routes().begin(), open_.routes().end());
    auto differences = test::contract_differences(routes, test::contract_document());
    // Served beside the routers: the device door, and the upgrade of the stream.
    std::erase(differences, "post /ingest/v1/observations: in the contract, but not served");
    std::erase(differences, "get /api/v1/stream: in the contract, but not served");
    EXPECT_THAT(differences, testing::IsEmpty());
}

TEST_F(WholeServer, LetsEachRoleThroughWhereItsRightsReachAndNowhereElse) {
    // Signing in is anybody's; a token is made by a person at a console only, never by a token.
    const auto skip = [](const api::Route& route) {
        return route.pattern == "/api/v1/session" ||
               (route.method == "POST" && route.pattern == "/api/v1/tokens");
    };
    EXPECT_THAT(test::rights_surprises(control_, clock_.now(), skip), testing::IsEmpty());
    EXPECT_GT(control_.routes().size(), 35U);
}

TEST_F(WholeServer, ErasesCallersAfterAYearByItself) {
    static constexpr store::Query without_keys{"test_without_keys",
                                               "set local session_replication_role = replica"};
    static constexpr store::Query call{
        "test_call",
        "with c as (insert into contact (channel, summary, received_at, taken_by, has_caller) "
        "values ('phone', '', $1::timestamptz, 'lea', true) returning id) "
        "insert into contact_caller (contact, entry, caller_name, salt) select id, 1, $2, '' "
        "from c"};
    static constexpr store::Query who{"test_who", "select caller_name from contact_caller"};
    store::Pool superuser(database_.superuser_url(), 1);
    const auto year = std::chrono::days{365};
    superuser.write_now([&](store::Transaction& tx) {
        tx.execute(without_keys);
        tx.execute(call, clock_.now() - year - std::chrono::minutes{1}, std::string("Jean"));
        tx.execute(call, clock_.now() - year + std::chrono::hours{1}, std::string("Anne"));
    });
    modules_.keep_house();
    const auto names = superuser.read_now([](store::Transaction& tx) {
        std::vector<std::string> found;
        for (const auto& row : tx.rows(who))
            found.push_back(row.get<std::string>("caller_name"));
        return found;
    });
    EXPECT_EQ(names, std::vector<std::string>{"Anne"});
}

}  // namespace
}  // namespace vigie::app
