#include <signal.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "app/connections.hpp"
#include "app/start_up.hpp"
#include "vigie/app/server.hpp"
#include "vigie/base/open_files.hpp"
#include "vigie/config/settings.hpp"

// jemalloc reads it before main() (its manual, TUNING); MALLOC_CONF in the environment wins. Few
// arenas take less for a connection that is idle, and no more time; a thread of its own gives back
// what a flood needed. Elsewhere (under sanitizers) nobody reads it.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:4,background_thread:true";
}

namespace {

struct Options {
    std::string config;
    std::string folder;
    int control_port = -1;
    bool print_reference = false;
    bool check = false;
};

void print_mistakes(const vigie::base::Error& error) {
    std::cerr << "vigied: " << error.detail.en << "\n";
    for (const auto& field : error.fields)
        std::cerr << "  " << field.message.en << "\n";
}

vigie::base::Result<vigie::config::Settings> settings_of(const Options& options) {
    auto settings = options.config.empty() ? vigie::base::Result(vigie::config::defaults())
                                           : vigie::config::load(options.config);
    if (!settings) return settings;
    if (!options.folder.empty()) settings->paths.folder = options.folder;
    if (options.control_port >= 0) settings->control.port = options.control_port;
    settings->paths.folder =
        std::filesystem::absolute(settings->paths.folder).lexically_normal().string();
    return settings;
}

// Until SIGINT or SIGTERM. Signals are blocked in every thread made after this and waited for here.
int serve(vigie::config::Settings settings) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);
    const vigie::base::SystemClock clock;
    const std::string folder = settings.paths.folder;
    vigie::base::raise_open_files();
    vigie::app::log_connections(settings);
    vigie::app::Server server(std::move(settings), clock);
    vigie::app::drop_privileges(folder);
    const vigie::app::FolderLock lock(folder);
    server.start();
    const auto ports = server.ports();
    const auto or_closed = [](std::uint16_t port) {
        return port == 0 ? std::string("closed") : std::to_string(port);
    };
    spdlog::info(
        "ready: console http {}, mqtt {}, mqtt over tls {}, ingestion http {}, public http {}, "
        "metrics http {}, admin {}",
        ports.control, or_closed(ports.mqtt), or_closed(ports.mqtt_tls), ports.device_http,
        ports.open, ports.metrics, ports.admin_socket);
    int received = 0;
    sigwait(&signals, &received);
    spdlog::info("stopping on signal {}", received);
    server.stop();
    spdlog::info("stopped");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "vigied: the control-centre server of a city.\n\nExample: vigied --config "
        "/etc/vigie/vigie.toml"};
    Options options;
    app.add_option("--config", options.config,
                   "settings, a TOML file (docs/configuration.md); defaults without it");
    app.add_option("--data", options.folder, "overrides paths.folder");
    app.add_option("--control-port", options.control_port, "overrides control.port")
        ->check(CLI::Range(0, 65535));
    app.add_flag("--check", options.check, "read settings and kinds, say what is wrong, and end");
    app.add_flag("--print-config-reference", options.print_reference,
                 "print docs/configuration.md and end");
    CLI11_PARSE(app, argc, argv);
    if (options.print_reference) {
        std::cout << vigie::config::reference_page();
        return 0;
    }
    auto settings = settings_of(options);
    if (!settings) {
        print_mistakes(settings.error());
        return 2;
    }
    vigie::app::set_up_log(*settings);
    try {
        if (options.check) {
            const vigie::base::SystemClock clock;
            const vigie::app::Server server(*settings, clock);
            std::cout << "settings and kinds are valid\n";
            return 0;
        }
        return serve(*std::move(settings));
    } catch (const std::exception& error) {
        spdlog::critical("the server cannot run: {}", error.what());
        return 1;
    }
}
