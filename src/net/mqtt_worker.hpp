// One io_context's share of the endpoint: its connections by name, and its clock's ticks. Members
// without a remark belong to the context's thread.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/mqtt_hub.hpp"
#include "net/mqtt_stream.hpp"

namespace vigie::net {

class MqttConnection;

class MqttWorker {
public:
    MqttWorker(boost::asio::io_context& context, std::size_t number, MqttHub& hub);
    ~MqttWorker();
    MqttWorker(const MqttWorker&) = delete;
    MqttWorker& operator=(const MqttWorker&) = delete;

    [[nodiscard]] boost::asio::io_context& context() const { return context_; }

    // Each keeps `hub` until the work is done. From any thread:
    void adopt(const std::shared_ptr<MqttHub>& hub, std::shared_ptr<MqttStream> stream);
    void complete(const std::shared_ptr<MqttHub>& hub, std::vector<MqttCompletion> completions);
    void resume(const std::shared_ptr<MqttHub>& hub);
    void deliver(const std::shared_ptr<MqttHub>& hub,
                 std::vector<MqttRegistry::Recipient> recipients,
                 std::shared_ptr<const MqttDelivery> delivery);
    void disconnect(const std::shared_ptr<MqttHub>& hub, MqttConnectionName connection,
                    wire::mqtt::Reason reason);
    void start_ticking(const std::shared_ptr<MqttHub>& hub);
    // Ask for the goodbye of all; cut what is left.
    void say_goodbye(const std::shared_ptr<MqttHub>& hub);
    void cut_all(const std::shared_ptr<MqttHub>& hub);
    // The last task of this endpoint here: release(), and `done` counts one less.
    void retire(const std::shared_ptr<MqttHub>& hub, std::shared_ptr<MqttTally> done);

    // Lets go of everything that belongs to the context: tasks that still wait somewhere else may
    // keep the hub longer than this context lives. Once; on its thread, or when it does not run.
    void release();

    // Null when it is gone.
    [[nodiscard]] std::shared_ptr<MqttConnection> find(MqttConnectionName name) const;
    void remove(MqttConnectionName name);
    // A will that is due; waits for room when there is none.
    void publish(MqttPendingWill will);
    // For a connection that waits for room.
    void add_paused(std::weak_ptr<MqttConnection> connection);

private:
    struct Slot {
        std::shared_ptr<MqttConnection> connection;
        std::uint32_t generation{1};
    };
    void begin(const std::shared_ptr<MqttHub>& hub, std::shared_ptr<MqttStream> stream);
    std::optional<std::size_t> free_slot();
    void apply(const std::vector<MqttCompletion>& completions);
    void tick(const std::shared_ptr<MqttHub>& hub);
    void expire_sessions(const std::shared_ptr<MqttHub>& hub, base::SteadyInstant now);
    bool offer(const MqttPendingWill& will);
    void offer_wills();
    void lose_wills();
    std::vector<std::shared_ptr<MqttConnection>> all() const;

    boost::asio::io_context& context_;
    std::size_t number_;
    MqttHub& hub_;
    std::optional<boost::asio::steady_timer> ticker_;  // empty once released
    std::vector<Slot> slots_;
    std::vector<std::size_t> free_;
    std::vector<std::weak_ptr<MqttConnection>> paused_;
    base::SteadyInstant expired_at_{};
    std::deque<MqttPendingWill> wills_;  // for which there was no room
    std::size_t wills_bytes_{0};
    std::atomic<bool> released_{false};
};

}  // namespace vigie::net
