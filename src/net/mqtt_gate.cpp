#include "net/mqtt_gate.hpp"

#include <utility>

namespace vigie::net {

namespace {

// One household or firm has a whole /64 of IPv6: counting single addresses would count nothing.
std::string network_of(const boost::asio::ip::address& peer) {
    const auto text = [](const auto& bytes, std::size_t count) {
        return std::string(reinterpret_cast<const char*>(bytes.data()), count);
    };
    if (peer.is_v4()) return text(peer.to_v4().to_bytes(), 4);
    const auto bytes = peer.to_v6().to_bytes();
    if (!peer.to_v6().is_v4_mapped()) return text(bytes, 8);
    return text(bytes, bytes.size()).substr(12);
}

}  // namespace

std::unique_ptr<MqttGate::Pass> MqttGate::enter(const boost::asio::ip::address& peer) {
    std::string network = network_of(peer);
    const std::lock_guard lock(mutex_);
    if (connections_ >= limits_.connections_max || strangers_ >= limits_.strangers_max) {
        return nullptr;
    }
    const auto present = networks_.find(network);
    const std::size_t there = present == networks_.end() ? 0 : present->second.strangers;
    if (there >= limits_.strangers_per_address_max) return nullptr;
    auto pass = std::make_unique<Pass>(shared_from_this(), network);
    ++networks_[std::move(network)].strangers;
    ++strangers_;
    ++connections_;
    return pass;
}

void MqttGate::forget_stranger(Pass& pass) {
    if (!std::exchange(pass.stranger_, false)) return;
    --strangers_;
    const auto place = networks_.find(pass.network_);
    if (pass.held_) --place->second.held;
    if (--place->second.strangers == 0) networks_.erase(place);
}

void MqttGate::known(Pass& pass) {
    const std::lock_guard lock(mutex_);
    forget_stranger(pass);
}

bool MqttGate::hold(Pass& pass) {
    const std::lock_guard lock(mutex_);
    if (!pass.stranger_ || pass.held_) return pass.held_;
    Network& network = networks_[pass.network_];
    if (network.held >= limits_.held_per_address_max) return false;
    ++network.held;
    pass.held_ = true;
    return true;
}

void MqttGate::leave(Pass& pass) {
    const std::lock_guard lock(mutex_);
    forget_stranger(pass);
    --connections_;
}

}  // namespace vigie::net
