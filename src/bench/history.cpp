// vigie-bench history: what charts ask for, on a month of observations that the product itself
// took in, rolled up and packed.
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <random>
#include <thread>

#include "bench/limit_store.hpp"
#include "bench/modes.hpp"
#include "bench/report.hpp"
#include "bench/web_socket.hpp"
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
constexpr std::size_t warm_up_questions = 200;

std::int64_t history_now_ms() {
    return std::chrono::duration_cast<milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string instant_text(std::int64_t epoch_ms) {
    return base::to_rfc3339(base::from_epoch_ms(epoch_ms));
}

// A console's connection to the control door, one question after the other.
class Asking {
public:
    Asking(std::uint16_t port, std::string cookie)
        : port_(port), cookie_(std::move(cookie)), socket_(connected_to(port)) {}
    ~Asking() { close(socket_); }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

    // How many bytes the answer has; throws unless it is 200.
    std::string get(const std::string& target) {
        send_text(socket_,
                  fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {}\r\n\r\n", target,
                              port_, cookie_));
        std::string body;
        const std::string head = answer_head(socket_, &body);
        if (!head.starts_with("HTTP/1.1 200"))
            throw std::runtime_error(target + ": " + head + body);
        const auto size = length_of(head);
        while (body.size() < size) {
            bytes_.resize(size - body.size());
            const auto got = recv(socket_, bytes_.data(), bytes_.size(), 0);
            if (got <= 0) throw std::runtime_error("the control door hung up");
            body.append(bytes_.data(), static_cast<std::size_t>(got));
        }
        return body;
    }

private:
    static std::size_t length_of(std::string head) {
        std::ranges::transform(head, head.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        const auto at = head.find("content-length: ");
        if (at == std::string::npos) throw std::runtime_error("an answer without its length");
        return std::stoull(head.substr(at + 16));
    }

    std::uint16_t port_;
    std::string cookie_;
    int socket_;
    std::string bytes_;
};

struct Answers {
    Latency hot;     // 24 hours raw, the latest
    Latency packed;  // 24 hours raw, of days that are closed
    Latency hourly;  // 30 days by the hour

    [[nodiscard]] json as_json() const {
        return {{"raw_24h_hot_ms", json_of(hot)},
                {"raw_24h_packed_ms", json_of(packed)},
                {"hourly_30d_ms", json_of(hourly)}};
    }
};

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
        const Meter meter(house_.watch());
        const auto quiet = ask(asking, options_.questions);
        report_["quiet"] = quiet.as_json();
        report_["foreign_share"] = meter.spent().foreign_share;
        tell("quiet", quiet);
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

    Answers ask(Asking& asking, std::size_t questions) {
        Answers answers;
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
        return answers;
    }

    void under_load(Asking& asking) {
        Limit limit({.app_url = house_.url("vigie_app"),
                     .super_url = house_.url("vigie"),
                     .layout = 1,
                     .seconds = options_.mode.seconds});
        limit.checkpoint();
        const double most = limit.frames(4'000);
        limit.checkpoint();
        const double rate = load_share_of_limit * most / static_cast<double>(values_a_frame);
        DeviceLoad load(house_.port("device_mqtt"), devices_);
        (void)load.at_rate(rate, milliseconds{0}, milliseconds{1'000}, load_together);
        std::atomic<bool> done{false};
        LoadFigures figures;
        std::jthread loading([&] {
            // In short stretches, so that the load ends when the last question is answered.
            while (!done) {
                const auto one =
                    load.at_rate(rate, milliseconds{0}, milliseconds{1'000}, load_together);
                figures.acknowledged += one.acknowledged;
                figures.seconds += one.seconds;
            }
        });
        const Meter meter(house_.watch());
        const auto answers = ask(asking, options_.questions);
        done = true;
        loading.join();
        const auto spent = meter.spent();
        auto& loaded = report_["loaded"] = answers.as_json();
        const double got = static_cast<double>(figures.acknowledged) / figures.seconds;
        loaded["limit_values_per_s"] = most;
        loaded["wanted_values_per_s"] = load_share_of_limit * most;
        loaded["values_per_s"] = got * static_cast<double>(values_a_frame);
        loaded["foreign_share"] = spent.foreign_share;
        tell(fmt::format("while {} values/s come in ({:.2f} L)",
                         grouped(loaded["values_per_s"].get<double>()),
                         loaded["values_per_s"].get<double>() / most)
                 .c_str(),
             answers);
    }

    void tell(const char* when, const Answers& answers) const {
        const auto both = [](const Latency& latency) {
            return fmt::format("p50 {:.2f}, p99 {:.2f} ms", latency.percentile_ms(0.5),
                               latency.percentile_ms(0.99));
        };
        say("{}: 24 hours raw, hot {}; packed {}; 30 days by the hour {}", when, both(answers.hot),
            both(answers.packed), both(answers.hourly));
    }

    int finish() {
        report_["questions"] = options_.questions;
        report_["load_average_after"] = load_average();
        say("{} values, {} of them hot and {} packed; one connection, one question after the "
            "other; foreign load {:.0f} %",
            grouped(report_["values"].get<double>()), grouped(report_["values_hot"].get<double>()),
            grouped(report_["values_packed"].get<double>()),
            report_["foreign_share"].get<double>() * 100);
        if (options_.mode.json) std::cout << report_.dump(2) << std::endl;
        return 0;
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
