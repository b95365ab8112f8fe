// vigie-bench peers: what else takes messages of devices, in the same run, with the same load.
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "bench/broker.hpp"
#include "bench/limit_store.hpp"
#include "bench/modes.hpp"
#include "bench/report.hpp"

namespace vigie::bench {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds peers_warm_up{1'000};
constexpr double values_a_message = 4;
constexpr const char* every_topic = "vigie/v1/+/observations";
// What may be under way: enough that nobody waits for the load, little enough that a peer is not
// measured with a queue that grows.
constexpr std::uint64_t ahead_max = 20'000;

struct PeerRates {
    double vigie{};
    double mosquitto{};
    double node{};
    Spent vigie_spent;
    Spent mosquitto_spent;
    Spent node_spent;
};

class Peers {
public:
    explicit Peers(const PeerOptions& options) : options_(options), house_(options.mode.house) {
        report_ = head_of_report("peers");
        report_["mosquitto"] = Broker::version(options.mosquitto);
        house_.start();
        devices_ = house_.settle();
        limit_ = std::make_unique<Limit>(LimitSettings{.app_url = house_.url("vigie_app"),
                                                       .super_url = house_.url("vigie"),
                                                       .layout = 1,
                                                       .assets = devices_.size()});
        load_ = std::make_unique<DeviceLoad>(house_.port("device_mqtt"), devices_);
        report_["database"] = limit_->version();
    }

    int run() {
        for (std::size_t number = 1; number <= options_.mode.rounds; ++number) {
            rounds_.push_back(measure());
            tell(rounds_.back(), number);
        }
        return finish();
    }

private:
    template <typename... T>
    void say(fmt::format_string<T...> text, T&&... values) const {
        (options_.mode.json ? std::cerr : std::cout)
            << fmt::format(text, std::forward<T>(values)...) << std::endl;
    }

    [[nodiscard]] LoadFigures saturate(DeviceLoad& load) const {
        return load.saturate(options_.mode.window, peers_warm_up,
                             milliseconds_of(options_.mode.seconds));
    }

    PeerRates measure() {
        PeerRates rates;
        limit_->checkpoint();
        const Meter meter(house_.watch());
        const auto own = saturate(*load_);
        rates.vigie = static_cast<double>(own.acknowledged) / own.seconds;
        rates.vigie_spent = meter.spent();
        rates.mosquitto = measure_mosquitto(rates.mosquitto_spent);
        limit_->checkpoint();
        rates.node = measure_pipeline(rates.node_spent);
        return rates;
    }

    // What is not foreign while a peer is measured: it, and what is there of ours.
    [[nodiscard]] Meter meter_with(std::vector<pid_t> peers) const {
        auto watch = house_.watch();
        watch.peers = std::move(peers);
        return Meter(watch);
    }

    double measure_mosquitto(Spent& spent) {
        const Broker broker(options_.mosquitto, house_.folder());
        const Subscriber subscriber(broker.port(), every_topic);
        DeviceLoad load(broker.port(), devices_);
        load.follow([&subscriber] { return subscriber.messages(); }, ahead_max);
        const auto meter = meter_with({broker.process()});
        const auto figures = saturate(load);
        spent = meter.spent();
        await(load, [&subscriber] { return subscriber.messages(); }, "Mosquitto");
        return static_cast<double>(figures.arrived) / figures.seconds;
    }

    double measure_pipeline(Spent& spent) {
        const Broker broker(options_.mosquitto, house_.folder());
        const Pipeline pipeline({.node = options_.node,
                                 .folder = options_.peer_folder,
                                 .log = house_.folder() / "pipeline.log",
                                 .topic = every_topic,
                                 .database = house_.url("vigie_owner")},
                                broker.port());
        DeviceLoad load(broker.port(), devices_);
        load.follow([&pipeline] { return pipeline.stored(); }, ahead_max);
        const auto meter = meter_with({broker.process(), pipeline.process()});
        const auto figures = saturate(load);
        spent = meter.spent();
        await(load, [&pipeline] { return pipeline.stored(); }, "the Node pipeline");
        piped_ += pipeline.stored();
        return static_cast<double>(figures.arrived) / figures.seconds;
    }

    // What was sent has to arrive: a peer that drops is not faster.
    template <typename Arrived>
    void await(const DeviceLoad& load, Arrived arrived, const char* whom) const {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        while (arrived() < load.sent_in_all()) {
            if (std::chrono::steady_clock::now() > until)
                throw std::runtime_error(fmt::format("{} lost messages: {} of {} arrived", whom,
                                                     arrived(), load.sent_in_all()));
            std::this_thread::sleep_for(milliseconds{10});
        }
    }

    void tell(const PeerRates& rates, std::size_t number) const {
        say("round {}: Vigie {} messages/s, Mosquitto in and out {}, Mosquitto to Node {}; {:.2f} "
            "and {:.2f} times as much; foreign {:.0f}, {:.0f} and {:.0f} %",
            number, grouped(rates.vigie), grouped(rates.mosquitto), grouped(rates.node),
            rates.vigie / rates.mosquitto, rates.vigie / rates.node,
            rates.vigie_spent.foreign_share * 100, rates.mosquitto_spent.foreign_share * 100,
            rates.node_spent.foreign_share * 100);
    }

    [[nodiscard]] double of_rounds(double (*figure)(const PeerRates&)) const {
        std::vector<double> values;
        for (const auto& rates : rounds_)
            values.push_back(figure(rates));
        return median(values);
    }

    void add_rounds() {
        std::vector<Spent> vigie;
        std::vector<Spent> mosquitto;
        std::vector<Spent> node;
        for (const auto& rates : rounds_) {
            report_["each_round"].push_back({{"vigie_messages_per_s", rates.vigie},
                                             {"mosquitto_messages_per_s", rates.mosquitto},
                                             {"node_messages_per_s", rates.node},
                                             {"vigie_spent", json_of(rates.vigie_spent)},
                                             {"mosquitto_spent", json_of(rates.mosquitto_spent)},
                                             {"node_spent", json_of(rates.node_spent)}});
            vigie.push_back(rates.vigie_spent);
            mosquitto.push_back(rates.mosquitto_spent);
            node.push_back(rates.node_spent);
        }
        add_phase(report_, "vigie", vigie);
        add_phase(report_, "mosquitto", mosquitto);
        add_phase(report_, "node", node);
    }

    int finish() {
        report_["devices"] = devices_.size();
        report_["window"] = options_.mode.window;
        report_["rounds"] = rounds_.size();
        report_["vigie_messages_per_s"] = of_rounds([](const PeerRates& r) { return r.vigie; });
        report_["mosquitto_messages_per_s"] =
            of_rounds([](const PeerRates& r) { return r.mosquitto; });
        report_["node_messages_per_s"] = of_rounds([](const PeerRates& r) { return r.node; });
        report_["vigie_values_per_s"] =
            of_rounds([](const PeerRates& r) { return r.vigie * values_a_message; });
        report_["node_values_per_s"] =
            of_rounds([](const PeerRates& r) { return r.node * values_a_message; });
        report_["ratio_mosquitto"] =
            of_rounds([](const PeerRates& r) { return r.vigie / r.mosquitto; });
        report_["ratio_node"] = of_rounds([](const PeerRates& r) { return r.vigie / r.node; });
        report_["load_average_after"] = load_average();
        add_rounds();
        const auto acknowledged = load_->acknowledged_in_all();
        const auto stored = limit_->stored();
        report_["acknowledged"] = acknowledged;
        report_["stored"] = stored;
        report_["node_stored"] = piped_;
        report_["node_counted"] = limit_->stored_by_peer();
        say("median of {}: Vigie {} messages/s ({} values/s stored), Mosquitto in and out {}: "
            "{:.2f} times; Mosquitto to Node {} ({} values/s stored): {:.2f} times; {}",
            rounds_.size(), grouped(report_["vigie_messages_per_s"]),
            grouped(report_["vigie_values_per_s"]), grouped(report_["mosquitto_messages_per_s"]),
            report_["ratio_mosquitto"].get<double>(), grouped(report_["node_messages_per_s"]),
            grouped(report_["node_values_per_s"]), report_["ratio_node"].get<double>(),
            sentence_of_phases(report_));
        if (stored != acknowledged)
            add_flaw(report_, fmt::format("{} acknowledged, {} stored", acknowledged, stored));
        if (report_["node_counted"] != piped_)
            add_flaw(report_, fmt::format("the Node program counted {}, {} are stored", piped_,
                                          report_["node_counted"].get<std::uint64_t>()));
        if (options_.mode.json) std::cout << report_.dump(2) << std::endl;
        return tell_flaws(report_);
    }

    PeerOptions options_;
    House house_;
    std::vector<Device> devices_;
    std::unique_ptr<Limit> limit_;
    std::unique_ptr<DeviceLoad> load_;
    std::vector<PeerRates> rounds_;
    std::uint64_t piped_{};
    json report_;
};

}  // namespace

int run_peers(const PeerOptions& options) {
    Peers peers(options);
    return peers.run();
}

}  // namespace vigie::bench
