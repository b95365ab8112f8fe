#include "vigie/net/mqtt_handler.hpp"

namespace vigie::net {

MqttAdmission MqttHandler::change_subscriptions(MqttPrincipal& /*principal*/) {
    return MqttAdmission::accepted();
}

boost::asio::awaitable<std::optional<MqttStoredSession>> MqttHandler::load_session(
    std::string /*owner*/, std::string /*client_id*/) {
    co_return std::nullopt;
}

boost::asio::awaitable<void> MqttHandler::save_session(MqttStoredSession /*session*/) {
    co_return;
}

boost::asio::awaitable<void> MqttHandler::erase_session(std::string /*owner*/,
                                                        std::string /*client_id*/,
                                                        std::uint64_t /*revision*/) {
    co_return;
}

std::vector<MqttLeftWill> MqttHandler::left_wills() {
    return {};
}

void MqttHandler::forget_will(const MqttWillOrigin& /*origin*/) {}

}  // namespace vigie::net
