// vigie-bench: what Vigie does, measured beside what could be done.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <iostream>
#include <thread>

#include "bench/ingest.hpp"
#include "bench/modes.hpp"

namespace {

namespace bench = vigie::bench;

std::filesystem::path own_folder() {
    return std::filesystem::canonical("/proc/self/exe").parent_path();
}

void add_house(CLI::App& app, bench::HouseSettings& house) {
    app.add_option("--folder", house.folder,
                   "the installation's folder; default: a new one in /tmp");
    app.add_flag("--keep", house.keep, "leave the folder when it ends");
    app.add_option("--devices", house.devices, "MQTT connections")->check(CLI::Range(2, 50'000));
    app.add_option("--writers", house.writers, "database.writers")->check(CLI::Range(1, 16));
    app.add_option("--shared-buffers-mb", house.shared_buffers_mb, "database.shared_buffers_mb");
}

// What was asked for, once the command line is read.
using Run = std::function<int()>;

template <typename Options>
void set_run(CLI::App& command, Run& run, const Options& options, int (*mode)(const Options&)) {
    command.callback([&run, &options, mode] { run = [&options, mode] { return mode(options); }; });
}

CLI::App* add_mode(CLI::App& app, const char* name, const char* sentence,
                   bench::ModeOptions& mode) {
    mode.house.programs = own_folder();
    auto* command = app.add_subcommand(name, sentence);
    add_house(*command, mode.house);
    command->add_option("--rounds", mode.rounds)->check(CLI::Range(1, 1'000));
    command->add_option("--window", mode.window)->check(CLI::Range(1, 511));
    command->add_option("--seconds", mode.seconds);
    command->add_flag("--json", mode.json, "a JSON report on the standard output");
    return command;
}

void add_ingest(CLI::App& app, bench::IngestOptions& ingest, Run& run) {
    ingest.house.programs = own_folder();
    auto* command = app.add_subcommand(
        "ingest", "MQTT QoS 1, acknowledged after the commit, beside COPY into the same table");
    add_house(*command, ingest.house);
    command->add_option("--rounds", ingest.rounds)->check(CLI::Range(1, 1'000));
    command->add_option("--window", ingest.window, "messages a device leaves unacknowledged")
        ->check(CLI::Range(1, 511));
    command->add_option("--seconds", ingest.seconds, "of ingestion, in each round");
    command->add_option("--limit-seconds", ingest.limit_seconds,
                        "of each batch size of the limit, in each round");
    command->add_flag("!--no-latency", ingest.latency,
                      "leave out the fixed rates of 5,000 and 20,000 messages a second");
    command->add_flag("--json", ingest.json, "a JSON report on the standard output");
    command->add_flag_callback(
        "--full",
        [&ingest] {
            ingest.house.with_rules = ingest.house.with_communes = true;
            ingest.consoles = 100;
            ingest.roll_ups = true;
        },
        "a kind with rules, 100 consoles, each watching a commune, and in each round the roll-ups "
        "of hours that devices made up for; as those come once a minute, so do the rounds");
    set_run(*command, run, ingest, bench::run_ingest);
}

void add_small_modes(CLI::App& app, bench::ModeOptions& mode, Run& run) {
    auto* idle = add_mode(app, "idle", "memory of a connected device that says nothing", mode);
    set_run(*idle, run, mode, bench::run_idle);
    auto* redelivery = add_mode(app, "redelivery", "every device repeats its last window", mode);
    set_run(*redelivery, run, mode, bench::run_redelivery);
    auto* console = add_mode(app, "console", "from a publication to a console's WebSocket", mode);
    console->add_option("--consoles", mode.consoles, "each looks at 16 assets by name")
        ->check(CLI::Range(1, 1'000));
    set_run(*console, run, mode, bench::run_console);
}

void add_restart(CLI::App& app, bench::RestartOptions& restart, Run& run) {
    auto* command =
        add_mode(app, "restart", "kill -9, and the time until it is ready", restart.mode);
    command
        ->add_option("--load-s", restart.load_s,
                     "under load before each kill; default: 25 before the first, --seconds before "
                     "the others")
        ->check(CLI::Range(0.1, 3'600.0));
    set_run(*command, run, restart, bench::run_restart);
}

void add_peers(CLI::App& app, bench::PeerOptions& peer, Run& run) {
    auto* command = add_mode(
        app, "peers", "beside Mosquitto, and beside Mosquitto with a Node program that stores",
        peer.mode);
    const auto build = own_folder().parent_path().parent_path();
    peer.mosquitto = build / "mosquitto/mosquitto";
    peer.node = "/usr/bin/node";
    peer.peer_folder = build / "peer";
    command->add_option("--mosquitto", peer.mosquitto, "the broker's program");
    command->add_option("--node", peer.node, "Node.js");
    command->add_option("--peer-folder", peer.peer_folder,
                        "pipeline.mjs with its packages (scripts/bench-peers puts it there)");
    set_run(*command, run, peer, bench::run_peers);
}

void add_history(CLI::App& app, bench::HistoryOptions& past, Run& run) {
    auto* command = add_mode(app, "history", "charts on a month of observations", past.mode);
    past.mode.seconds = 1;  // of each size of transaction of L
    command->add_option("--values", past.values, "stored, in 30 days");
    command->add_option("--questions", past.questions, "of each sort")
        ->check(CLI::Range(1, 1'000'000));
    set_run(*command, run, past, bench::run_history);
}

void add_deliveries(CLI::App& app, bench::DeliveryOptions& delivery, Run& run) {
    delivery.program = std::filesystem::canonical("/proc/self/exe");
    auto* command =
        app.add_subcommand("deliveries", "frames to 1,000 consoles, the server on one processor");
    command->add_option("--rounds", delivery.rounds)->check(CLI::Range(1, 1'000));
    command->add_option("--consoles", delivery.consoles)->check(CLI::Range(1, 10'000));
    command->add_option("--seconds", delivery.seconds, "of each round");
    command->add_flag("--json", delivery.json, "a JSON report on the standard output");
    set_run(*command, run, delivery, bench::run_deliveries);
}

// Whatever ends this program ends the server and the database that it started.
void end_in_order() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread([signals] {
        int received = 0;
        sigwait(&signals, &received);
        bench::House::abandon();
        _exit(128 + received);
    }).detach();
}

}  // namespace

int main(int argc, char** argv) {
    signal(SIGPIPE, SIG_IGN);
    CLI::App app{"vigie-bench: what Vigie does, measured beside what could be done."};
    app.require_subcommand(1);

    Run run;
    bench::IngestOptions ingest;
    bench::ModeOptions mode;
    bench::RestartOptions restart;
    bench::PeerOptions peer;
    bench::HistoryOptions past;
    bench::DeliveryOptions delivery;
    std::size_t served = 0;
    add_ingest(app, ingest, run);
    add_small_modes(app, mode, run);
    add_restart(app, restart, run);
    add_peers(app, peer, run);
    add_history(app, past, run);
    add_deliveries(app, delivery, run);
    // What the mode `deliveries` starts: not for people.
    auto* serve = app.add_subcommand("serve-stream", "")->group("");
    serve->add_option("consoles", served)->required();
    CLI11_PARSE(app, argc, argv);
    try {
        if (serve->parsed()) return bench::serve_stream(served);
        end_in_order();
        return run();
    } catch (const std::exception& error) {
        std::cerr << "vigie-bench: " << error.what() << '\n';
        return 1;
    }
}
