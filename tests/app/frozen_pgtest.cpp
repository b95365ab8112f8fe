// The database stands still in a city where nothing happens: the server says so by itself, and
// whoever asks is answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <fstream>
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

class FrozenDatabase : public testing::Test {
protected:
    FrozenDatabase() { server_.start(); }
    ~FrozenDatabase() override { thaw(); }

    config::Settings settings() const {
        auto settings = config::defaults();
        settings.paths.folder = folder_.path();
        settings.paths.kinds_folder = std::string(VIGIE_SOURCE_DIR) + "/config/kinds";
        settings.database.url = database_.app_url();
        settings.database.owner_url = database_.owner_url();
        settings.storage.disk_free_alarm_bytes = 0;
        settings.storage.disk_free_min_bytes = 0;
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
    static std::string get(const typename Protocol::endpoint& door, const std::string& path) {
        typename Protocol::iostream stream;
        stream.expires_after(10s);
        stream.connect(door);
        stream << "GET " << path << " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
               << std::flush;
        std::ostringstream answer;
        answer << stream.rdbuf();
        return answer.str();
    }
    std::string ready() {
        return get<boost::asio::ip::tcp>(
            {boost::asio::ip::make_address("127.0.0.1"), server_.ports().metrics}, "/readyz");
    }
    std::string status() {
        return get<boost::asio::local::stream_protocol>({server_.ports().admin_socket},
                                                        "/admin/v1/status");
    }
    // Asks until it says that, or no longer does.
    void wait_until_ready_says(const std::string& text, bool said = true) {
        const auto until = std::chrono::steady_clock::now() + 30s;
        for (std::string answer; answer.empty() || answer.contains(text) != said;) {
            answer = ready();
            ASSERT_THAT(answer, HasSubstr("obstacles")) << "no answer";
            ASSERT_LT(std::chrono::steady_clock::now(), until) << answer;
        }
    }

    test::Database database_;
    test::Folder folder_;
    base::SystemClock clock_;
    Server server_{settings(), clock_};
    std::vector<pid_t> frozen_;
};

TEST_F(FrozenDatabase, IsSaidAtOnceAlsoWhenNothingHappens) {
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
    server_.stop();
}

// Here, for the whole server with its doors is at hand.
TEST_F(FrozenDatabase, MetricsCountAnswersByRouteAndStatus) {
    const auto admin = boost::asio::local::stream_protocol::endpoint(server_.ports().admin_socket);
    using Local = boost::asio::local::stream_protocol;
    get<Local>(admin, "/admin/v1/status");
    get<Local>(admin, "/admin/v1/quarantine/4711");
    get<Local>(admin, "/made/up");
    const auto figures = get<boost::asio::ip::tcp>(
        {boost::asio::ip::make_address("127.0.0.1"), server_.ports().metrics}, "/metrics");
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
