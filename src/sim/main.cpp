// vigie-sim: a generated city whose devices speak real MQTT.
#include <CLI/CLI.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "sim/city.hpp"
#include "sim/city_files.hpp"
#include "sim/city_run.hpp"
#include "sim/control.hpp"
#include "vigie/base/open_files.hpp"

namespace {

namespace asio = boost::asio;
namespace sim = vigie::sim;

constexpr int exit_ok = 0;
constexpr int exit_failed = 1;

int refuse(const vigie::base::Error& error) {
    std::cerr << "vigie-sim: " << error.detail.en << '\n';
    return exit_failed;
}

struct GenerateOptions {
    std::uint64_t seed{1};
    double scale{1.0};
    std::string communes;  // empty: the example
    std::string out;
};

struct RunOptions {
    std::string city;
    std::string secrets;
    std::string control;  // empty: sim.sock in the city's folder
    std::string from;
    sim::CityRunSettings settings;
    bool json{};
    int progress_s{10};
    int duration_s{};  // 0: until a signal
};

struct OrderOptions {
    std::string control;
    std::string trouble;
    std::string code;
    bool clear{};
};

vigie::base::Result<std::vector<sim::CommuneFact>> communes_from(const std::string& path) {
    if (path.empty()) return sim::example_communes();
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return vigie::base::fail(vigie::base::Errc::not_found, "cannot read " + path,
                                 "impossible de lire " + path);
    std::ostringstream text;
    text << file.rdbuf();
    return sim::parse_communes(text.str());
}

int run_generate(const GenerateOptions& options) {
    const auto facts = communes_from(options.communes);
    if (!facts) return refuse(facts.error());
    const auto city = sim::generate(*facts, options.seed, options.scale);
    if (!city) return refuse(city.error());
    if (const auto written = sim::write_city(*city, options.out); !written)
        return refuse(written.error());
    std::cout << city->facts.size() << " communes, " << city->network.streets.size() << " streets, "
              << city->assets.size() << " assets, " << city->credentials.size()
              << " credentials in " << options.out << '\n';
    return exit_ok;
}

asio::awaitable<void> live(sim::CityRun& run, const RunOptions& options) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    const auto start = std::chrono::steady_clock::now();
    auto told = start;
    std::uint64_t acked = 0;
    for (auto now = start;; now = std::chrono::steady_clock::now()) {
        if (options.duration_s > 0 && now - start >= std::chrono::seconds{options.duration_s})
            co_return;
        run.advance();
        if (options.progress_s > 0 && now - told >= std::chrono::seconds{options.progress_s}) {
            const auto& counts = run.counts();
            const double seconds = std::chrono::duration<double>(now - told).count();
            std::cerr << "connected " << counts.connected << '/' << run.gateways() << ", "
                      << static_cast<int>(static_cast<double>(counts.acked - acked) / seconds)
                      << " acknowledged/s, " << counts.acked << " in all, " << counts.refused
                      << " refused, " << run.unsettled() << " open";
            if (!counts.last_refusal.empty()) std::cerr << " (last: " << counts.last_refusal << ')';
            std::cerr << '\n';
            told = now;
            acked = counts.acked;
        }
        timer.expires_after(std::chrono::milliseconds{50});
        co_await timer.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<void> until_signal() {
    asio::signal_set signals(co_await asio::this_coro::executor, SIGINT, SIGTERM);
    co_await signals.async_wait(asio::use_awaitable);
}

// Lives until a signal or its duration; then ends in order.
asio::awaitable<void> play(sim::CityRun& run, sim::ControlSocket& control,
                           const RunOptions& options) {
    using namespace asio::experimental::awaitable_operators;
    run.start();
    co_await (live(run, options) || until_signal() ||
              control.serve([&run](const std::string& line) { return run.obey(line); }));
    co_await run.stop(std::chrono::seconds{5});
}

int run_city(RunOptions& options) {
    if (!options.from.empty()) {
        options.settings.city_start = vigie::base::parse_rfc3339(options.from);
        if (!options.settings.city_start)
            return refuse(vigie::base::fail(vigie::base::Errc::invalid,
                                            "--from is not an RFC 3339 instant: " + options.from,
                                            "--from n'est pas un instant RFC 3339"));
    }
    const auto fleet = sim::read_fleet(options.city);
    if (!fleet) return refuse(fleet.error());
    const auto logins = sim::read_logins(options.city, options.secrets);
    if (!logins) return refuse(logins.error());
    const vigie::base::SystemClock clock;
    vigie::base::raise_open_files();  // each device or gateway is a connection
    asio::io_context io(1);
    sim::ControlSocket control(
        io.get_executor(), options.control.empty() ? options.city + "/sim.sock" : options.control);
    sim::CityRun run(io.get_executor(), clock, *fleet, *logins, options.settings);
    if (run.unplayed() > 0)
        std::cerr << "vigie-sim: " << run.unplayed() << " devices have no credential\n";
    int status = exit_ok;
    asio::co_spawn(io, play(run, control, options), [&](const std::exception_ptr& broken) {
        try {
            if (broken) std::rethrow_exception(broken);
        } catch (const std::exception& what) {
            std::cerr << "vigie-sim: " << what.what() << '\n';
            status = exit_failed;
        }
        io.stop();
    });
    io.run();
    if (options.json) std::cout << run.summary() << '\n';
    return status;
}

int run_order(const OrderOptions& options, const char* what) {
    const nlohmann::json order{{"do", what}, {"trouble", options.trouble}, {"code", options.code}};
    const auto reply = sim::ask_control(options.control, order.dump());
    if (!reply) return refuse(reply.error());
    const auto answer = nlohmann::json::parse(*reply, nullptr, false);
    if (answer.is_object() && answer.value("ok", false)) {
        std::cout << (options.trouble.empty() ? *reply : options.code + ": done") << '\n';
        return exit_ok;
    }
    std::cerr << "vigie-sim: " << (answer.is_object() ? answer.value("error", *reply) : *reply)
              << '\n';
    return exit_failed;
}

void add_generate(CLI::App& app, GenerateOptions& options) {
    auto* command = app.add_subcommand("generate", "Write a generated city as a folder of files");
    command->add_option("--seed", options.seed, "Same seed, same city")->capture_default_str();
    command->add_option("--scale", options.scale, "1 is 34,000 light points; from 0.01 to 4")
        ->capture_default_str();
    command->add_option("--communes", options.communes,
                        "CSV of communes (insee_code, name, centroid_lon, centroid_lat, area_km2, "
                        "population); default: the example, Dijon Métropole");
    command->add_option("--out", options.out, "Folder to write")->required();
}

void add_run(CLI::App& app, RunOptions& options) {
    auto* command = app.add_subcommand("run", "Play the city's devices over MQTT");
    auto& settings = options.settings;
    command->add_option("--city", options.city, "Folder that generate wrote")->required();
    command
        ->add_option("--secrets", options.secrets,
                     "What vigie credential create --secrets-out wrote")
        ->required();
    command->add_option("--host", settings.host, "MQTT host")->capture_default_str();
    command->add_option("--port", settings.port, "MQTT port")->capture_default_str();
    command->add_option("--ca", settings.ca_file, "Certificates to trust (PEM): speak TLS");
    command->add_option("--seed", settings.engine.seed, "Same seed, same behaviour")
        ->capture_default_str();
    command->add_option("--speed", settings.speed, "How many times as fast the city's day runs")
        ->check(CLI::Range(0.01, 1'000.0))
        ->capture_default_str();
    command->add_option("--from", options.from,
                        "City time to begin at (RFC 3339), such as an evening; default: now");
    command->add_option("--zone", settings.engine.zone, "Time zone of the city")
        ->capture_default_str();
    command
        ->add_option("--rate-multiplier", settings.engine.rate_multiplier,
                     "Report so many times as often")
        ->check(CLI::Range(0.01, 10'000.0))
        ->capture_default_str();
    command->add_option("--random-failures", settings.engine.random_failures, "on or off")
        ->capture_default_str();
    command
        ->add_option("--failure-rate", settings.engine.failure_rate, "Break so many times as often")
        ->check(CLI::Range(0.0, 1e6))
        ->capture_default_str();
    command->add_option("--control", options.control, "Control socket; default: CITY/sim.sock");
    command->add_option("--duration", options.duration_s, "Stop after so many seconds; 0: never");
    command->add_option("--progress", options.progress_s, "Seconds between progress lines; 0: none")
        ->capture_default_str();
    command->add_flag("--json", options.json, "Print the counts as JSON at the end");
}

void add_orders(CLI::App& app, OrderOptions& options) {
    auto* fail =
        app.add_subcommand("fail", "Make a device of a running city fail, or set it right");
    fail->add_option("--control", options.control, "Control socket of vigie-sim run")->required();
    fail->add_option("trouble", options.trouble,
                     "lamp, cabinet, silent, stuck-detector or flashing-amber")
        ->required()
        ->check(CLI::IsMember({"lamp", "cabinet", "silent", "stuck-detector", "flashing-amber"}));
    fail->add_option("code", options.code, "Code of the device, such as PL-00001")->required();
    fail->add_flag("--clear", options.clear, "Set it right again");
    auto* status = app.add_subcommand("status", "Counts of a running city, as JSON");
    status->add_option("--control", options.control, "Control socket of vigie-sim run")->required();
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"vigie-sim: a generated city whose devices speak real MQTT"};
    app.require_subcommand(1);
    GenerateOptions generate;
    RunOptions run;
    OrderOptions order;
    add_generate(app, generate);
    add_run(app, run);
    add_orders(app, order);
    CLI11_PARSE(app, argc, argv);
    try {
        if (app.got_subcommand("generate")) return run_generate(generate);
        if (app.got_subcommand("run")) return run_city(run);
        if (app.got_subcommand("status")) return run_order(order, "status");
        return run_order(order, order.clear ? "clear" : "fail");
    } catch (const std::exception& broken) {
        std::cerr << "vigie-sim: " << broken.what() << '\n';
        return exit_failed;
    }
}
