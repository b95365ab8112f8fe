// The load: devices that speak MQTT 3.1.1 over real sockets, all on one thread.
//
// It must cost little beside the server it drives, so its packets are made beforehand and only the
// packet identifier, the time and the digits of the values are changed in them. What it does is
// what a device does: QoS 1, a window of unacknowledged messages, in order.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/latency.hpp"

namespace vigie::bench {

struct Device {
    std::string client_id;
    std::string user_name;
    std::string password;
    std::string topic;
};

struct LoadFigures {
    std::uint64_t acknowledged{};  // within the measured time
    std::uint64_t sent_in_all{};   // warm-up and end included
    double seconds{};
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
    // should have left.
    LoadFigures at_rate(double rate, std::chrono::milliseconds warm_up,
                        std::chrono::milliseconds measured);

    // As saturate(), but each device sends the last `window` messages of its own again and again,
    // value for value: what follows an outage.
    LoadFigures repeat(std::size_t window, std::chrono::milliseconds warm_up,
                       std::chrono::milliseconds measured);

    [[nodiscard]] std::uint64_t acknowledged_in_all() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vigie::bench
