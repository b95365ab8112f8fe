#include "app/storage.hpp"

#include "vigie/base/again.hpp"
#include "vigie/store/database.hpp"

namespace vigie::app {

namespace {

live::ArchiveSettings archive_settings(const config::Settings& settings, const std::string& app_url,
                                       const std::string& owner_url) {
    live::ArchiveSettings archive;
    archive.app_url = app_url;
    archive.owner_url = owner_url;
    archive.time_zone = settings.city.time_zone;
    archive.close_hour = settings.storage.close_hour;
    archive.close_after_days = settings.storage.close_after_days;
    return archive;
}

}  // namespace

Storage::Storage(Foundation& foundation, Pipeline& pipeline, Modules& modules,
                 const std::string& app_url, const std::string& owner_url)
    : rollups_(app_url, foundation.registry, foundation.clock,
               [&writer = pipeline.writer()](std::int32_t open_hour) {
                   return writer.settle_marks(open_hour);
               }),
      archive_(
          archive_settings(foundation.settings, app_url, owner_url), foundation.registry,
          foundation.clock,
          [&writer = pipeline.writer()](store::Day day) { writer.route_late(day); },
          [&modules](const auto& given_up) { return modules.await_flush(given_up); }) {}

void Storage::add_admin_routes(api::Router& admin) {
    live::add_storage_admin_routes(admin, archive_);
}

void Storage::start() {
    rollups_.start();
    archive_.start();
}

void Storage::stop(std::chrono::milliseconds limit) {
    const base::Again cutter(limit, store::cut_every, [this] { cut_silent({}); });
    archive_.stop();
    rollups_.stop();
}

void Storage::cut_silent(std::chrono::milliseconds older_than) {
    archive_.cut_silent(older_than);
    rollups_.cut_silent(older_than);
}

}  // namespace vigie::app
