// What all connections of one endpoint share.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "net/mqtt_gate.hpp"
#include "net/mqtt_registry.hpp"
#include "vigie/net/mqtt_server.hpp"
#include "vigie/wire/mqtt/server_connection.hpp"

namespace vigie::net {

class MqttWorker;

// Counts the connections that live, for whoever waits until none does.
class MqttTally {
public:
    void enter() {
        const std::lock_guard lock(mutex_);
        ++count_;
    }
    void leave() {
        const std::lock_guard lock(mutex_);
        --count_;
        if (count_ == 0) changed_.notify_all();
    }
    [[nodiscard]] std::size_t count() const {
        const std::lock_guard lock(mutex_);
        return count_;
    }
    // False when the time was over first.
    bool wait_until_none(std::chrono::milliseconds limit) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [this] { return count_ == 0; });
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t count_{0};
};

struct MqttHub {
    MqttHub(MqttServerSettings settings_given, const base::Clock& clock_given,
            MqttHandler& handler_given);
    ~MqttHub();
    MqttHub(const MqttHub&) = delete;
    MqttHub& operator=(const MqttHub&) = delete;

    MqttServerSettings settings;
    wire::mqtt::ServerLimits limits;
    const base::Clock& clock;
    MqttHandler& handler;
    MqttCounters counters;
    MqttRegistry registry;
    MqttTally tally;
    std::shared_ptr<MqttGate> gate;
    // Of session rows: grows with every change of any, also when the clock is set back.
    std::atomic<std::uint64_t> last_revision{0};
    std::atomic<bool> stopping{false};
    std::vector<std::unique_ptr<MqttWorker>> workers;  // fixed before anything runs

    [[nodiscard]] std::uint64_t next_revision();
    // The worker of a connection; null when the name is nobody's.
    [[nodiscard]] MqttWorker* worker_of(MqttConnectionName connection) const;
};

[[nodiscard]] constexpr MqttConnectionName mqtt_connection_name(std::size_t worker,
                                                                std::size_t slot,
                                                                std::uint32_t generation) {
    return (static_cast<std::uint64_t>(worker + 1) << 56U) |
           (static_cast<std::uint64_t>(slot) << 32U) | generation;
}
[[nodiscard]] constexpr std::size_t mqtt_worker_of(MqttConnectionName name) {
    return static_cast<std::size_t>(name >> 56U) - 1;
}
[[nodiscard]] constexpr std::size_t mqtt_slot_of(MqttConnectionName name) {
    return static_cast<std::size_t>((name >> 32U) & 0xFF'FFFFU);
}
inline constexpr std::size_t mqtt_workers_max = 254;
inline constexpr std::size_t mqtt_slots_max = 1U << 24U;

}  // namespace vigie::net
