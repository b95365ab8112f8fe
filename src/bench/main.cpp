// vigie-bench: what Vigie does, measured beside what could be done.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
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

CLI::App* add_mode(CLI::App& app, const char* name, const char* sentence,
                   bench::ModeOptions& mode) {
    auto* command = app.add_subcommand(name, sentence);
    add_house(*command, mode.house);
    command->add_option("--rounds", mode.rounds)->check(CLI::Range(1, 1'000));
    command->add_option("--window", mode.window)->check(CLI::Range(1, 511));
    command->add_option("--seconds", mode.seconds);
    command->add_flag("--json", mode.json, "a JSON report on the standard output");
    return command;
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

    bench::IngestOptions ingest;
    ingest.house.programs = own_folder();
    auto* ingest_command = app.add_subcommand(
        "ingest", "MQTT QoS 1, acknowledged after the commit, beside COPY into the same table");
    add_house(*ingest_command, ingest.house);
    ingest_command->add_option("--rounds", ingest.rounds)->check(CLI::Range(1, 1'000));
    ingest_command->add_option("--window", ingest.window, "messages a device leaves unacknowledged")
        ->check(CLI::Range(1, 512));
    ingest_command->add_option("--seconds", ingest.seconds, "of ingestion, in each round");
    ingest_command->add_option("--limit-seconds", ingest.limit_seconds,
                               "of each batch size of the limit, in each round");
    ingest_command->add_flag("!--no-latency", ingest.latency,
                             "leave out the fixed rates of 5,000 and 20,000 messages a second");
    ingest_command->add_flag("--json", ingest.json, "a JSON report on the standard output");

    bool full = false;
    ingest_command->add_flag("--full", full,
                             "a kind with rules, and 100 consoles, each watching a commune");

    bench::ModeOptions mode;
    mode.house.programs = own_folder();
    auto* idle = add_mode(app, "idle", "memory of a connected device that says nothing", mode);
    auto* redelivery = add_mode(app, "redelivery", "every device repeats its last window", mode);
    auto* restart = add_mode(app, "restart", "kill -9, and the time until it is ready", mode);

    CLI11_PARSE(app, argc, argv);
    if (full) {
        ingest.house.with_rules = ingest.house.with_communes = true;
        ingest.consoles = 100;
    }
    try {
        end_in_order();
        if (idle->parsed()) return bench::run_idle(mode);
        if (redelivery->parsed()) return bench::run_redelivery(mode);
        if (restart->parsed()) return bench::run_restart(mode);
        return bench::run_ingest(ingest);
    } catch (const std::exception& error) {
        std::cerr << "vigie-bench: " << error.what() << '\n';
        return 1;
    }
}
