#include "tests/support/pgtest_database.hpp"

#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <pqxx/pqxx>

#include "vigie/store/migrate.hpp"
#include "vigie/store/postgres.hpp"

namespace vigie::test {

namespace {

// Started by the first test that asks, stopped and removed when the program ends.
class SharedCluster {
public:
    SharedCluster() {
        std::string pattern = "/tmp/vigie-test-XXXXXX";
        folder_ = mkdtemp(pattern.data());
        std::filesystem::permissions(folder_, std::filesystem::perms(0755));
        cluster_ = std::make_unique<store::Cluster>(store::Cluster::Options{.folder = folder_,
                                                                            .bin_folder = {},
                                                                            .run_as = {},
                                                                            .shared_buffers_mb = 64,
                                                                            .disposable = true});
        cluster_->start();
        store::migrate(cluster_->url("vigie_owner"), embedded::migrations());
    }
    ~SharedCluster() {
        cluster_->stop();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    [[nodiscard]] store::Cluster& cluster() { return *cluster_; }

private:
    std::filesystem::path folder_;
    std::unique_ptr<store::Cluster> cluster_;
};

store::Cluster& shared_cluster() {
    static SharedCluster shared;
    return shared.cluster();
}

void administer(const std::string& sql) {
    pqxx::connection connection(shared_cluster().url("vigie", "postgres"));
    pqxx::nontransaction tx(connection);
    tx.exec(sql);
}

}  // namespace

Database::Database() {
    static std::atomic<int> count{0};
    name_ = "test_" + std::to_string(++count);
    administer("create database " + name_ + " template vigie owner vigie_owner");
}

Database::~Database() {
    administer("drop database if exists " + name_ + " with (force)");
}

void Database::shut(bool is_shut) const {
    administer("alter database " + name_ + " with allow_connections " +
               (is_shut ? "false" : "true"));
    if (is_shut) {
        administer("select pg_terminate_backend(pid) from pg_stat_activity where datname = '" +
                   name_ + "'");
    }
}

std::string Database::url(const std::string& role) const {
    return shared_cluster().url(role, name_);
}

}  // namespace vigie::test
