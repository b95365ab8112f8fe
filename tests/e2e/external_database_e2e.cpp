// vigied on a PostgreSQL server of the city's own, its roles made as docs/operating.md says, and
// what watches it: vigie status and doctor, /healthz and /readyz, a log of JSON lines.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/e2e/support/installation.hpp"
#include "tests/e2e/support/settings_file.hpp"
#include "vigie/store/postgres.hpp"

namespace vigie::e2e {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr std::chrono::seconds limit{60};
constexpr const char* migrations_lock = "508574525797";  // store::migrate: "vigie" as a number

// Another server than the one vigied keeps for itself: a cluster whose database and roles are those
// of the page, and nothing else.
class OwnPostgres {
public:
    explicit OwnPostgres(const std::filesystem::path& folder)
        : cluster_({.folder = folder, .bin_folder = {}, .run_as = {}, .shared_buffers_mb = 64}) {
        cluster_.start();
        administer({"drop database vigie", "drop role vigie_app", "drop role vigie_owner"});
        administer(statements_of_the_page());
    }
    ~OwnPostgres() { cluster_.stop(); }
    OwnPostgres(const OwnPostgres&) = delete;
    OwnPostgres& operator=(const OwnPostgres&) = delete;

    void stop() { cluster_.stop(); }
    void start() { cluster_.start(); }
    [[nodiscard]] std::string url(const std::string& role) const { return cluster_.url(role); }
    void administer(const std::vector<std::string>& statements) const {
        pqxx::connection connection(cluster_.url("vigie", "postgres"));
        pqxx::nontransaction tx(connection);
        for (const auto& statement : statements)
            tx.exec(statement);
    }
    [[nodiscard]] pqxx::result ask(const std::string& query) const {
        pqxx::connection connection(cluster_.url("vigie"));
        pqxx::nontransaction tx(connection);
        return tx.exec(query);
    }

private:
    static std::vector<std::string> statements_of_the_page() {
        const std::string block =
            fenced_block(VIGIE_SOURCE_DIR "/docs/operating.md", "```sql\ncreate role vigie_owner");
        std::vector<std::string> statements;
        for (std::size_t at = 0, end = 0; (end = block.find(';', at)) != std::string::npos;
             at = end + 1)
            statements.push_back(block.substr(at, end - at));
        return statements;
    }

    store::Cluster cluster_;
};

struct Said {
    int code{};
    std::string text;
    [[nodiscard]] json document() const { return json::parse(text, nullptr, false); }
};

Said ended(Program& program) {
    Said said;
    said.code = program.wait(limit).value_or(-1);
    for (const auto& line : program.lines())
        said.text += line + "\n";
    return said;
}

class ExternalDatabase : public testing::Test {
protected:
    ExternalDatabase() {
        std::filesystem::permissions(city_.folder(), std::filesystem::perms(0755));
        std::filesystem::create_directory(postgres_folder());
        postgres_ = std::make_unique<OwnPostgres>(postgres_folder());
        replace_in_settings(
            city_, "[database]\n",
            fmt::format("[database]\nurl = \"{}\"\nowner_url = \"{}\"\n",
                        postgres_->url("vigie_app"), postgres_->url("vigie_owner")));
    }
    [[nodiscard]] std::filesystem::path postgres_folder() const { return city_.folder() / "own"; }

    std::unique_ptr<Program> vigie(std::vector<std::string> words) {
        words.insert(words.begin(), VIGIE_PROGRAMS "/vigie");
        words.insert(words.end(), {"--socket", (city_.folder() / "admin.sock").string()});
        return std::make_unique<Program>(std::move(words));
    }
    Said run(std::vector<std::string> words) { return ended(*vigie(std::move(words))); }
    Answer observe(const Secrets& who, double power_w) const {
        return exchange(
            city_.device_http(),
            {.method = "POST",
             .target = "/ingest/v1/observations",
             .body = fmt::format(R"({{"asset":"LP-1","values":{{"power_w":{}}}}})", power_w),
             .headers = {
                 {"Content-Type", "application/json"},
                 {"Authorization", "Basic " + base64(who.user_name + ":" + who.password)}}});
    }
    [[nodiscard]] Answer readyz() const { return exchange(city_.metrics(), {.target = "/readyz"}); }

    Installation city_;
    std::unique_ptr<OwnPostgres> postgres_;
};

TEST_F(ExternalDatabase, IsMigratedByTwoProcessesAtOnceEachMigrationOnce) {
    const std::string config = (city_.folder() / "vigie.toml").string();
    pqxx::connection connection(postgres_->url("vigie_owner"));
    pqxx::nontransaction holder(connection);
    holder.exec(std::string("select pg_advisory_lock(") + migrations_lock + ")");
    auto one = vigie({"migrate", "--json", "--config", config});
    auto other = vigie({"migrate", "--json", "--config", config});
    EXPECT_TRUE(until(
        [&] {
            return holder
                       .exec(
                           "select count(*) from pg_locks where locktype = 'advisory' and not "
                           "granted")[0][0]
                       .as<int>() == 2;
        },
        limit))
        << "both wait for the lock";
    EXPECT_TRUE(holder.exec("select to_regclass('schema_migration')")[0][0].is_null());
    holder.exec(std::string("select pg_advisory_unlock(") + migrations_lock + ")");
    std::size_t applied = 0;
    std::size_t known = 0;
    for (auto* program : {one.get(), other.get()}) {
        const auto said = ended(*program);
        ASSERT_EQ(said.code, 0) << said.text;
        for (const auto& row : said.document().at("rows"))
            applied += row.at("state") == "applied now" ? 1 : 0;
        known = said.document().at("rows").size();
    }
    EXPECT_EQ(applied, known);
    EXPECT_EQ(postgres_->ask("select count(*) from schema_migration")[0][0].as<std::size_t>(),
              known);
}

TEST_F(ExternalDatabase, StoresAndAcknowledgesWhilePostgresIsRestartedUnderIt) {
    city_.start();
    EXPECT_FALSE(city_.database_runs()) << "a private one was started, too";
    city_.plant("light_point", {"LP-1"});
    const auto gateway = city_.credential({{"name", "gateway"}, {"all_assets", true}});
    const auto stored = [&] {
        return postgres_
            ->ask(
                "select coalesce(string_agg(vals[1]::text, ',' order by observed_at), '') "
                "from frame")[0][0]
            .as<std::string>();
    };
    EXPECT_EQ(observe(gateway, 11).status, 200U);
    EXPECT_EQ(stored(), "11");
    postgres_->stop();
    EXPECT_EQ(observe(gateway, 22).status, 200U) << "kept in the spool";
    EXPECT_TRUE(until([&] { return readyz().status == 503; }, limit));
    EXPECT_EQ(exchange(city_.metrics(), {.target = "/healthz"}).status, 200U)
        << "no reason to start the process anew";
    postgres_->start();
    EXPECT_TRUE(until([&] { return readyz().status == 200; }, limit)) << readyz().body;
    EXPECT_EQ(observe(gateway, 33).status, 200U);
    EXPECT_TRUE(until([&] { return stored() == "11,22,33"; }, limit)) << stored();
    EXPECT_EQ(city_.stop(), 0);
}

TEST_F(ExternalDatabase, IsNotReadyWhenACommitCouldBeLost) {
    city_.start();
    EXPECT_EQ(run({"doctor"}).code, 0);
    for (const std::string name : {"fsync", "full_page_writes"}) {
        SCOPED_TRACE(name);
        postgres_->administer({"alter system set " + name + " = off", "select pg_reload_conf()"});
        EXPECT_TRUE(until([&] { return readyz().status == 503; }, limit));
        EXPECT_THAT(readyz().body, HasSubstr("PostgreSQL runs with " + name + " = off"));
        const auto status = run({"status", "--json"});
        EXPECT_EQ(status.code, 0);
        EXPECT_EQ(status.document().at("ready"), false);
        EXPECT_THAT(status.document().at("obstacles").dump(), HasSubstr(name));
        const auto doctor = run({"doctor"});
        EXPECT_EQ(doctor.code, 1);
        EXPECT_THAT(doctor.text, HasSubstr("FAILURE"));
        EXPECT_THAT(doctor.text, HasSubstr(name + " = off"));
        postgres_->administer({"alter system reset " + name, "select pg_reload_conf()"});
        EXPECT_TRUE(until([&] { return readyz().status == 200; }, limit));
    }
    EXPECT_EQ(readyz().json(), (json{{"ready", true}, {"obstacles", json::array()}}));
    // Whatever the server's own default is, each connection of vigied asks for more.
    postgres_->administer({"alter system set synchronous_commit = off", "select pg_reload_conf()"});
    EXPECT_TRUE(until(
        [&] { return postgres_->ask("show synchronous_commit")[0][0].as<std::string>() == "off"; },
        limit));
    EXPECT_EQ(readyz().status, 200U);
    EXPECT_EQ(exchange(city_.metrics(), {.target = "/healthz"}).body, "ok\n");
    EXPECT_EQ(exchange(city_.metrics(), {.target = "/elsewhere"}).status, 404U);
    postgres_->administer({"alter system reset all", "select pg_reload_conf()"});
    EXPECT_EQ(city_.stop(), 0);
}

TEST_F(ExternalDatabase, IsShownByStatusAndExaminedByDoctor) {
    replace_in_settings(city_, "[database]\n", "[log]\nformat = \"json\"\n[database]\n");
    city_.start();
    city_.plant("light_point", {"LP-1"});
    const auto status = run({"status", "--json"});
    EXPECT_EQ(status.code, 0) << status.text;
    EXPECT_EQ(status.document().at("ready"), true);
    EXPECT_EQ(status.document().at("assets"), 1);
    EXPECT_EQ(status.document().at("/doors/control/port"_json_pointer), city_.control().port);
    EXPECT_EQ(status.document().at("/doors/device_mqtt/address"_json_pointer), "127.0.0.1");
    const auto text = run({"status"}).text;
    EXPECT_THAT(text, HasSubstr("Vigie: ready, running since "));
    EXPECT_THAT(text, HasSubstr("1 assets of "));
    const auto doctor = run({"doctor", "--json"});
    EXPECT_EQ(doctor.code, 0) << doctor.text;
    EXPECT_EQ(doctor.document().at("healthy"), true);
    EXPECT_THAT(run({"doctor"}).text, HasSubstr("this machine only"));
    EXPECT_EQ(city_.stop(), 0);
    const auto gone = run({"status", "--json"});
    EXPECT_EQ(gone.code, 3);
    EXPECT_EQ(gone.document().at("exit_code"), 3);
    // Whoever collects logs reads each line by itself.
    ASSERT_GT(city_.log().size(), 3U);
    for (const auto& line : city_.log()) {
        const json entry = json::parse(line, nullptr, false);
        ASSERT_TRUE(entry.is_object()) << line;
        EXPECT_TRUE(entry.at("level") == "info" || entry.at("level") == "warning") << line;
        EXPECT_FALSE(entry.at("message").get<std::string>().empty()) << line;
        EXPECT_THAT(entry.at("at").get<std::string>(), testing::EndsWith("Z"));
    }
}

}  // namespace
}  // namespace vigie::e2e
