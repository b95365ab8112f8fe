// The generated city on the wire: the engine's reports, said by gateways over MQTT.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim/city_reader.hpp"
#include "sim/engine.hpp"
#include "sim/gateway.hpp"
#include "sim/sim_clock.hpp"
#include "vigie/base/time.hpp"

namespace vigie::sim {

struct CityRunSettings {
    std::string host{"127.0.0.1"};
    std::uint16_t port{1883};
    std::string ca_file;  // not empty: TLS
    double speed{1};
    std::optional<base::Instant> city_start;       // where the city's time begins; else now
    int connections_per_second{300};               // while they are first made
    std::chrono::milliseconds retry_first{1'000};  // doubles with each failed attempt, to a minute
    EngineSettings engine;
};

class CityRun {
public:
    // `clock` and `fleet` outlive it. Devices without a login are not played.
    CityRun(boost::asio::any_io_executor executor, const base::Clock& clock, const Fleet& fleet,
            const std::vector<Login>& logins, const CityRunSettings& settings);
    CityRun(const CityRun&) = delete;
    CityRun& operator=(const CityRun&) = delete;

    // Begins to connect. Gateways alternate between MQTT 5.0 and 3.1.1.
    void start();
    // Lets time come to the clock's now, and says what is due. Call it some ten times a second.
    void advance();
    // Gives what is open on connections `limit` to be acknowledged, then says goodbye on each.
    boost::asio::awaitable<void> stop(std::chrono::milliseconds limit);

    // An order of control.hpp, answered.
    [[nodiscard]] std::string obey(const std::string& line);
    // {"connections": ..., "sent": ..., ...}: one line of JSON.
    [[nodiscard]] std::string summary() const;
    [[nodiscard]] const WireCounts& counts() const { return counts_; }
    [[nodiscard]] std::size_t gateways() const { return gateways_.size(); }
    [[nodiscard]] std::size_t unplayed() const { return unplayed_; }
    [[nodiscard]] std::size_t unsettled() const;

private:
    void say(const Report& report);

    boost::asio::any_io_executor executor_;
    const base::Clock& clock_;
    SimClock sim_clock_;
    int connections_per_second_;
    WireCounts counts_;
    std::vector<std::unique_ptr<Gateway>> gateways_;
    std::vector<Gateway*> gateway_of_;  // by device; null: not played
    std::vector<std::string> topics_;   // by device
    std::size_t unplayed_{};
    std::uint64_t reports_{};
    Engine engine_;
};

}  // namespace vigie::sim
