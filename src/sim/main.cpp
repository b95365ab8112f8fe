// vigie-sim: a generated city whose devices speak real MQTT.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <string>

#include "sim/city.hpp"
#include "sim/city_files.hpp"

namespace {

int refuse(const vigie::base::Error& error) {
    std::cerr << "vigie-sim: " << error.detail.en << '\n';
    return 1;
}

struct GenerateOptions {
    std::uint64_t seed{1};
    double scale{1.0};
    std::string out;
};

int run_generate(const GenerateOptions& options) {
    const auto city =
        vigie::sim::generate(vigie::sim::example_communes(), options.seed, options.scale);
    if (!city) return refuse(city.error());
    if (const auto written = vigie::sim::write_city(*city, options.out); !written)
        return refuse(written.error());
    std::cout << city->facts.size() << " communes, " << city->network.streets.size() << " streets, "
              << city->assets.size() << " assets, " << city->credentials.size()
              << " credentials in " << options.out << '\n';
    return 0;
}

void add_generate(CLI::App& app, GenerateOptions& options) {
    auto* command = app.add_subcommand("generate", "Write a generated city as a folder of files");
    command->add_option("--seed", options.seed, "Same seed, same city")->capture_default_str();
    command->add_option("--scale", options.scale, "1 is 34,000 light points; from 0.01 to 4")
        ->capture_default_str();
    command->add_option("--out", options.out, "Folder to write")->required();
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"vigie-sim: a generated city whose devices speak real MQTT"};
    app.require_subcommand(1);
    GenerateOptions generate;
    add_generate(app, generate);
    CLI11_PARSE(app, argc, argv);
    return run_generate(generate);
}
