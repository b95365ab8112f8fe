// The device door of the server, from the sockets to the database, and a client's side of it.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/foundation.hpp"
#include "app/pipeline.hpp"
#include "app/start_steps.hpp"
#include "tests/support/pgtest_database.hpp"
#include "tests/support/pgtest_folder.hpp"
#include "vigie/assets/asset_store.hpp"
#include "vigie/assets/kind_files.hpp"
#include "vigie/net/mqtt_client.hpp"

namespace vigie::app {

// One run of the device door.
class DoorRun {
public:
    // `prepare` is called before the doors open: what belongs behind them.
    using Prepare = std::function<void(Foundation&, Pipeline&)>;
    DoorRun(const config::Settings& settings, const base::Clock& clock,
            const test::Database& database, const Prepare& prepare = {})
        : foundation(settings, clock, database.app_url(),
                     *assets::read_kinds(std::string(VIGIE_SOURCE_DIR) + "/config/kinds"), steps_),
          pipeline({settings, clock, database.app_url(), database.owner_url(), foundation.registry,
                    foundation.city, foundation.pool, foundation.credentials.authority(),
                    foundation.credentials.certified(), foundation.credentials.named(),
                    contexts_}) {
        if (prepare) prepare(foundation, pipeline);
        pipeline.start_writers();
        thread_ = std::thread([this] {
            const auto work = boost::asio::make_work_guard(io_);
            io_.run();
        });
        pipeline.open_doors();
    }
    ~DoorRun() { close(); }
    // Once; afterwards nothing of it runs.
    void close() {
        if (!thread_.joinable()) return;
        pipeline.close_doors(std::chrono::seconds{10});
        pipeline.stop_writers(std::chrono::seconds{10});
        io_.stop();
        thread_.join();
    }
    DoorRun(const DoorRun&) = delete;
    DoorRun& operator=(const DoorRun&) = delete;

private:
    boost::asio::io_context io_{1};
    boost::asio::io_context* contexts_[1] = {&io_};
    std::thread thread_;
    StartSteps steps_;

public:
    Foundation foundation;
    Pipeline pipeline;
};

// On free ports, with a clock of its own, as often as it is started anew.
class DoorTest : public testing::Test {
protected:
    DoorTest() {
        settings_.paths.folder = folder_.path();
        settings_.device.mqtt_port = 0;
        settings_.device.http_port = 0;
    }
    void start() { run_ = std::make_unique<DoorRun>(settings_, clock_, database_); }
    void restart() {
        run_.reset();
        start();
    }
    ingest::CredentialSecret make(const ingest::CredentialWish& wish, bool replace = false) {
        const auto catalogue = run_->foundation.registry.current();
        const auto made = run_->foundation.pool.write_now([&](store::Transaction& tx) {
            return run_->foundation.credentials.create(tx, *catalogue, {wish}, replace);
        });
        return made->at(0);
    }
    // Assets of these codes; the door is started anew with them.
    void plant(const std::vector<std::string>& codes) {
        std::vector<assets::PlannedAsset> planned;
        for (const std::string& code : codes) {
            assets::PlannedAsset each;
            each.asset.code = code;
            each.asset.kind = &run_->foundation.kinds->front();
            each.asset.attributes = "{}";
            planned.push_back(each);
        }
        run_->foundation.pool.write_now([&](store::Transaction& tx) {
            assets::write_assets(tx, planned, {}, {"it:tester", clock_.now()});
        });
        restart();
    }
    std::vector<std::string> lines(const store::Query& query) {
        return run_->foundation.pool.read_now([&](store::Transaction& tx) {
            std::vector<std::string> found;
            for (const auto& row : tx.rows(query))
                found.push_back(row.get<std::string>("line"));
            return found;
        });
    }
    template <typename Predicate>
    void run_until(Predicate done) {
        const auto work = boost::asio::make_work_guard(io_);
        io_.restart();
        while (!done())
            io_.run_one();
    }
    template <typename T>
    T wait_for(boost::asio::awaitable<T> work) {
        std::optional<T> result;
        boost::asio::co_spawn(
            io_,
            [](boost::asio::awaitable<T> inner,
               std::optional<T>& out) -> boost::asio::awaitable<void> {
                out.emplace(co_await std::move(inner));
            }(std::move(work), result),
            [](const std::exception_ptr& failed) { EXPECT_FALSE(failed); });
        run_until([&result] { return result.has_value(); });
        return *std::move(result);
    }

    base::ManualClock clock_{*base::parse_rfc3339("2026-11-22T18:00:00Z")};
    test::Database database_;
    test::Folder folder_;
    config::Settings settings_ = config::defaults();
    boost::asio::io_context io_{1};
    std::unique_ptr<DoorRun> run_;
};

}  // namespace vigie::app
