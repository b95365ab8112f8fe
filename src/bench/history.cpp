// vigie-bench history: what charts ask for, on a month of observations that the product itself
// took in, rolled up and packed.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <random>
#include <thread>

#include "bench/asking.hpp"
#include "bench/limit_store.hpp"
#include "bench/modes.hpp"
#include "bench/report.hpp"
#include "vigie/base/time.hpp"

namespace vigie::bench {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using HistoryClock = std::chrono::steady_clock;

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t day_ms = 24 * 60 * minute_ms;
constexpr std::int64_t days_of_past = 30;
// One report in ten minutes, four values each: 144 rows in 24 hours.
constexpr std::int64_t step_ms = 10 * minute_ms;
constexpr std::size_t frames_an_asset = days_of_past * day_ms / step_ms;
constexpr std::size_t values_a_frame = 4;
// While it is filled no day is closed, and then all that are due.
constexpr std::int64_t close_never = 365;
constexpr std::int64_t close_when_due = 2;
// An hour is rolled up two minutes after its end.
constexpr std::int64_t settled_ms = 5 * minute_ms;
constexpr std::chrono::minutes patience{60};
constexpr double load_share_of_limit = 0.2;
// So many messages of a device at once, as many as it has under way in `ingest`.
constexpr std::size_t load_together = 20;
// Less than this share of what was wanted, and it is not that load.
constexpr double load_kept_min = 0.95;
constexpr milliseconds load_stretch{3'000};
constexpr std::size_t warm_up_questions = 200;
constexpr std::size_t question_rounds = 5;
constexpr int limit_rounds = 5;

std::int64_t history_now_ms() {
    return std::chrono::duration_cast<milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string instant_text(std::int64_t epoch_ms) {
    return base::to_rfc3339(base::from_epoch_ms(epoch_ms));
}

struct Answers {
    Latency hot;     // 24 hours raw, the latest
    Latency packed;  // 24 hours raw, of days that are closed
    Latency hourly;  // 30 days by the hour
    Spent spent;
};

json json_of(const std::vector<Answers>& rounds) {
    std::vector<Latency> hot;
    std::vector<Latency> packed;
    std::vector<Latency> hourly;
    for (const auto& answers : rounds) {
        hot.push_back(answers.hot);
        packed.push_back(answers.packed);
        hourly.push_back(answers.hourly);
    }
    return {{"raw_24h_hot_ms", json_of_rounds(hot)},
            {"raw_24h_packed_ms", json_of_rounds(packed)},
            {"hourly_30d_ms", json_of_rounds(hourly)}};
}

std::vector<Spent> spent_of(const std::vector<Answers>& rounds) {
    std::vector<Spent> spent;
    for (const auto& answers : rounds)
        spent.push_back(answers.spent);
    return spent;
}

class History {
public:
    explicit History(const HistoryOptions& options)
        : options_(options), house_(settings_for(options)) {
        report_ = head_of_report("history");
        house_.start();
        devices_ = house_.settle();
        to_ms_ = (history_now_ms() - settled_ms) / (60 * minute_ms) * (60 * minute_ms);
        from_ms_ = to_ms_ - days_of_past * day_ms;
    }

    int run() {
        fill();
        roll_up();
        close_days();
        Asking asking(house_.port("control"), house_.sign_in_person());
        check(asking);
        (void)ask(asking, warm_up_questions);
        const auto quiet = ask_in_rounds(asking);
        report_["quiet"] = json_of(quiet);
        add_phase(report_, "quiet", spent_of(quiet));
        tell("quiet", report_["quiet"]);
        under_load(asking);
        return finish();
    }

private:
    static HouseSettings settings_for(const HistoryOptions& options) {
        auto settings = options.mode.house;
        settings.may_backfill = true;
        settings.close_after_days = close_never;
        settings.devices =
            std::max<std::size_t>(2, (options.values + frames_an_asset * values_a_frame - 1) /
                                         (frames_an_asset * values_a_frame));
        return settings;
    }

    template <typename... T>
    void say(fmt::format_string<T...> text, T&&... values) const {
        (options_.mode.json ? std::cerr : std::cout)
            << fmt::format(text, std::forward<T>(values)...) << std::endl;
    }

    [[nodiscard]] json storage() const {
        return json::parse(house_.tool({"storage", "status", "--json"}));
    }

    void fill() {
        const auto began = HistoryClock::now();
        say("{} assets say what they saw in {} days, {} values", devices_.size(), days_of_past,
            grouped(static_cast<double>(devices_.size() * frames_an_asset * values_a_frame)));
        {
            DeviceLoad load(house_.port("device_mqtt"), devices_);
            load.recall(from_ms_, step_ms, frames_an_asset, options_.mode.window);
        }
        const double seconds = std::chrono::duration<double>(HistoryClock::now() - began).count();
        report_["fill_s"] = seconds;
        say("stored in {:.0f} s; waiting for their roll-ups", seconds);
    }

    template <typename Test>
    void wait_until(const char* what, Test is_so) const {
        const auto until = HistoryClock::now() + patience;
        while (!is_so()) {
            if (HistoryClock::now() > until)
                throw std::runtime_error(std::string(what) + ": too long");
            std::this_thread::sleep_for(std::chrono::seconds{1});
        }
    }

    void roll_up() {
        wait_until("roll-ups", [this] { return storage().at("marked_hours") == 0; });
    }

    // As the nights would have done it, a day at a time; then its partitions go.
    void close_days() {
        house_.settle_down(close_when_due);
        const auto last = to_ms_ / day_ms - close_when_due + 1;
        for (auto day = from_ms_ / day_ms; day < last; ++day)
            close_day(day);
        say("{} days are closed; waiting until their partitions are gone",
            last - from_ms_ / day_ms);
        wait_until("partitions", [this] { return storage().at("partitions_to_drop") == 0; });
        const auto now = storage();
        if (now.at("closed").at("days") != last - from_ms_ / day_ms)
            throw std::runtime_error("not all days could be closed");
        packed_until_ms_ = last * day_ms;
        const auto all = devices_.size() * frames_an_asset * values_a_frame;
        report_["values"] = all;
        report_["values_packed"] = now.at("closed").at("values");
        report_["values_hot"] = all - now.at("closed").at("values").get<std::size_t>();
        report_["bytes_a_packed_value"] = now.at("closed").at("bytes_a_value");
        report_["assets"] = devices_.size();
    }

    void close_day(std::int64_t day) const {
        try {
            house_.tool({"storage", "close", instant_text(day * day_ms).substr(0, 10)});
        } catch (const std::runtime_error&) {
            // By night the server closes them by itself and may have been quicker; what counts is
            // how many are closed in the end.
        }
    }

    [[nodiscard]] std::string raw(std::size_t asset, std::int64_t to_ms) const {
        return fmt::format("/api/v1/assets/{}/observations?from={}&to={}&limit=1000",
                           asset_code(asset), instant_text(to_ms - day_ms), instant_text(to_ms));
    }
    [[nodiscard]] std::string hourly(std::size_t asset) const {
        return fmt::format("/api/v1/assets/{}/observations?from={}&to={}&bucket=1h&limit=1000",
                           asset_code(asset), instant_text(from_ms_), instant_text(to_ms_));
    }

    // An answer that lacks rows would be quick.
    void check(Asking& asking) const {
        const auto points = [](const std::string& text) {
            std::size_t count = 0;
            for (const auto& series : json::parse(text).at("series"))
                count += series.at("points").size();
            return count;
        };
        const std::size_t day = values_a_frame * day_ms / step_ms;
        const std::size_t asset = devices_.size() / 2;
        if (points(asking.get(raw(asset, to_ms_))) != day ||
            points(asking.get(raw(asset, packed_until_ms_ - day_ms / 2))) != day ||
            points(asking.get(hourly(asset))) != values_a_frame * days_of_past * 24)
            throw std::runtime_error("history lacks rows");
    }

    [[nodiscard]] std::size_t questions_a_round() const {
        return std::max<std::size_t>(1, options_.questions / question_rounds);
    }
    Answers ask(Asking& asking, std::size_t questions) {
        Answers answers;
        const Meter meter(house_.watch());
        std::uniform_int_distribution<std::size_t> any_asset(0, devices_.size() - 1);
        std::uniform_int_distribution<std::int64_t> any_end(from_ms_ + day_ms, packed_until_ms_);
        const auto timed = [&asking](Latency& latency, const std::string& target) {
            const auto began = HistoryClock::now();
            (void)asking.get(target);
            latency.add(HistoryClock::now() - began);
        };
        for (std::size_t i = 0; i < questions; ++i) {
            timed(answers.hot, raw(any_asset(random_), to_ms_));
            timed(answers.packed, raw(any_asset(random_), any_end(random_)));
            timed(answers.hourly, hourly(any_asset(random_)));
        }
        answers.spent = meter.spent();
        return answers;
    }

    std::vector<Answers> ask_in_rounds(Asking& asking) {
        std::vector<Answers> rounds;
        for (std::size_t number = 0; number < question_rounds; ++number)
            rounds.push_back(ask(asking, questions_a_round()));
        return rounds;
    }

    // As in `ingest`: the best size of transactions, median of rounds.
    double measure_limit() {
        Limit limit({.app_url = house_.url("vigie_app"),
                     .super_url = house_.url("vigie"),
                     .layout = 1,
                     .seconds = options_.mode.seconds,
                     .watch = house_.watch()});
        std::vector<double> rates;
        std::vector<Spent> spent;
        for (int number = 0; number < limit_rounds; ++number) {
            const auto figures = limit.frames();
            rates.push_back(figures.values_per_s);
            spent.push_back(figures.spent);
        }
        add_phase(report_, "L", spent);
        limit.checkpoint();
        return median(rates);
    }

    void under_load(Asking& asking) {
        const double most = measure_limit();
        const double wanted = load_share_of_limit * most;
        const double rate = wanted / static_cast<double>(values_a_frame);
        DeviceLoad load(house_.port("device_mqtt"), devices_);
        (void)load.at_rate(rate, milliseconds{0}, milliseconds{1'000}, load_together);
        const auto before = load.acknowledged_in_all();
        const auto began = HistoryClock::now();
        std::jthread loading([&](const std::stop_token& stop) {
            // In stretches, so that the load ends soon after the last question is answered.
            while (!stop.stop_requested())
                (void)load.at_rate(rate, milliseconds{0}, load_stretch, load_together);
        });
        const auto rounds = ask_in_rounds(asking);
        loading.request_stop();
        loading.join();
        // Whole, the ends of stretches included: what came in, not what could have.
        const double seconds = std::chrono::duration<double>(HistoryClock::now() - began).count();
        const double got =
            static_cast<double>((load.acknowledged_in_all() - before) * values_a_frame) / seconds;
        add_phase(report_, "loaded", spent_of(rounds));
        auto& loaded = report_["loaded"] = json_of(rounds);
        loaded["limit_values_per_s"] = most;
        loaded["limit_rounds"] = limit_rounds;
        loaded["wanted_values_per_s"] = wanted;
        loaded["values_per_s"] = got;
        loaded["limit_share"] = got / most;
        if (got < load_kept_min * wanted)
            add_flaw(loaded, fmt::format("{:.2f} L came in, {:.2f} was wanted", got / most,
                                         load_share_of_limit));
        tell(fmt::format("while {} values/s come in ({:.2f} L; L {}, median of {})", grouped(got),
                         got / most, grouped(most), limit_rounds),
             loaded);
    }

    void tell(const std::string& when, const json& answers) const {
        const auto both = [&](const char* what) {
            const auto& ms = answers.at(what);
            return fmt::format("p50 {:.2f}, p99 {:.2f} ms ({:.2f} to {:.2f})",
                               ms.at("p50").get<double>(), ms.at("p99").get<double>(),
                               ms.at("p99_min").get<double>(), ms.at("p99_max").get<double>());
        };
        say("{}, median of {}: 24 hours raw, hot {}; packed {}; 30 days by the hour {}", when,
            question_rounds, both("raw_24h_hot_ms"), both("raw_24h_packed_ms"),
            both("hourly_30d_ms"));
    }

    int finish() {
        report_["questions"] = question_rounds * questions_a_round();
        report_["load_average_after"] = load_average();
        say("{} values, {} of them hot and {} packed; one connection, one question after the "
            "other; {}",
            grouped(report_["values"].get<double>()), grouped(report_["values_hot"].get<double>()),
            grouped(report_["values_packed"].get<double>()), sentence_of_phases(report_));
        if (options_.mode.json) std::cout << report_.dump(2) << std::endl;
        return tell_flaws(report_["loaded"]);
    }

    HistoryOptions options_;
    House house_;
    std::vector<Device> devices_;
    std::int64_t from_ms_{};
    std::int64_t to_ms_{};
    std::int64_t packed_until_ms_{};
    std::mt19937_64 random_{1};
    json report_;
};

}  // namespace

int run_history(const HistoryOptions& options) {
    History history(options);
    return history.run();
}

}  // namespace vigie::bench
