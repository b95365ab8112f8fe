#include "vigie/app/server.hpp"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "app/connections.hpp"
#include "app/console_files.hpp"
#include "app/database_home.hpp"
#include "app/figures.hpp"
#include "app/foundation.hpp"
#include "app/health.hpp"
#include "app/modules.hpp"
#include "app/pipeline.hpp"
#include "app/promises_store.hpp"
#include "app/pulse.hpp"
#include "app/self_watch.hpp"
#include "app/start_steps.hpp"
#include "app/start_up.hpp"
#include "app/status.hpp"
#include "app/storage.hpp"
#include "vigie/access/audit.hpp"
#include "vigie/api/access_routes.hpp"
#include "vigie/api/router.hpp"
#include "vigie/assets/kind_files.hpp"
#include "vigie/base/again.hpp"
#include "vigie/ingest/quarantine.hpp"
#include "vigie/live/stream_upgrade.hpp"
#include "vigie/opendata/car_parks.hpp"

namespace vigie::app {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::minutes housekeeping_every{10};
constexpr std::chrono::milliseconds database_looked_at_every{500};
// A database silent for so long is one that is away, to whoever would begin to wait for it ...
constexpr std::chrono::milliseconds silence_taken_for_away{1'000};
constexpr std::chrono::milliseconds at_once{0};
constexpr std::chrono::milliseconds shortest_stop{100};
// ... and for so long, to whoever waits already.
constexpr std::chrono::seconds silence_endured{2};
constexpr std::chrono::seconds storage_silence_endured{30};
// Once it takes nothing in, though it answers.
constexpr std::chrono::seconds silent_statement_max{5};
// Credentials says what is due; the database is asked far less often.
constexpr std::chrono::milliseconds rights_looked_at_every{500};
// CNIL, recommendation on logging (2021): between six months and a year.
constexpr std::chrono::hours addresses_kept{24 * 182};
constexpr std::size_t admin_body_bytes_max =
    256UL * 1024 * 1024;  // a whole city's assets in one file

// A context and the one thread that runs it.
class IoThread {
public:
    IoThread() : guard_(asio::make_work_guard(context_)) {}
    ~IoThread() { stop(); }
    IoThread(const IoThread&) = delete;
    IoThread& operator=(const IoThread&) = delete;
    void start() {
        thread_ = std::thread([this] { context_.run(); });
    }
    void stop() {
        context_.stop();
        if (thread_.joinable()) thread_.join();
    }
    asio::io_context& context() { return context_; }

private:
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    std::thread thread_;
};

std::vector<assets::Kind> read_kind_files(const std::string& folder) {
    auto kinds = assets::read_kinds(folder);
    if (!kinds) throw std::runtime_error(kinds.error().detail.en);
    return *std::move(kinds);
}

api::Authenticator nobody() {
    return [](const wire::Request&) -> asio::awaitable<base::Result<access::Principal>> {
        co_return base::fail(base::Errc::unauthenticated, "nobody signs in here",
                             "personne ne se connecte ici");
    };
}

// Says which door cannot be opened: "Address already in use" alone helps nobody.
template <typename F>
void open_door_named(const char* door, F open) {
    try {
        open();
    } catch (const boost::system::system_error& error) {
        throw std::runtime_error(std::string("the ") + door + " door cannot listen (" +
                                 error.code().message() +
                                 "); its address and port are settings: docs/configuration.md");
    }
}

net::HttpServerSettings web_settings(const config::Settings::Web& web,
                                     std::size_t connections_max) {
    net::HttpServerSettings settings;
    settings.connections_max = connections_max;
    settings.behind_proxy = web.behind_proxy;
    net::HttpListener listener{web.address, static_cast<std::uint16_t>(web.port), "", std::nullopt};
    if (!web.certificate.empty()) listener.tls = net::HttpTls{web.certificate, web.private_key};
    settings.listeners.push_back(std::move(listener));
    return settings;
}

}  // namespace

struct Server::Impl {
    Impl(config::Settings s, const base::Clock& c)
        : settings(std::move(s)),
          clock(c),
          kinds(read_kind_files(settings.paths.kinds_folder)),
          console(settings.paths.console_folder) {}

    config::Settings settings;
    const base::Clock& clock;
    std::vector<assets::Kind> kinds;
    ConsoleFiles console;
    StartSteps steps;

    std::vector<std::unique_ptr<IoThread>> io;  // devices and the control door
    IoThread open_io;
    IoThread admin_io;
    std::unique_ptr<DatabaseHome> database;
    std::unique_ptr<Foundation> foundation;
    std::unique_ptr<api::Router> control;
    std::unique_ptr<api::Router> open;
    std::unique_ptr<api::Router> admin;
    std::unique_ptr<Pipeline> pipeline;
    std::unique_ptr<Modules> modules;
    std::unique_ptr<Storage> storage;
    std::unique_ptr<store::Pool> pulse_pool;
    std::unique_ptr<Pulse> pulse;
    mutable std::atomic<bool> disk_measured{true};
    std::unique_ptr<SelfWatch> self_watch;
    std::unique_ptr<Health> health;
    std::unique_ptr<net::HttpServer> control_door;
    std::unique_ptr<net::HttpServer> open_door;
    std::unique_ptr<net::HttpServer> admin_door;
    std::unique_ptr<net::HttpServer> metrics_door;
    std::optional<base::Again> housekeeper;
    std::optional<base::Again> rights_watch;
    std::optional<base::Again> database_watch;
    bool started{};

    [[nodiscard]] std::string socket_path() const {
        if (!settings.admin.socket.empty()) return settings.admin.socket;
        return (std::filesystem::path(settings.paths.folder) / "admin.sock").string();
    }
    [[nodiscard]] std::chrono::milliseconds limit() const {
        return std::chrono::seconds{settings.server.shutdown_limit_s};
    }

    void make_routers() {
        control = std::make_unique<api::Router>(
            foundation->pool, clock, [this](const wire::Request& request) {
                return foundation->sessions.authenticate(request);
            });
        open = std::make_unique<api::Router>(foundation->public_pool, clock, nobody());
        admin = std::make_unique<api::Router>(foundation->pool, clock, api::admin_authenticator());
    }

    asio::awaitable<wire::Response> serve_control(wire::Request request) {
        if (!request.path.starts_with("/api/")) {
            if (auto file = console.serve(request)) co_return *std::move(file);
        }
        co_return co_await control->serve(std::move(request));
    }

    void make_doors(std::span<asio::io_context* const> contexts) {
        const Connections connections = connections_of(settings);
        control_door = std::make_unique<net::HttpServer>(
            contexts, web_settings(settings.control, connections.control),
            net::HttpHandlers{
                [this](wire::Request request) { return serve_control(std::move(request)); },
                [this](wire::Request request) {
                    return live::upgrade_to_stream(std::move(request), *control, foundation->stream,
                                                   clock);
                }});
        asio::io_context* const open_context[] = {&open_io.context()};
        open_door = std::make_unique<net::HttpServer>(
            open_context, web_settings(settings.open, connections.open),
            net::HttpHandlers{[this](wire::Request request) {
                                  return opendata::serve(*open, std::move(request));
                              },
                              {}});
        asio::io_context* const admin_context[] = {&admin_io.context()};
        net::HttpServerSettings socket;
        socket.listeners.push_back({"", 0, socket_path(), std::nullopt});
        socket.connections_max = admin_connections_max;
        socket.body_bytes_max = admin_body_bytes_max;
        socket.bodies_bytes_max = 2 * admin_body_bytes_max;
        admin_door = std::make_unique<net::HttpServer>(
            admin_context, socket,
            net::HttpHandlers{
                [this](wire::Request request) { return admin->serve(std::move(request)); }, {}});
        net::HttpServerSettings figures;
        figures.connections_max = admin_connections_max;
        figures.listeners.push_back({"127.0.0.1",
                                     static_cast<std::uint16_t>(settings.admin.metrics_port), "",
                                     std::nullopt});
        metrics_door = std::make_unique<net::HttpServer>(
            admin_context, figures,
            net::HttpHandlers{
                [this](wire::Request request) { return health->serve(std::move(request)); }, {}});
    }

    [[nodiscard]] Vitals vitals() const {
        const auto& writer = pipeline->writer();
        const auto& spool = pipeline->spool().counters();
        Vitals now{.database_away = writer.counters().away || pulse->away(),
                   .database_silent = pulse->silent(),
                   .storing_waits = writer.waiting(),
                   .spool_bytes = spool.bytes,
                   .spool_bytes_max = static_cast<std::uint64_t>(settings.spool.bytes_max),
                   .spool_damaged_bytes = modules->spool_damaged_bytes(),
                   .alarms_crowded = modules->alarms_crowded(),
                   .database_shares_disk = database->shares_disk()};
        try {
            now.disk_free = store::disk_files().free_bytes(settings.paths.folder);
            disk_measured = true;
        } catch (const store::FilesError& error) {
            if (disk_measured.exchange(false))
                spdlog::warn("the data disk cannot be measured: {}", error.what());
        }
        return now;
    }

    void make_pulse() {
        pulse_pool = std::make_unique<store::Pool>(database->app_url(), 0);
        pulse = std::make_unique<Pulse>(
            [this] {
                return pulse_pool->read_now(
                    [](store::Transaction& tx) { return broken_promises(tx); });
            },
            [this] { pulse_pool->cut_silent({}); });
        for (auto* pool : {&foundation->pool, &foundation->public_pool})
            pool->away_while(pulse->silent_for(silence_taken_for_away));
    }

    [[nodiscard]] std::vector<std::string> obstacles() const {
        std::vector<std::string> sentences;
        for (const auto& trouble : self_watch->troubles()) {
            if (trouble.priority < 3) sentences.push_back(trouble.text.en);
        }
        std::ranges::move(pulse->sentences(), std::back_inserter(sentences));
        return sentences;
    }

    void make_self_watch() {
        const DiskLimits limits{static_cast<std::uint64_t>(settings.storage.disk_free_alarm_bytes),
                                static_cast<std::uint64_t>(settings.storage.disk_free_min_bytes)};
        self_watch = std::make_unique<SelfWatch>(
            foundation->stream, clock, limits, [this] { return vitals(); },
            [this](Hold hold) {
                pipeline->writer().hold_drain(hold.drain);
                pipeline->writer().hold(hold.devices);
            });
    }

    // A database that stands still must not hold the threads of the pools.
    void cut_silent_statements() {
        const bool silent = pulse->silent() >= silence_endured;
        // Hardly anybody waits for what Storage does: it may be slow, and after a pause of the
        // whole machine it goes on.
        if (pulse->silent() >= storage_silence_endured)
            storage->cut_silent(storage_silence_endured);
        if (!silent && !pipeline->writer().counters().away) return;
        for (auto* pool : {&foundation->pool, &foundation->public_pool, pulse_pool.get()})
            pool->cut_silent(silent ? silence_endured : silent_statement_max);
    }

    void cut_all_statements() {
        for (auto* pool : {&foundation->pool, &foundation->public_pool, pulse_pool.get()})
            pool->cut_silent({});
        storage->cut_silent({});
    }

    // Partitions ahead, what is over thrown away. A database that is away is tried again the next
    // time.
    void keep_house() {
        try {
            pipeline->writer().make_partitions_ahead();
            ingest::purge_quarantine(foundation->pool);
            pipeline->sessions().purge();
            foundation->pool.write_now([this](store::Transaction& tx) {
                api::purge_idempotency(tx, clock.now());
                access::erase_addresses(tx, clock.now() - addresses_kept, clock.now());
                access::purge_sessions(tx, clock.now());
            });
            modules->keep_house();
        } catch (const std::exception& error) {
            spdlog::warn("housekeeping waits for the database: {}", error.what());
        }
    }

    void start_database_watch() {
        database_watch.emplace(database_looked_at_every, database_looked_at_every, [this] {
            database->revive();
            cut_silent_statements();
        });
    }

    void start_housekeeper() {
        housekeeper.emplace(at_once, housekeeping_every, [this] { keep_house(); });
    }

    // What another process changes of credentials holds here within seconds.
    void start_rights_watch() {
        rights_watch.emplace(at_once, rights_looked_at_every, [this] {
            try {
                foundation->credentials.look_again(clock.now());
            } catch (const std::exception& error) {
                spdlog::debug("credentials stay as they were known: {}", error.what());
            }
        });
    }
};

Server::Server(config::Settings settings, const base::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(settings), clock)) {}

Server::~Server() {
    stop();
}

void Server::start() {
    auto& s = *impl_;
    s.database = std::make_unique<DatabaseHome>(s.settings);
    s.database->open(&s.steps);
    s.foundation =
        std::make_unique<Foundation>(s.settings, s.clock, s.database->app_url(), s.kinds, s.steps);
    s.make_pulse();
    s.make_routers();
    std::vector<asio::io_context*> contexts;
    for (std::int64_t i = 0; i < s.settings.server.io_threads; ++i) {
        contexts.push_back(&s.io.emplace_back(std::make_unique<IoThread>())->context());
    }
    s.pipeline = std::make_unique<Pipeline>(Pipeline::Parts{
        s.settings, s.clock, s.database->app_url(), s.database->owner_url(), s.foundation->registry,
        s.foundation->city, s.foundation->pool, s.foundation->credentials.authority(),
        s.foundation->credentials.certified(), s.foundation->credentials.named(), contexts});
    s.health = std::make_unique<Health>([&s] { return s.obstacles(); });
    s.modules = std::make_unique<Modules>(*s.foundation, *s.pipeline,
                                          Routers{*s.control, *s.open, *s.admin});
    s.storage = std::make_unique<Storage>(*s.foundation, *s.pipeline, *s.modules,
                                          s.database->app_url(), s.database->owner_url());
    s.storage->add_admin_routes(*s.admin);
    s.make_self_watch();
    s.make_doors(contexts);
    s.health->add(pipeline_figures(*s.pipeline, *s.modules));
    s.health->add(door_figures("control", *s.control_door));
    s.health->add(door_figures("public", *s.open_door));
    for (const auto& [door, router] : {std::pair{"control", s.control.get()},
                                       {"public", s.open.get()},
                                       {"admin", s.admin.get()}})
        s.health->add([door, router] { return route_samples(door, *router); });
    s.health->add(city_figures(*s.foundation));
    s.health->add(storage_figures(*s.storage));
    add_status_routes(*s.admin, *s.health, *s.foundation, *s.pipeline, s.steps, *s.self_watch,
                      [this] { return ports(); });
    s.foundation->credentials.on_revoked([&s](const std::vector<std::string>& names) {
        for (const auto& name : names) {
            s.pipeline->mqtt().disconnect(name, std::nullopt,
                                          wire::mqtt::Reason::administrative_action);
        }
    });
    s.steps.done("modules");
    s.modules->start(s.steps);
    s.self_watch->look();  // what lies in the spool may have to wait from the first moment
    s.pipeline->start_writers();
    s.storage->start();
    s.steps.done("writers");
    s.pulse->start();
    s.self_watch->start();
    for (auto& thread : s.io)
        thread->start();
    s.open_io.start();
    s.admin_io.start();
    s.started = true;
    open_door_named("device", [&] { s.pipeline->open_doors(); });
    open_door_named("control", [&] { s.control_door->start(); });
    open_door_named("public", [&] { s.open_door->start(); });
    open_door_named("metrics", [&] { s.metrics_door->start(); });
    s.steps.done("doors");
    spdlog::info("started in {}", sentence_of(s.steps.steps()));
    open_door_named("admin", [&] { s.admin_door->start(); });
    s.start_housekeeper();
    s.start_rights_watch();
    s.start_database_watch();
    s.health->set_serving(true);
}

Ports Server::ports() const {
    const auto& s = *impl_;
    Ports ports;
    const auto mqtt = s.pipeline->mqtt_ports();
    ports.mqtt = mqtt.plain;
    ports.mqtt_tls = mqtt.tls;
    ports.device_http = s.pipeline->http().ports().at(0);
    ports.control = s.control_door->ports().at(0);
    ports.open = s.open_door->ports().at(0);
    ports.metrics = s.metrics_door->ports().at(0);
    ports.admin_socket = s.socket_path();
    return ports;
}

void Server::stop() {
    auto& s = *impl_;
    if (s.started) {
        s.started = false;
        s.health->set_serving(false);
        const auto end = std::chrono::steady_clock::now() + s.limit();
        // Then whoever still waits for the database is cut: each thread is joined below.
        const base::Again cutter(s.limit(), store::cut_every, [&s] { s.cut_all_statements(); });
        // Each has a share of what is left, so that none takes it all.
        const auto left = [end](int share) {
            const auto all = std::chrono::duration_cast<std::chrono::milliseconds>(
                end - std::chrono::steady_clock::now());
            return std::max(all / share, shortest_stop);
        };
        s.open_door->stop(left(4));
        s.control_door->stop(left(4));
        s.pipeline->close_doors(left(3));
        s.self_watch->stop();
        s.pipeline->stop_writers(left(2));
        s.storage->stop(left(3));
        s.housekeeper.reset();
        s.rights_watch.reset();
        s.modules->stop();
        s.admin_door->stop(left(2));
        s.metrics_door->stop(left(1));
        for (auto& thread : s.io)
            thread->stop();
        s.open_io.stop();
        s.admin_io.stop();
        // Whoever waited for what the pools are still at is gone.
        for (auto* pool : {&s.foundation->pool, &s.foundation->public_pool})
            pool->stop();
    }
    s.database_watch.reset();
    if (s.pulse) s.pulse->stop();
    if (s.database) s.database->close();
    s.database.reset();
}

}  // namespace vigie::app
