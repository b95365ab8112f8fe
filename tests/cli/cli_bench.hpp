// vigie itself against the admin door's routes on a real unix socket, in the test's own process.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cli/commands.hpp"
#include "tests/support/pgtest_database.hpp"
#include "vigie/api/access_routes.hpp"
#include "vigie/assets/kind_files.hpp"
#include "vigie/assets/kind_store.hpp"
#include "vigie/assets/routes.hpp"
#include "vigie/ingest/credentials.hpp"
#include "vigie/ingest/quarantine.hpp"
#include "vigie/live/admin_routes.hpp"
#include "vigie/live/archive.hpp"
#include "vigie/net/http_server.hpp"
#include "vigie/operations/operations.hpp"
#include "vigie/streets/routes.hpp"

namespace vigie::cli {

struct Ran {
    int code{};
    std::string out;
    std::string err;
};

inline Ran run_words(std::vector<std::string> words) {
    words.insert(words.begin(), "vigie");
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run(static_cast<int>(arguments.size()), arguments.data());
    const std::string err = testing::internal::GetCapturedStderr();
    return {code, testing::internal::GetCapturedStdout(), err};
}

class Cli : public testing::Test {
protected:
    Cli() {
        spdlog::default_logger()->set_level(spdlog::level::off);  // the server's, not the tool's
        auto parsed = assets::read_kinds(VIGIE_SOURCE_DIR "/config/kinds");
        auto kinds = pool_.write_now(
            [&](store::Transaction& tx) { return assets::load_kinds(tx, std::move(*parsed)); });
        importer_ = std::make_unique<assets::Importer>(
            pool_, std::make_shared<const std::vector<assets::Kind>>(*kinds), registry_, zones_);
        street_importer_ = std::make_unique<streets::StreetImporter>(pool_, *importer_, streets_);
        street_importer_->load();
        importer_->load();
        credentials_.load();
        city_.start();
        assets::add_asset_admin_routes(router_, *importer_, pool_, under_way_, registry_, zones_,
                                       {});
        streets::add_street_admin_routes(router_, *street_importer_, pool_, under_way_);
        live::add_live_admin_routes(router_, city_);
        ingest::add_credential_routes(router_, credentials_, registry_, pool_);
        api::add_admin_people_routes(router_, sessions_);
        ingest::add_quarantine_routes(router_, pool_, inbox_, clock_);
        ingest::add_unknown_property_routes(router_, inbox_.unknown());
        operations_.add_admin_routes(router_);
        live::add_storage_admin_routes(router_, archive_);
        add_status();
        std::filesystem::create_directory(folder_);
        net::HttpServerSettings settings;
        settings.listeners.push_back({"", 0, socket(), std::nullopt});
        boost::asio::io_context* const contexts[] = {&context_};
        server_ = std::make_unique<net::HttpServer>(
            contexts, settings,
            net::HttpHandlers{
                [this](wire::Request request) { return router_.serve(std::move(request)); }, {}});
        server_->start();
        thread_ = std::thread([this] { context_.run(); });
    }
    ~Cli() override {
        server_->stop(std::chrono::seconds{5});
        guard_.reset();
        context_.stop();
        thread_.join();
        city_.stop();
        std::filesystem::remove_all(folder_);
    }
    Cli(const Cli&) = delete;
    Cli& operator=(const Cli&) = delete;

    [[nodiscard]] std::string socket() const { return (folder_ / "s").string(); }
    [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
        const auto path = folder_ / name;
        std::ofstream(path) << text;
        return path.string();
    }
    Ran vigie(std::vector<std::string> words) {
        words.insert(words.end(), {"--socket", socket()});
        return run_words(std::move(words));
    }
    nlohmann::json answer(std::vector<std::string> words) {
        words.emplace_back("--json");
        const Ran ran = vigie(std::move(words));
        EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
        return nlohmann::json::parse(ran.out);
    }

    // In the place of app's, which needs the whole server.
    void add_status() {
        router_.handle("GET", "/admin/v1/status", api::signed_in(),
                       [](api::Request) -> boost::asio::awaitable<api::Answer> {
                           co_return api::json_response(
                               200, {{"city", "Dijon"},
                                     {"ready", true},
                                     {"obstacles", nlohmann::json::array()},
                                     {"assets", 1},
                                     {"ingestion", {{"observations", 1}, {"refused", 0}}},
                                     {"doors", {{"admin", {{"socket", "/nowhere/s"}}}}}});
                       });
    }

    base::ManualClock clock_{*base::parse_rfc3339("2026-11-22T18:00:00Z")};
    test::Database database_;
    store::Pool pool_{database_.app_url(), 2};
    assets::Registry registry_;
    assets::Published<assets::Zones> zones_;
    assets::Published<streets::Streets> streets_;
    assets::ImportsUnderWay under_way_;
    live::Stream stream_{"test"};
    live::City city_{registry_, stream_, clock_};
    ingest::Credentials credentials_{pool_};
    access::Sessions sessions_{pool_, clock_, {}, access::PasswordCost::lowest()};
    store::FrameWriter writer_{{.app_url = database_.app_url(), .owner_url = database_.owner_url()},
                               clock_,
                               [](std::vector<store::Submission>&) {}};
    ingest::Inbox inbox_{registry_, writer_};
    live::Archive archive_{{.app_url = database_.app_url(),
                            .owner_url = database_.owner_url(),
                            .time_zone = "Europe/Paris",
                            .close_hour = 3,
                            .close_after_days = 2},
                           registry_,
                           clock_,
                           [this](store::Day day) { writer_.route_late(day); },
                           [](const auto&) { return true; }};
    alarms::Recorder recorder_{pool_, stream_, registry_, clock_};
    operations::Operations operations_{{.pool = pool_,
                                        .clock = clock_,
                                        .stream = stream_,
                                        .registry = registry_,
                                        .recorder = recorder_,
                                        .commune_of = [](base::LonLat) { return std::string(); },
                                        .vehicle_position = {}}};
    std::unique_ptr<assets::Importer> importer_;
    std::unique_ptr<streets::StreetImporter> street_importer_;
    api::Router router_{pool_, clock_, api::admin_authenticator()};
    std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("vigie-cli-" + std::to_string(::getpid()));
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
        context_.get_executor()};
    std::unique_ptr<net::HttpServer> server_;
    std::thread thread_;
};

}  // namespace vigie::cli
