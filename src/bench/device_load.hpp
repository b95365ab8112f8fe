// The load: devices that speak MQTT 3.1.1 over real sockets, all on one thread.
//
// It must cost little beside the server it drives, so its packets are made beforehand and only the
// packet identifier, the time and the digits of the values are changed in them. What it does is
// what a device does: QoS 1, a window of unacknowledged messages, in order.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/latency.hpp"

namespace vigie::bench {

struct Device {
    std::string client_id;
    std::string user_name;
    std::string password;
    std::vector<std::string> topics;  // of its assets, spoken for in turn
};

// Whether so many messages are the rate that was intended.
[[nodiscard]] constexpr bool keeps_up(double acknowledged, double intended) {
    return acknowledged > 0.98 * intended;
}

struct LoadFigures {
    std::uint64_t acknowledged{};  // within the measured time
    std::uint64_t sent_in_all{};   // warm-up and end included
    double seconds{};
    std::uint64_t arrived{};  // within the measured time, see follow()
    Latency puback;
    bool kept_up{true};  // open loop: the intended rate was reached
};

class DeviceLoad {
public:
    // Connects all of them and waits until each is accepted; throws std::runtime_error.
    DeviceLoad(std::uint16_t port, const std::vector<Device>& devices);
    ~DeviceLoad();
    DeviceLoad(const DeviceLoad&) = delete;
    DeviceLoad& operator=(const DeviceLoad&) = delete;

    // Every device keeps `window` messages unacknowledged. Latency from the write to the PUBACK.
    LoadFigures saturate(std::size_t window, std::chrono::milliseconds warm_up,
                         std::chrono::milliseconds measured);
    // `rate` messages a second, whatever comes back: latency from the instant at which a message
    // should have left. `together`: how many a device sends at once, as a gateway does.
    LoadFigures at_rate(double rate, std::chrono::milliseconds warm_up,
                        std::chrono::milliseconds measured, std::size_t together = 1);

    // After the server went away between two loads: the same devices, each on a connection of its
    // own again, and it knows what it said.
    void reconnect(std::uint16_t port, const std::vector<Device>& devices);

    // As saturate(), but each device sends the last `window` messages of its own again and again,
    // value for value: what follows an outage.
    LoadFigures repeat(std::size_t window, std::chrono::milliseconds warm_up,
                       std::chrono::milliseconds measured);

    // Each device says what it saw, four values every `step`, `count` times for each asset, all
    // devices in step: a past. As fast as it is taken.
    void recall(std::int64_t first_ms, std::int64_t step_ms, std::size_t count, std::size_t window);

    // What is sent arrives somewhere, and what counts is that: the load sends at most `ahead_max`
    // messages more than `arrived()` says, and figures tell how many arrived.
    void follow(std::function<std::uint64_t()> arrived, std::uint64_t ahead_max);
    // Hears of each message: the number of its asset, its time, and the instant at which it should
    // have left. On the thread of the load.
    using Sent =
        std::function<void(std::size_t, std::int64_t, std::chrono::steady_clock::time_point)>;
    void on_sent(Sent listener);

    [[nodiscard]] std::uint64_t acknowledged_in_all() const;
    [[nodiscard]] std::uint64_t sent_in_all() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vigie::bench
