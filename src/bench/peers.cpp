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
    double foreign_share{};
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
                             milliseconds{static_cast<std::int64_t>(options_.mode.seconds * 1e3)});
    }

    PeerRates measure() {
        PeerRates rates;
        const Meter meter(house_.watch());
        limit_->checkpoint();
        const auto own = saturate(*load_);
        rates.vigie = static_cast<double>(own.acknowledged) / own.seconds;
        rates.foreign_share = meter.spent().foreign_share;
        rates.mosquitto = measure_mosquitto();
        limit_->checkpoint();
        rates.node = measure_pipeline();
        return rates;
    }

    double measure_mosquitto() {
        const Broker broker(options_.mosquitto, house_.folder());
        const Subscriber subscriber(broker.port(), every_topic);
        DeviceLoad load(broker.port(), devices_);
        load.follow([&subscriber] { return subscriber.messages(); }, ahead_max);
        const auto figures = saturate(load);
        await(load, [&subscriber] { return subscriber.messages(); }, "Mosquitto");
        return static_cast<double>(figures.arrived) / figures.seconds;
    }

    double measure_pipeline() {
        const Broker broker(options_.mosquitto, house_.folder());
        const Pipeline pipeline({.node = options_.node,
                                 .folder = options_.peer_folder,
                                 .log = house_.folder() / "pipeline.log",
                                 .topic = every_topic,
                                 .database = house_.url("vigie_owner")},
                                broker.port());
        DeviceLoad load(broker.port(), devices_);
        load.follow([&pipeline] { return pipeline.stored(); }, ahead_max);
        const auto figures = saturate(load);
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
            "and {:.2f} times as much; foreign {:.0f} %",
            number, grouped(rates.vigie), grouped(rates.mosquitto), grouped(rates.node),
            rates.vigie / rates.mosquitto, rates.vigie / rates.node, rates.foreign_share * 100);
    }

    [[nodiscard]] double of_rounds(double (*figure)(const PeerRates&)) const {
        std::vector<double> values;
        for (const auto& rates : rounds_)
            values.push_back(figure(rates));
        return median(values);
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
        report_["foreign_share"] = of_rounds([](const PeerRates& r) { return r.foreign_share; });
        report_["load_average_after"] = load_average();
        for (const auto& rates : rounds_) {
            report_["each_round"].push_back({{"vigie_messages_per_s", rates.vigie},
                                             {"mosquitto_messages_per_s", rates.mosquitto},
                                             {"node_messages_per_s", rates.node},
                                             {"foreign_share", rates.foreign_share}});
        }
        const auto acknowledged = load_->acknowledged_in_all();
        const auto stored = limit_->stored();
        report_["acknowledged"] = acknowledged;
        report_["stored"] = stored;
        report_["node_stored"] = piped_;
        report_["node_counted"] = limit_->stored_by_peer();
        say("median of {}: Vigie {} messages/s ({} values/s stored), Mosquitto in and out {}: "
            "{:.2f} times; Mosquitto to Node {} ({} values/s stored): {:.2f} times",
            rounds_.size(), grouped(report_["vigie_messages_per_s"]),
            grouped(report_["vigie_values_per_s"]), grouped(report_["mosquitto_messages_per_s"]),
            report_["ratio_mosquitto"].get<double>(), grouped(report_["node_messages_per_s"]),
            grouped(report_["node_values_per_s"]), report_["ratio_node"].get<double>());
        if (options_.mode.json) std::cout << report_.dump(2) << std::endl;
        const bool is_whole = stored == acknowledged && report_["node_counted"] == piped_;
        if (!is_whole) say("what was counted is not what is stored");
        return is_whole ? 0 : 1;
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
