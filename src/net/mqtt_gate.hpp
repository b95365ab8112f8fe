// How many connections there may be, and how many of those whose client nobody knows yet: in all,
// and from one address. Thread-safe.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace vigie::net {

class MqttGate : public std::enable_shared_from_this<MqttGate> {
public:
    struct Limits {
        std::size_t connections_max{0};
        std::size_t strangers_max{0};
        std::size_t strangers_per_address_max{0};
        std::size_t held_per_address_max{0};
    };
    explicit MqttGate(Limits limits) : limits_(limits) {}

    // One connection's place, given back when this goes. Begins as a stranger.
    class Pass {
    public:
        Pass(std::shared_ptr<MqttGate> gate, std::string network)
            : gate_(std::move(gate)), network_(std::move(network)) {}
        ~Pass() { gate_->leave(*this); }
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;

        // It signed in.
        void known() { gate_->known(*this); }
        // It was wrong and is kept waiting for its answer. False: too many of its address are.
        [[nodiscard]] bool hold() { return gate_->hold(*this); }

    private:
        friend class MqttGate;
        std::shared_ptr<MqttGate> gate_;
        std::string network_;
        bool stranger_{true};
        bool held_{false};
    };
    // Null: one too many.
    [[nodiscard]] std::unique_ptr<Pass> enter(const boost::asio::ip::address& peer);

    [[nodiscard]] std::size_t connections() const {
        const std::lock_guard lock(mutex_);
        return connections_;
    }

private:
    struct Network {
        std::size_t strangers{0};
        std::size_t held{0};
    };
    void known(Pass& pass);
    bool hold(Pass& pass);
    void leave(Pass& pass);
    void forget_stranger(Pass& pass);

    const Limits limits_;
    mutable std::mutex mutex_;
    std::size_t connections_{0};
    std::size_t strangers_{0};
    std::unordered_map<std::string, Network> networks_;  // only those with strangers
};

}  // namespace vigie::net
