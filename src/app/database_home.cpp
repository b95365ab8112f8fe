#include "app/database_home.hpp"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include "vigie/store/migrate.hpp"
#include "vigie/store/predecessors.hpp"

namespace vigie::app {

namespace {

bool is_same_disk(const std::string& folder, const std::string& other) {
    struct stat of_folder{};
    struct stat of_other{};
    return stat(folder.c_str(), &of_folder) == 0 && stat(other.c_str(), &of_other) == 0 &&
           of_folder.st_dev == of_other.st_dev;
}

}  // namespace

DatabaseHome::DatabaseHome(const config::Settings& settings) : folder_(settings.paths.folder) {
    if (!settings.database.url.empty()) {
        app_url_ = store::as_program(settings.database.url);
        owner_url_ = store::as_program(settings.database.owner_url);
        return;
    }
    cluster_ = std::make_unique<store::Cluster>(store::Cluster::Options{
        .folder = settings.paths.folder,
        .bin_folder = settings.database.bin_folder,
        .run_as = {},
        .shared_buffers_mb = static_cast<int>(settings.database.shared_buffers_mb)});
    // Another name than that of whoever else looks into it: the last one holds.
    const auto named = [this](const char* role) {
        return cluster_->url(role) + " " + store::name_of_program;
    };
    app_url_ = named("vigie_app");
    owner_url_ = named("vigie_owner");
}

void DatabaseHome::open(StartSteps* steps) {
    if (cluster_) {
        cluster_->start();
        spdlog::info("private PostgreSQL {}",
                     cluster_->adopted() ? "was still running and is adopted" : "started");
    }
    for (const auto* url : {&app_url_, &owner_url_})
        store::end_predecessors(*url);
    shares_disk_ = cluster_ && is_same_disk(folder_, folder_ + "/pg");
    if (steps != nullptr) steps->done("database");
    store::migrate(owner_url_, embedded::migrations(),
                   [](const std::string& name) { spdlog::info("applying migration {}", name); });
    if (steps != nullptr) steps->done("migrations");
}

void DatabaseHome::revive() {
    if (!cluster_ || cluster_->pid()) return;
    try {
        spdlog::error("the private PostgreSQL is gone; it is started again");
        cluster_->start();
        spdlog::info("the private PostgreSQL runs again");
    } catch (const std::exception& error) {
        spdlog::error("the private PostgreSQL could not be started: {}", error.what());
    }
}

void DatabaseHome::close() {
    if (cluster_) cluster_->stop();
}

}  // namespace vigie::app
