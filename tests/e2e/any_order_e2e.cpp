// The whole path: any interleaving of messages in every format and by every way in, duplicates,
// kills of the server and closings of days gives the tables that the sorted set gives. From a seed
// that is printed; VIGIE_ANY_ORDER_SEED plays one again.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <map>
#include <random>

#include "tests/e2e/support/device.hpp"
#include "vigie/base/time.hpp"

namespace vigie::e2e {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using wire::mqtt::Qos;
using wire::mqtt::Version;

constexpr std::size_t asset_count = 6;
constexpr std::size_t distinct_messages = 1'200;
constexpr std::size_t copied_messages = 400;
constexpr int rounds = 6;
constexpr int oldest_day = 6;  // days ago
constexpr int newest_day = 2;
constexpr std::size_t properties = 4;
constexpr std::array<const char*, properties> codes{"power_w", "burning_hours_h", "lamp_on",
                                                    "fault"};
constexpr std::array<const char*, 4> faults{"none", "lamp_failure", "driver_failure",
                                            "supply_loss"};
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr seconds silence_limit{60};

using Values = std::array<double, properties>;

struct Observation {
    std::size_t asset{};
    std::int64_t at_ms{};
    Values values{nothing, nothing, nothing, nothing};
};

enum class Form { native, ndjson, senml };

struct Message {
    std::vector<Observation> observations;
    Form form{};
    bool by_http{};
    Version version{};
    Qos qos{};
    bool acknowledged{};
};

using Key = std::pair<std::size_t, std::int64_t>;

std::string asset_code(std::size_t number) {
    return fmt::format("LP-{}", number);
}

std::string shown(std::size_t property, double value) {
    if (property == 2) return value != 0 ? "true" : "false";
    if (property == 3) return fmt::format("\"{}\"", faults[static_cast<std::size_t>(value)]);
    return fmt::format("{:.1f}", value);
}

std::string native(const Observation& one, bool names_asset) {
    std::string values;
    for (std::size_t i = 0; i < properties; ++i) {
        if (std::isnan(one.values[i])) continue;
        values += fmt::format(R"({}"{}":{})", values.empty() ? "" : ",", codes[i],
                              shown(i, one.values[i]));
    }
    const std::string asset =
        names_asset ? fmt::format(R"("asset":"{}",)", asset_code(one.asset)) : "";
    return fmt::format(R"({{{}"t":{},"values":{{{}}}}})", asset, one.at_ms, values);
}

std::string senml(const std::vector<Observation>& all) {
    constexpr std::array<const char*, properties> value_labels{"v", "v", "vb", "vs"};
    std::string records;
    for (const auto& one : all) {
        bool first = true;
        for (std::size_t i = 0; i < properties; ++i) {
            if (std::isnan(one.values[i])) continue;
            const std::string base =
                first ? fmt::format(R"("bn":"{}/","bt":{}.{:03},)", asset_code(one.asset),
                                    one.at_ms / 1'000, one.at_ms % 1'000)
                      : "";
            records += fmt::format(R"({}{{{}"n":"{}","{}":{}}})", records.empty() ? "" : ",", base,
                                   codes[i], value_labels[i], shown(i, one.values[i]));
            first = false;
        }
    }
    return "[" + records + "]";
}

std::string body_of(const Message& message) {
    const auto& all = message.observations;
    if (message.form == Form::senml) return senml(all);
    std::string text;
    for (const auto& one : all) {
        if (!text.empty()) text += message.form == Form::ndjson ? "\n" : ",";
        text += native(one, message.by_http);
    }
    return message.form == Form::native && all.size() > 1 ? "[" + text + "]" : text;
}

const char* content_type(Form form) {
    if (form == Form::ndjson) return "application/x-ndjson";
    return form == Form::senml ? "application/senml+json" : "application/json";
}

// An installation with the assets, and a device of each way in.
struct City {
    City() {
        installation.start();
        std::vector<std::string> all;
        for (std::size_t i = 0; i < asset_count; ++i)
            all.push_back(asset_code(i));
        installation.plant("light_point", all);
        gateway = installation.credential(
            {{"name", "gateway"}, {"all_assets", true}, {"may_backfill", true}});
        session = installation.sign_in("operator");
    }

    [[nodiscard]] unsigned post(const std::string& body, const char* type) const {
        const std::string who = gateway.user_name + ":" + gateway.password;
        return exchange(
                   installation.device_http(),
                   {.method = "POST",
                    .target = "/ingest/v1/observations",
                    .body = body,
                    .headers = {{"Content-Type", type}, {"Authorization", "Basic " + base64(who)}}})
            .status;
    }

    // Every roll-up is computed after a start.
    void settle() {
        EXPECT_EQ(installation.stop(), 0);
        installation.start();
        const auto settled = [this] {
            return installation.sql("select count(*) from rollup_dirty")[0][0].as<int>() == 0 &&
                   installation.figure("vigie_spool_bytes") == 0;
        };
        EXPECT_TRUE(until(settled, silence_limit));
    }

    // What the API says of an asset: all series, page after page.
    [[nodiscard]] std::map<std::string, json> series(std::size_t asset, const std::string& query) {
        std::map<std::string, json> found;
        std::string cursor;
        do {
            const auto answer =
                exchange(installation.control(), {.target = "/api/v1/assets/" + asset_code(asset) +
                                                            "/observations?" + query + cursor,
                                                  .headers = session});
            EXPECT_EQ(answer.status, 200U) << answer.body;
            const json body = answer.json();
            for (const auto& one : body.at("series")) {
                auto& points = found[one.at("property")];
                for (const auto& point : one.at("points"))
                    points.push_back(point);
            }
            cursor = body.contains("next")
                         ? "&cursor=" + percent_encoded(body.at("next").get<std::string>())
                         : "";
        } while (!cursor.empty());
        return found;
    }

    // Every byte of the roll-ups.
    [[nodiscard]] std::string rollups() const {
        const auto rows = installation.sql(
            "select count(*) || ':' || md5(string_agg(concat_ws(' ', code, day, counts, mins, "
            "maxs, sums, lasts, encode(body, 'hex')), ',' order by code, day)) from rollup join "
            "asset on asset.id = asset_id");
        return rows[0][0].as<std::string>();
    }

    Installation installation;
    Secrets gateway;
    std::map<std::string, std::string> session;
};

class AnyOrder : public testing::Test {
protected:
    int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(random_); }

    // Few keys and few values, so that they meet.
    Observation any_observation(std::size_t asset) {
        Observation one{.asset = asset};
        const int day = newest_day + below(oldest_day - newest_day + 1);
        const auto at = today_ - std::chrono::days{day} + std::chrono::hours{5 + below(4)} +
                        std::chrono::minutes{10 * below(6)};
        one.at_ms = base::epoch_ms(at) + below(2);
        while (std::ranges::all_of(one.values, [](double v) { return std::isnan(v); })) {
            one.values = {below(3) > 0 ? below(200) / 2.0 : nothing,
                          below(3) > 0 ? static_cast<double>(below(5)) : nothing,
                          below(3) > 0 ? static_cast<double>(below(2)) : nothing,
                          below(3) > 0 ? static_cast<double>(below(4)) : nothing};
        }
        return one;
    }

    Message any_message() {
        Message message;
        message.form = static_cast<Form>(below(3));
        message.by_http = below(3) == 0;
        message.version = below(2) == 0 ? Version::v3_1_1 : Version::v5;
        message.qos = below(2) == 0 ? Qos::at_least_once : Qos::exactly_once;
        const auto any_asset = [this] { return static_cast<std::size_t>(below(asset_count)); };
        const std::size_t asset = any_asset();
        for (int left = 1 + below(5); left > 0; --left)
            message.observations.push_back(any_observation(message.by_http ? any_asset() : asset));
        return message;
    }

    void make_messages() {
        for (std::size_t i = 0; i < distinct_messages; ++i) {
            messages_.push_back(any_message());
            for (const auto& one : messages_.back().observations) {
                const auto [cell, is_new] = expected_.try_emplace({one.asset, one.at_ms}, one);
                for (std::size_t p = 0; p < properties; ++p)
                    cell->second.values[p] = std::fmax(cell->second.values[p], one.values[p]);
            }
        }
        // Again, by another way.
        for (std::size_t i = 0; i < copied_messages; ++i) {
            Message copy = messages_[static_cast<std::size_t>(below(distinct_messages))];
            copy.version = below(2) == 0 ? Version::v3_1_1 : Version::v5;
            copy.qos = below(2) == 0 ? Qos::at_least_once : Qos::exactly_once;
            messages_.push_back(copy);
        }
        std::ranges::shuffle(messages_, random_);
    }

    using Clients = std::map<std::pair<Version, Qos>, std::unique_ptr<net::MqttClient>>;

    Clients connect(boost::asio::io_context& io, std::size_t& open) {
        Clients clients;
        for (const auto version : {Version::v3_1_1, Version::v5}) {
            for (const auto qos : {Qos::at_least_once, Qos::exactly_once}) {
                net::MqttClientSettings settings;
                settings.port = tried_.installation.mqtt_port();
                settings.version = version;
                settings.client_id = fmt::format("gateway-{}", clients.size());
                settings.user_name = tried_.gateway.user_name;
                settings.password = tried_.gateway.password;
                auto client = std::make_unique<net::MqttClient>(io.get_executor());
                EXPECT_TRUE(run_to_end(io, client->connect(settings)).ok());
                client->on_closed([&open](auto) { --open; });
                ++open;
                clients[{version, qos}] = std::move(client);
            }
        }
        return clients;
    }

    // Sends them all at once; with a kill after so many answers, what has none by then has none.
    void send(const std::vector<std::size_t>& chosen, std::size_t kill_after) {
        boost::asio::io_context io(1);
        std::size_t open = 0;
        std::size_t unanswered = 0;
        std::size_t answered = 0;
        auto clients = connect(io, open);
        for (const std::size_t number : chosen) {
            Message& message = messages_[number];
            if (message.by_http) continue;
            const std::string topic =
                Device::topic_of(asset_code(message.observations.front().asset));
            const std::string payload = body_of(message);
            ++unanswered;
            const auto heard = [&](const net::MqttAcknowledgement& answer) {
                --unanswered;
                if (answer.lost) return;
                EXPECT_TRUE(answer.ok()) << answer.text << " " << payload;
                message.acknowledged = answer.ok();
                if (++answered == kill_after) kill(tried_.installation.server_pid(), SIGKILL);
            };
            EXPECT_TRUE((clients[{message.version, message.qos}]->publish_soon(
                {.topic = topic, .payload = payload, .qos = message.qos}, heard)));
        }
        // HTTP crosses them, one request after the other.
        std::jthread poster([&] {
            for (const std::size_t number : chosen) {
                Message& message = messages_[number];
                if (!message.by_http) continue;
                const auto status = tried_.post(body_of(message), content_type(message.form));
                EXPECT_TRUE(status == 200 || (status == 0 && kill_after > 0)) << status;
                message.acknowledged = status == 200;
            }
        });
        io.restart();
        while (unanswered > 0 && open > 0)
            io.run_one();
        poster.join();
        if (kill_after == 0) return;
        ASSERT_GE(answered, kill_after) << "it was not killed";
        ASSERT_TRUE(tried_.installation.wait_until_dead(seconds{60}));
        tried_.installation.start();
    }

    [[nodiscard]] std::vector<std::size_t> unacknowledged(std::size_t below_number) const {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < below_number; ++i) {
            if (!messages_[i].acknowledged) found.push_back(i);
        }
        return found;
    }

    void close_a_day(int days_ago) {
        const std::string day =
            base::to_rfc3339(today_ - std::chrono::days{days_ago}).substr(0, 10);
        Program close({VIGIE_PROGRAMS "/vigie", "--socket",
                       (tried_.installation.folder() / "admin.sock").string(), "storage", "close",
                       day});
        EXPECT_EQ(close.wait(seconds{60}), 0) << day;
    }

    void play() {
        // An older day is closed early, and much comes late for it.
        std::vector<int> days{oldest_day, oldest_day - 1, oldest_day - 2};
        std::ranges::shuffle(days, random_);
        for (int round = 1; round <= rounds; ++round) {
            auto chosen =
                unacknowledged(messages_.size() * static_cast<std::size_t>(round) / rounds);
            std::ranges::shuffle(chosen, random_);
            const bool kills = round % 2 == 1;
            send(chosen, kills ? static_cast<std::size_t>(1 + below(100)) : 0);
            if (HasFatalFailure()) return;
            if (!kills && !days.empty()) {
                close_a_day(days.back());
                days.pop_back();
            }
        }
        send(unacknowledged(messages_.size()), 0);
        EXPECT_TRUE(unacknowledged(messages_.size()).empty());
    }

    // What must come of it, in order, once.
    void send_sorted() {
        std::vector<Observation> sorted;
        for (const auto& [key, cell] : expected_)
            sorted.push_back(cell);
        std::ranges::sort(sorted, {}, &Observation::at_ms);
        std::string lines;
        for (std::size_t i = 0; i < sorted.size(); ++i) {
            lines += native(sorted[i], true) + "\n";
            if (i % 200 != 199 && i + 1 < sorted.size()) continue;
            ASSERT_EQ(plain_.post(lines, "application/x-ndjson"), 200U);
            lines.clear();
        }
    }

    void compare() {
        const std::string range =
            fmt::format("limit=500&property={}&from={}&to={}", fmt::join(codes, ","),
                        percent_encoded(base::to_rfc3339(today_ - std::chrono::days{oldest_day})),
                        percent_encoded(base::to_rfc3339(today_)));
        for (std::size_t asset = 0; asset < asset_count; ++asset) {
            SCOPED_TRACE(asset_code(asset));
            std::map<std::string, json> wanted;
            for (const auto& [key, cell] : expected_) {
                if (key.first != asset) continue;
                for (std::size_t p = 0; p < properties; ++p) {
                    if (!std::isnan(cell.values[p]))
                        wanted[codes[p]].push_back(
                            {key.second, json::parse(shown(p, cell.values[p]))});
                }
            }
            EXPECT_EQ(tried_.series(asset, range), wanted);
            EXPECT_EQ(plain_.series(asset, range), wanted);
            for (const char* bucket : {"15m", "1h", "1d"}) {
                const std::string question = fmt::format(
                    "limit=500&bucket={}&from={}&to={}", bucket,
                    percent_encoded(base::to_rfc3339(today_ - std::chrono::days{oldest_day})),
                    percent_encoded(base::to_rfc3339(today_)));
                EXPECT_EQ(tried_.series(asset, question), plain_.series(asset, question)) << bucket;
            }
        }
        EXPECT_EQ(tried_.rollups(), plain_.rollups());
        EXPECT_EQ(tried_.installation.sql("select count(*) from quarantine")[0][0].as<int>(), 0);
    }

    void verify_storage() {
        Program verify({VIGIE_PROGRAMS "/vigie", "--socket",
                        (tried_.installation.folder() / "admin.sock").string(), "storage", "verify",
                        "--all"});
        EXPECT_EQ(verify.wait(seconds{60}), 0);
    }

    City tried_;
    City plain_;
    base::Instant today_ = std::chrono::floor<std::chrono::days>(base::SystemClock{}.now());
    std::mt19937_64 random_;
    std::vector<Message> messages_;
    std::map<Key, Observation> expected_;
};

TEST_F(AnyOrder, OfEveryFormatAndWayGivesTheTablesOfTheSortedSet) {
    const char* given = std::getenv("VIGIE_ANY_ORDER_SEED");
    const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
    std::cout << "VIGIE_ANY_ORDER_SEED=" << seed << std::endl;
    SCOPED_TRACE(fmt::format("VIGIE_ANY_ORDER_SEED={}", seed));
    random_.seed(seed);
    make_messages();
    play();
    if (HasFatalFailure()) return;
    send_sorted();
    if (HasFatalFailure()) return;
    EXPECT_GT(tried_.installation.sql("select count(*) from frame_late")[0][0].as<int>(), 0)
        << "nothing came late for a closed day";
    EXPECT_GT(tried_.installation.sql("select count(*) from chunk")[0][0].as<int>(), 0);
    tried_.settle();
    plain_.settle();
    compare();
    verify_storage();
}

}  // namespace
}  // namespace vigie::e2e
