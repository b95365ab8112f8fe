#include "bench/ingest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "bench/consoles.hpp"
#include "bench/ingest_report.hpp"
#include "bench/limit_store.hpp"
#include "bench/rates.hpp"
#include "bench/report.hpp"
#include "bench/roll_up_watch.hpp"

namespace vigie::bench {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds warm_up{1'000};

// What devices make up for before a round: hours that are over, so that they are rolled up in it.
constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t past_hours = 6;
constexpr std::int64_t past_step_ms = hour_ms / 10;
// An hour is taken two minutes after its end.
constexpr std::int64_t hour_settles_ms = 3 * 60'000;
// Roll-ups are to begin when a round is being counted: this long before, it begins.
constexpr milliseconds counted_before_roll_ups{1'000};
// L and the reference, three sizes each.
constexpr double limits_a_round = 6;
// For checkpoints and what devices make up for, between L and the round.
constexpr milliseconds limit_to_round{12'000};

class Ingest {
public:
    explicit Ingest(const IngestOptions& options) : options_(options), house_(options.house) {
        report_ = head_of_report("ingest");
        say("starting a server of its own in {}", house_.folder().string());
        house_.start();
        const auto started = std::chrono::steady_clock::now();
        devices_ = house_.settle();
        limit_ = std::make_unique<Limit>(LimitSettings{.app_url = house_.url("vigie_app"),
                                                       .super_url = house_.url("vigie"),
                                                       .layout = 1,
                                                       .assets = options.house.devices,
                                                       .seconds = options.limit_seconds,
                                                       .watch = house_.watch()});
        load_ = std::make_unique<DeviceLoad>(house_.port("device_mqtt"), devices_);
        if (options.consoles > 0) open_consoles();
        if (options.roll_ups) {
            roll_ups_ = std::make_unique<RollUpWatch>(house_.port("metrics"), started);
            past_from_ms_ = (now_ms() - hour_settles_ms) / hour_ms * hour_ms - past_hours * hour_ms;
        }
        report_["database"] = limit_->version();
        say("{}; {}", report_["machine"].get<std::string>(), limit_->version());
    }

    int run() {
        if (options_.latency) measure_rates("at_rate", "");
        for (std::size_t number = 0; number < options_.rounds; ++number) {
            rounds_.push_back(measure());
            tell(rounds_.back(), number + 1);
        }
        summarise();
        // The disk is still busy with what the rounds stored.
        if (options_.latency) measure_rates("at_rate_after_load", "right after full load, ");
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

    static std::int64_t now_ms() {
        return std::chrono::duration_cast<milliseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    }

    // The limit, then the server: both in the same minute. Roll-ups fall into what is the server's.
    Round measure() {
        Round round;
        if (roll_ups_)
            roll_ups_->wait_for_room(milliseconds_of(limits_a_round * options_.limit_seconds) +
                                     limit_to_round + warm_up);
        measure_limit(round);
        limit_->checkpoint();
        const auto bytes_before = limit_->table_bytes();
        const auto rows_before = load_->acknowledged_in_all();
        if (roll_ups_) make_up();
        measure_server(round);
        stored_.bytes += limit_->table_bytes() - bytes_before;
        stored_.rows += load_->acknowledged_in_all() - rows_before;
        return round;
    }

    void measure_limit(Round& round) {
        const auto own = limit_->frames();
        round.limit = own.values_per_s;
        round.limit_rows = own.batch_rows;
        round.limit_cost_us = own.cpu_us_per_row;
        round.limit_spent = own.spent;
        const auto reference = limit_->reference();
        round.reference = reference.values_per_s;
        round.reference_spent = reference.spent;
    }

    // Each device says what it saw in hours that are over, as after an outage of its own.
    void make_up() {
        const auto round = static_cast<std::int64_t>(rounds_.size());
        load_->recall(past_from_ms_ + round * 1'000, past_step_ms,
                      static_cast<std::size_t>(past_hours * hour_ms / past_step_ms),
                      options_.window);
        sent_ = load_->sent_in_all();
        roll_ups_->wait_until_before(warm_up + counted_before_roll_ups);
    }

    void measure_server(Round& round) {
        const auto rolled_up = roll_ups_ ? roll_ups_->computed() : 0;
        const Meter meter(house_.watch());
        const auto shown = consoles_ ? consoles_->messages() : 0;
        const auto figures =
            load_->saturate(options_.window, warm_up, milliseconds_of(options_.seconds));
        round.spent = meter.spent();
        if (roll_ups_) round.rollups = roll_ups_->computed() - rolled_up;
        if (consoles_ && consoles_->is_cut())
            throw std::runtime_error("the server cut a console off: this is not the full load");
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
    }

    void tell(const Round& round, std::size_t number) const {
        say("round {}: {} values/s acknowledged, L {} (batches of {}), ratio {:.2f}; reference {}; "
            "PUBACK p50 {:.1f} p99 {:.1f} ms; us a message: server {:.2f}, postgres {:.2f}, "
            "generator "
            "{:.2f} (L: {:.2f}); {}; foreign while L was measured {:.0f} %, the reference {:.0f} "
            "%",
            number, grouped(round.values), grouped(round.limit), round.limit_rows,
            round.values / round.limit, grouped(round.reference), round.puback.percentile_ms(0.5),
            round.puback.percentile_ms(0.99), round.cost["server"].get<double>(),
            round.cost["postgres"].get<double>(), round.cost["generator"].get<double>(),
            round.limit_cost_us, sentence_of(round.spent), round.limit_spent.foreign_share * 100,
            round.reference_spent.foreign_share * 100);
        if (roll_ups_) say("round {}: {} roll-ups computed meanwhile", number, round.rollups);
    }

    void summarise() {
        report_["consoles"] = options_.consoles;
        report_["devices"] = devices_.size();
        report_["window"] = options_.window;
        report_.update(report_of(rounds_));
        if (consoles_)
            say("{} consoles: {} messages a second to all of them", options_.consoles,
                grouped(report_["console_messages_per_s"]));
        if (roll_ups_) {
            report_["rollup_hours"] = past_hours * static_cast<std::int64_t>(devices_.size());
            report_["rollup_rows"] = limit_->rollup_rows();
            say("{} roll-ups computed in the rounds, of {} hours made up for before each; {} rows",
                grouped(report_["rollups_computed"]), grouped(report_["rollup_hours"]),
                grouped(report_["rollup_rows"]));
        }
        say("{}", sentence_of_report(report_));
    }

    void measure_rates(const char* part, std::string_view when) {
        for (const double rate : {5'000.0, 20'000.0})
            measure_rate(part, when, rate);
        sent_ = load_->sent_in_all();
    }

    void measure_rate(const char* part, std::string_view when, double rate) {
        limit_->checkpoint();
        const auto bytes_before = limit_->table_bytes();
        const auto rows_before = load_->acknowledged_in_all();
        auto row = report_of_rate(rate, bench::measure_rate(*load_, house_.watch(), rate,
                                                            milliseconds_of(options_.seconds * 2)));
        stored_.bytes += limit_->table_bytes() - bytes_before;
        stored_.rows += load_->acknowledged_in_all() - rows_before;
        say("{}{}", when, sentence_of_rate(row));
        report_[part].push_back(std::move(row));
    }

    // Whatever was acknowledged must be found; a benchmark of a server that loses is worth nothing.
    int finish() {
        const auto acknowledged = load_->acknowledged_in_all();
        const auto stored = limit_->stored();
        report_["acknowledged"] = acknowledged;
        report_["stored"] = stored;
        report_["load_average_after"] = load_average();
        report_["hot_bytes_per_value"] = stored_.bytes_per_value();
        say("{} acknowledged, {} stored; {:.1f} bytes a value of theirs in the hot table, index "
            "included; "
            "load average {:.1f} before, {:.1f} after",
            acknowledged, stored, report_["hot_bytes_per_value"].get<double>(),
            report_["load_average_before"].get<double>(), load_average());
        if (stored != acknowledged)
            add_flaw(report_, fmt::format("{} acknowledged, {} stored", acknowledged, stored));
        if (roll_ups_ && report_["rollups_computed"] == 0)
            add_flaw(report_, "nothing was rolled up in any round: this is not the full load");
        if (options_.json) std::cout << report_.dump(2) << std::endl;
        return tell_flaws(report_);
    }

    IngestOptions options_;
    House house_;
    std::vector<Device> devices_;
    std::unique_ptr<Limit> limit_;
    std::unique_ptr<DeviceLoad> load_;
    std::unique_ptr<Consoles> consoles_;
    std::unique_ptr<RollUpWatch> roll_ups_;
    std::int64_t past_from_ms_{};
    std::vector<Round> rounds_;
    StoredRows stored_;
    std::uint64_t sent_{};
    json report_;
};

}  // namespace

int run_ingest(const IngestOptions& options) {
    Ingest ingest(options);
    return ingest.run();
}

}  // namespace vigie::bench
