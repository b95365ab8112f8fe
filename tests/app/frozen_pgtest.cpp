// The database stands still in a city where nothing happens: the server says so by itself, whoever
// asks is answered, and it stops when it is told to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <fstream>
#include <future>
#include <optional>
#include <pqxx/pqxx>
#include <sstream>

#include "tests/support/pgtest_database.hpp"
#include "tests/support/pgtest_folder.hpp"
#include "vigie/app/server.hpp"
#include "vigie/store/database.hpp"

namespace vigie::app {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr store::Query frozen_backends{
    "frozen_backends",
    "select pid from pg_stat_activity where datname = current_database() and pid <> "
    "pg_backend_pid() and backend_type = 'client backend'"};

constexpr store::Query frozen_waiters{
    "frozen_waiters",
    "select count(*) as n from pg_locks l join pg_database d on d.oid = l.database where "
    "d.datname = current_database() and not l.granted and l.relation = to_regclass($1::text)"};
constexpr store::Query frozen_mark{"frozen_mark",
                                   "insert into rollup_dirty (asset_id, hour) values (1, 400000)"};

// Whoever asks this table next waits in the middle of a statement.
class HeldTable {
public:
    HeldTable(const std::string& url, const std::string& table)
        : connection_(url), work_(connection_) {
        work_.exec("lock table " + table + " in access exclusive mode");
    }

private:
    pqxx::connection connection_;
    pqxx::work work_;
};

class FrozenDatabase : public testing::Test {
protected:
    using Local = boost::asio::local::stream_protocol;

    ~FrozenDatabase() override { thaw(); }

    config::Settings settings() const {
        auto settings = config::defaults();
        settings.paths.folder = folder_.path();
        settings.paths.kinds_folder = std::string(VIGIE_SOURCE_DIR) + "/config/kinds";
        settings.database.url = database_.app_url();
        settings.database.owner_url = database_.owner_url();
        settings.storage.disk_free_alarm_bytes = 0;
        settings.storage.disk_free_min_bytes = 0;
        settings.server.shutdown_limit_s = 6;
        for (auto* port :
             {&settings.device.mqtt_port, &settings.device.http_port, &settings.control.port,
              &settings.open.port, &settings.admin.metrics_port}) {
            *port = 0;
        }
        return settings;
    }
    // Every backend of this database, and the postmaster that would make new ones.
    void freeze() {
        store::Pool superuser(database_.superuser_url(), 0);
        frozen_ = superuser.read_now([](store::Transaction& tx) {
            std::vector<pid_t> pids;
            for (const auto& row : tx.rows(frozen_backends))
                pids.push_back(static_cast<pid_t>(row.get<std::int64_t>("pid")));
            return pids;
        });
        ASSERT_FALSE(frozen_.empty());
        frozen_.push_back(parent_of(frozen_.front()));
        for (const auto pid : frozen_)
            ASSERT_EQ(kill(pid, SIGSTOP), 0);
    }
    static pid_t parent_of(pid_t pid) {
        std::ifstream status("/proc/" + std::to_string(pid) + "/status");
        std::string word;
        while (status >> word && word != "PPid:") {
        }
        pid_t parent = 0;
        status >> parent;
        return parent;
    }
    void thaw() {
        for (const auto pid : frozen_)
            kill(pid, SIGCONT);
        frozen_.clear();
    }

    // The whole answer; a broken-off one if it takes too long.
    template <typename Protocol>
    static std::string get(const typename Protocol::endpoint& door, const std::string& path,
                           const std::string& method = "GET") {
        typename Protocol::iostream stream;
        stream.expires_after(20s);
        stream.connect(door);
        stream << method << " " << path
               << " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
               << std::flush;
        std::ostringstream answer;
        answer << stream.rdbuf();
        return answer.str();
    }
    std::string ready() {
        return get<boost::asio::ip::tcp>(
            {boost::asio::ip::make_address("127.0.0.1"), server_->ports().metrics}, "/readyz");
    }
    Local::endpoint admin() const { return {server_->ports().admin_socket}; }
    std::string status() const { return get<Local>(admin(), "/admin/v1/status"); }
    // Asks until it says that, or no longer does.
    void wait_until_ready_says(const std::string& text, bool said = true) {
        const auto until = std::chrono::steady_clock::now() + 30s;
        for (std::string answer; answer.empty() || answer.contains(text) != said;) {
            answer = ready();
            ASSERT_THAT(answer, HasSubstr("obstacles")) << "no answer";
            ASSERT_LT(std::chrono::steady_clock::now(), until) << answer;
        }
    }

    void hold(const std::string& table) { held_.emplace(database_.superuser_url(), table); }
    void wait_until_somebody_waits_for(const std::string& table, std::int64_t many = 1) {
        const auto until = std::chrono::steady_clock::now() + 30s;
        const auto waiters = [&] {
            return superuser_.read_now([&](store::Transaction& tx) {
                return tx.row(frozen_waiters, table)->get<std::int64_t>("n");
            });
        };
        while (waiters() < many)
            ASSERT_LT(std::chrono::steady_clock::now(), until) << "nobody asks " << table;
    }
    // Stops the server and takes it down, as vigied does, while the database is as it is.
    void expect_an_end_in_time() {
        auto end = std::async(std::launch::async, [this] {
            server_->stop();
            server_.reset();
        });
        // What is cut at the end of its time still has to unwind, and others may then connect.
        const std::chrono::seconds limit{settings().server.shutdown_limit_s + 10};
        EXPECT_TRUE(end.wait_for(limit) == std::future_status::ready) << "the database holds it up";
        thaw();
        held_.reset();
        end.get();
    }
    // The same while a request is in the middle of a statement: whoever asked is told.
    void expect_an_end_in_time(const std::string& method, const std::string& path, bool frozen) {
        server_->start();
        hold("storage_day");
        auto answer = std::async(std::launch::async, [door = admin(), path, method] {
            return get<Local>(door, path, method);
        });
        wait_until_somebody_waits_for("storage_day");
        if (frozen) freeze();
        expect_an_end_in_time();
        EXPECT_THAT(answer.get(), HasSubstr(" 503 "));
    }

    test::Database database_;
    test::Folder folder_;
    base::SystemClock clock_;
    store::Pool superuser_{database_.superuser_url(), 0};
    std::optional<Server> server_{std::in_place, settings(), clock_};
    std::vector<pid_t> frozen_;
    std::optional<HeldTable> held_;
};

TEST_F(FrozenDatabase, IsSaidAtOnceAlsoWhenNothingHappens) {
    server_->start();
    wait_until_ready_says("fsync = off");  // as test clusters run
    wait_until_ready_says("the database ", false);
    freeze();
    const auto since = std::chrono::steady_clock::now();
    // Silent first, away once it was silent for longer: a slow machine may miss the first.
    wait_until_ready_says("the database ");
    EXPECT_THAT(status(), HasSubstr("the database "));
    EXPECT_LT(std::chrono::steady_clock::now() - since, 10s);
    thaw();
    wait_until_ready_says("the database ", false);
    server_->stop();
}

TEST_F(FrozenDatabase, KeepsNoRollUpFromItsEnd) {
    superuser_.write_now([](store::Transaction& tx) { tx.execute(frozen_mark); });
    hold("rollup");
    server_->start();
    wait_until_somebody_waits_for("rollup");
    freeze();
    expect_an_end_in_time();
}

TEST_F(FrozenDatabase, KeepsNoQuestionAboutStorageFromItsEnd) {
    expect_an_end_in_time("GET", "/admin/v1/storage", true);
}

TEST_F(FrozenDatabase, KeepsNoClosingOfDaysFromItsEnd) {
    expect_an_end_in_time("POST", "/admin/v1/storage/close", true);
}

// The database is well, but one statement takes for ever.
TEST_F(FrozenDatabase, AStatementThatTakesForEverIsCutAtTheEnd) {
    expect_an_end_in_time("POST", "/admin/v1/storage/close?day=2020-01-01", false);
}

// Some wait for the lock, the others for a thread; none may begin once what it uses is going.
TEST_F(FrozenDatabase, MoreRequestsThanThreadsThatWaitForALockAreBrokenOffAtTheEnd) {
    server_->start();
    hold("quarantine");
    const auto threads = settings().database.pool_threads;
    std::vector<std::future<std::string>> answers;
    for (std::int64_t i = 0; i < threads + 2; ++i) {
        answers.push_back(std::async(std::launch::async, [door = admin()] {
            return get<Local>(door, "/admin/v1/quarantine/4711");
        }));
    }
    wait_until_somebody_waits_for("quarantine", threads);
    expect_an_end_in_time();
    for (auto& answer : answers)
        EXPECT_THAT(answer.get(), testing::AnyOf(testing::IsEmpty(), HasSubstr(" 503 ")));
}

// What looks at credentials again and again is joined first of all.
TEST_F(FrozenDatabase, ALockOnWhatIsLookedAtAgainKeepsNothingFromItsEnd) {
    server_->start();
    hold("credential_change");
    wait_until_somebody_waits_for("credential_change");
    expect_an_end_in_time();
}

// Here, for the whole server with its doors is at hand.
TEST_F(FrozenDatabase, MetricsCountAnswersByRouteAndStatus) {
    server_->start();
    get<Local>(admin(), "/admin/v1/status");
    get<Local>(admin(), "/admin/v1/quarantine/4711");
    get<Local>(admin(), "/made/up");
    const auto figures = get<boost::asio::ip::tcp>(
        {boost::asio::ip::make_address("127.0.0.1"), server_->ports().metrics}, "/metrics");
    const auto of = [](const std::string& method, const std::string& route,
                       const std::string& status) {
        return "{door=\"admin\",method=\"" + method + "\",route=\"" + route + "\",status=\"" +
               status + "\"} ";
    };
    const std::string count = "vigie_http_answers_total";
    EXPECT_THAT(figures, HasSubstr(count + of("GET", "/admin/v1/status", "200") + "1\n"));
    EXPECT_THAT(figures, HasSubstr(count + of("GET", "/admin/v1/quarantine/{id}", "404") + "1\n"));
    EXPECT_THAT(figures, HasSubstr(count + of("", "", "404") + "1\n"));
    EXPECT_THAT(figures, HasSubstr("vigie_http_answer_seconds_total" +
                                   of("GET", "/admin/v1/status", "200")));
}

}  // namespace
}  // namespace vigie::app
