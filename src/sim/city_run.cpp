#include "sim/city_run.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

namespace vigie::sim {

namespace asio = boost::asio;

namespace {

constexpr std::size_t in_flight_max = 100;
constexpr std::uint16_t keep_alive_s = 120;

net::MqttClientSettings client_settings(const CityRunSettings& settings, const Login& login,
                                        std::size_t number) {
    net::MqttClientSettings client;
    client.host = settings.host;
    client.port = settings.port;
    client.ca_file = settings.ca_file;
    // A city has both: old controllers and new ones.
    client.version = number % 2 == 0 ? wire::mqtt::Version::v5 : wire::mqtt::Version::v3_1_1;
    client.client_id = login.name;
    client.user_name = login.username;
    client.password = login.password;
    client.keep_alive_s = keep_alive_s;
    client.in_flight_max = in_flight_max;
    client.queued_max = in_flight_max;
    return client;
}

std::string refusal(const base::Error& error) {
    return nlohmann::json{{"ok", false}, {"error", error.detail.en}}.dump();
}

}  // namespace

CityRun::CityRun(asio::any_io_executor executor, const base::Clock& clock, const Fleet& fleet,
                 const std::vector<Login>& logins, const CityRunSettings& settings)
    : executor_(std::move(executor)),
      clock_(clock),
      sim_clock_(clock.now(), settings.city_start.value_or(clock.now()), settings.speed),
      connections_per_second_(std::max(1, settings.connections_per_second)),
      gateway_of_(fleet.devices.size(), nullptr),
      engine_(fleet, settings.engine, sim_clock_.to_city(clock.now()),
              [this](const Report& report) { say(report); }) {
    std::unordered_map<std::string_view, std::size_t> devices;
    for (std::size_t i = 0; i < fleet.devices.size(); ++i) {
        devices.emplace(fleet.devices[i].code, i);
        topics_.push_back("vigie/v1/" + fleet.devices[i].code + "/observations");
    }
    for (const Login& login : logins) {
        gateways_.push_back(
            std::make_unique<Gateway>(executor_, client_settings(settings, login, gateways_.size()),
                                      settings.retry_first, settings.engine.seed, counts_));
        for (const std::string& code : login.assets) {
            if (const auto at = devices.find(code); at != devices.end())
                gateway_of_[at->second] = gateways_.back().get();
        }
    }
    unplayed_ =
        static_cast<std::size_t>(std::count(gateway_of_.begin(), gateway_of_.end(), nullptr));
}

void CityRun::start() {
    for (std::size_t i = 0; i < gateways_.size(); ++i) {
        const std::chrono::milliseconds delay{1'000 * i /
                                              static_cast<std::size_t>(connections_per_second_)};
        asio::co_spawn(executor_, gateways_[i]->run(delay), asio::detached);
    }
}

void CityRun::advance() {
    engine_.advance_to(sim_clock_.to_city(clock_.now()));
}

void CityRun::say(const Report& report) {
    Gateway* gateway = gateway_of_[report.device];
    if (gateway == nullptr) return;
    ++reports_;
    gateway->say(topics_[report.device],
                 payload_of(sim_clock_.to_real(report.at), report.readings));
}

std::size_t CityRun::unsettled() const {
    std::size_t sum = 0;
    for (const auto& gateway : gateways_)
        sum += gateway->unsettled();
    return sum;
}

asio::awaitable<void> CityRun::stop(std::chrono::milliseconds limit) {
    asio::steady_timer timer(executor_);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    const auto waits = [](const auto& gateway) {
        return gateway->is_connected() && gateway->unsettled() > 0;
    };
    while (std::any_of(gateways_.begin(), gateways_.end(), waits) &&
           std::chrono::steady_clock::now() < deadline) {
        timer.expires_after(std::chrono::milliseconds{20});
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    for (const auto& gateway : gateways_)
        co_await gateway->stop();
}

std::string CityRun::obey(const std::string& line) {
    const auto order = nlohmann::json::parse(line, nullptr, false);
    const auto word = [&](const char* key) {
        return order.is_object() && order.contains(key) && order[key].is_string()
                   ? order[key].get<std::string>()
                   : std::string{};
    };
    if (word("do") == "status") return summary();
    const auto trouble = trouble_named(word("trouble"));
    if ((word("do") != "fail" && word("do") != "clear") || !trouble)
        return refusal(
            base::fail(base::Errc::invalid, "not an order: " + line, "pas un ordre : " + line));
    advance();
    const auto done = word("do") == "fail" ? engine_.fail(word("code"), *trouble)
                                           : engine_.clear(word("code"), *trouble);
    return done ? R"({"ok":true})" : refusal(done.error());
}

std::string CityRun::summary() const {
    return nlohmann::ordered_json{{"ok", true},
                                  {"gateways", gateways_.size()},
                                  {"connected", counts_.connected},
                                  {"reports", reports_},
                                  {"sent", counts_.sent},
                                  {"acked", counts_.acked},
                                  {"refused", counts_.refused},
                                  {"resent", counts_.resent},
                                  {"dropped", counts_.dropped},
                                  {"unsettled", unsettled()},
                                  {"connections_failed", counts_.connections_failed},
                                  {"last_refusal", counts_.last_refusal},
                                  {"failing", engine_.troubled()},
                                  {"city_time", base::to_rfc3339(engine_.now())}}
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace vigie::sim
