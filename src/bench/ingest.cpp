#include "bench/ingest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "bench/consoles.hpp"
#include "bench/limit_store.hpp"
#include "bench/report.hpp"

namespace vigie::bench {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr double values_per_message = 4;
constexpr std::size_t batch_rows[] = {1'000, 4'000, 10'000};
constexpr std::size_t reference_rows = 4'000;
constexpr milliseconds warm_up{1'000};

struct Round {
    double limit{};
    std::size_t limit_rows{};
    double reference{};
    double values{};
    double limit_cost_us{};  // processor time a row, at the best batch
    double shown{};          // messages a second, all consoles together
    double cost_us{};        // and a message, all of us together
    json cost;
    Latency puback;
    Spent spent;
    Memory server;
    std::uint64_t cluster_bytes{};
};

milliseconds as_ms(double seconds) {
    return milliseconds{static_cast<std::int64_t>(seconds * 1e3)};
}

class Ingest {
public:
    explicit Ingest(const IngestOptions& options) : options_(options), house_(options.house) {
        report_ = head_of_report("ingest");
        say("starting a server of its own in {}", house_.folder().string());
        house_.start();
        devices_ = house_.settle();
        limit_ = std::make_unique<Limit>(LimitSettings{.app_url = house_.url("vigie_app"),
                                                       .super_url = house_.url("vigie"),
                                                       .layout = 1,
                                                       .assets = options.house.devices,
                                                       .seconds = options.limit_seconds});
        load_ = std::make_unique<DeviceLoad>(house_.port("device_mqtt"), devices_);
        if (options.consoles > 0) open_consoles();
        report_["database"] = limit_->version();
        say("{}; {}", report_["machine"].get<std::string>(), limit_->version());
    }

    int run() {
        for (std::size_t number = 0; number < options_.rounds; ++number) {
            rounds_.push_back(measure());
            tell(rounds_.back(), number + 1);
        }
        summarise();
        if (options_.latency) {
            for (const double rate : {5'000.0, 20'000.0})
                measure_rate(rate);
        }
        return finish();
    }

private:
    template <typename... T>
    void say(fmt::format_string<T...> text, T&&... values) const {
        (options_.json ? std::cerr : std::cout)
            << fmt::format(text, std::forward<T>(values)...) << std::endl;
    }

    void open_consoles() {
        consoles_ = std::make_unique<Consoles>(house_.port("control"), house_.sign_in_person(),
                                               "bench_meter", House::communes(), options_.consoles);
    }

    // The limit, then the server: both in the same minute.
    Round measure() {
        Round round;
        for (const std::size_t rows : batch_rows) {
            limit_->checkpoint();
            const Meter meter(house_.watch());
            const double rate = limit_->frames(rows);
            if (rate <= round.limit) continue;
            const auto spent = meter.spent();
            round.limit = rate;
            round.limit_rows = rows;
            round.limit_cost_us = (spent.cluster_s + spent.generator_s) * 1e6 /
                                  (rate / values_per_message * spent.wall_s);
        }
        limit_->checkpoint();
        round.reference = limit_->reference(reference_rows);
        limit_->checkpoint();
        const Meter meter(house_.watch());
        const auto shown = consoles_ ? consoles_->messages() : 0;
        const auto figures = load_->saturate(options_.window, warm_up, as_ms(options_.seconds));
        round.spent = meter.spent();
        if (consoles_)
            round.shown = static_cast<double>(consoles_->messages() - shown) / round.spent.wall_s;
        const auto messages = static_cast<double>(figures.sent_in_all - sent_);
        sent_ = figures.sent_in_all;
        round.cost = cost_of(round.spent, messages);
        for (const auto& part : round.cost)
            round.cost_us += part.get<double>();
        round.values =
            static_cast<double>(figures.acknowledged) * values_per_message / figures.seconds;
        round.puback = figures.puback;
        round.server = memory_of(house_.watch().server);
        round.cluster_bytes = proportional_bytes_of_family(house_.watch().cluster);
        return round;
    }

    void tell(const Round& round, std::size_t number) const {
        say("round {}: {} values/s acknowledged, L {} (batches of {}), ratio {:.2f}; reference {}; "
            "PUBACK p50 {:.1f} p99 {:.1f} ms; us a message: server {:.2f}, postgres {:.2f}, "
            "generator "
            "{:.2f} (L: {:.2f}); {}",
            number, grouped(round.values), grouped(round.limit), round.limit_rows,
            round.values / round.limit, grouped(round.reference), round.puback.percentile_ms(0.5),
            round.puback.percentile_ms(0.99), round.cost["server"].get<double>(),
            round.cost["postgres"].get<double>(), round.cost["generator"].get<double>(),
            round.limit_cost_us, sentence_of(round.spent));
    }

    [[nodiscard]] double of_rounds(double (*figure)(const Round&)) const {
        std::vector<double> values;
        for (const auto& round : rounds_)
            values.push_back(figure(round));
        return median(values);
    }

    void summarise() {
        const auto p50 = [](const Round& r) { return r.puback.percentile_ms(0.5); };
        const auto p99 = [](const Round& r) { return r.puback.percentile_ms(0.99); };
        report_["rounds"] = rounds_.size();
        report_["ratio"] = of_rounds([](const Round& r) { return r.values / r.limit; });
        report_["values_per_s"] = of_rounds([](const Round& r) { return r.values; });
        report_["cost_ratio"] =
            of_rounds([](const Round& r) { return r.limit_cost_us / r.cost_us; });
        report_["messages_per_s"] =
            of_rounds([](const Round& r) { return r.values / values_per_message; });
        report_["limit_values_per_s"] = of_rounds([](const Round& r) { return r.limit; });
        report_["reference_values_per_s"] = of_rounds([](const Round& r) { return r.reference; });
        report_["puback_ms"] = {{"p50", of_rounds(p50)}, {"p99", of_rounds(p99)}};
        report_["consoles"] = options_.consoles;
        report_["console_messages_per_s"] = of_rounds([](const Round& r) { return r.shown; });
        report_["devices"] = devices_.size();
        report_["window"] = options_.window;
        report_["foreign_share"] = of_rounds([](const Round& r) { return r.spent.foreign_share; });
        report_["steal_share"] = of_rounds([](const Round& r) { return r.spent.steal_share; });
        auto& each = report_["each_round"] = json::array();
        for (const auto& round : rounds_) {
            each.push_back({{"ratio", round.values / round.limit},
                            {"values_per_s", round.values},
                            {"limit_values_per_s", round.limit},
                            {"limit_batch_rows", round.limit_rows},
                            {"reference_values_per_s", round.reference},
                            {"puback_ms", json_of(round.puback)},
                            {"spent", json_of(round.spent)},
                            {"cpu_us_per_message", round.cost},
                            {"limit_cpu_us_per_row", round.limit_cost_us},
                            {"server_resident_bytes", round.server.resident_bytes},
                            {"server_resident_bytes_max", round.server.resident_max_bytes},
                            {"postgres_proportional_bytes", round.cluster_bytes}});
        }
        const auto& last = rounds_.back();
        if (consoles_)
            say("{} consoles: {} messages a second to all of them", options_.consoles,
                grouped(report_["console_messages_per_s"]));
        report_["server_resident_bytes_max"] = last.server.resident_max_bytes;
        report_["postgres_proportional_bytes"] = last.cluster_bytes;
        say("median of {}: {} values/s ({} messages/s), L {}, ratio {:.2f} (of processor "
            "time {:.2f}), reference {}; PUBACK "
            "p50 {:.1f}, p99 {:.1f} ms; server {:.0f} MB at most, postgres {:.0f} MB",
            rounds_.size(), grouped(report_["values_per_s"]), grouped(report_["messages_per_s"]),
            grouped(report_["limit_values_per_s"]), report_["ratio"].get<double>(),
            report_["cost_ratio"].get<double>(), grouped(report_["reference_values_per_s"]),
            report_["puback_ms"]["p50"].get<double>(), report_["puback_ms"]["p99"].get<double>(),
            static_cast<double>(last.server.resident_max_bytes) / 1e6,
            static_cast<double>(last.cluster_bytes) / 1e6);
    }

    void measure_rate(double rate) {
        limit_->checkpoint();
        const Meter meter(house_.watch());
        const auto figures = load_->at_rate(rate, warm_up, as_ms(options_.seconds * 2));
        const auto spent = meter.spent();
        json row = {{"rate", rate},
                    {"kept_up", figures.kept_up},
                    {"puback_ms", json_of(figures.puback)},
                    {"spent", json_of(spent)}};
        say("at {} messages/s{}: PUBACK p50 {:.2f}, p99 {:.2f}, p99.9 {:.2f} ms from the intended "
            "instant; {}",
            grouped(rate), figures.kept_up ? "" : " (not kept up)",
            figures.puback.percentile_ms(0.5), figures.puback.percentile_ms(0.99),
            figures.puback.percentile_ms(0.999), sentence_of(spent));
        report_["at_rate"].push_back(std::move(row));
    }

    // Whatever was acknowledged must be found; a benchmark of a server that loses is worth nothing.
    int finish() {
        const auto acknowledged = load_->acknowledged_in_all();
        const auto stored = limit_->stored();
        report_["acknowledged"] = acknowledged;
        report_["stored"] = stored;
        report_["load_average_after"] = load_average();
        report_["hot_bytes_per_value"] = limit_->bytes_per_value();
        say("{} acknowledged, {} stored; {:.1f} bytes a value in the hot table, index included; "
            "load average {:.1f} before, {:.1f} after",
            acknowledged, stored, report_["hot_bytes_per_value"].get<double>(),
            report_["load_average_before"].get<double>(), load_average());
        if (options_.json) std::cout << report_.dump(2) << std::endl;
        return stored == acknowledged ? 0 : 1;
    }

    IngestOptions options_;
    House house_;
    std::vector<Device> devices_;
    std::unique_ptr<Limit> limit_;
    std::unique_ptr<DeviceLoad> load_;
    std::unique_ptr<Consoles> consoles_;
    std::vector<Round> rounds_;
    std::uint64_t sent_{};
    json report_;
};

}  // namespace

int run_ingest(const IngestOptions& options) {
    Ingest ingest(options);
    return ingest.run();
}

}  // namespace vigie::bench
