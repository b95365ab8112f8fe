#include "tests/e2e/support/device.hpp"

#include <stdexcept>

namespace vigie::e2e {

Device::Device(std::uint16_t port, const Secrets& secrets, wire::mqtt::Version version,
               const std::string& client_id)
    : client_(std::make_unique<net::MqttClient>(io_.get_executor())) {
    net::MqttClientSettings settings;
    settings.port = port;
    settings.version = version;
    settings.client_id = client_id;
    settings.user_name = secrets.user_name;
    settings.password = secrets.password;
    settings.queued_max = 100'000;
    settings.in_flight_max = 1'000;
    const auto connected = run_to_end(io_, client_->connect(settings));
    if (!connected) throw std::runtime_error(client_id + ": " + connected.error().detail.en);
}

net::MqttAcknowledgement Device::publish(const Message& message, wire::mqtt::Qos qos) {
    return run_to_end(io_, client_->publish(message.topic, message.payload, qos));
}

std::vector<net::MqttAcknowledgement> Device::publish_all(const std::vector<Message>& messages) {
    std::vector<net::MqttAcknowledgement> bad;
    std::size_t answered = 0;
    for (const auto& [topic, payload] : messages) {
        const wire::mqtt::Publish publication{
            .topic = topic, .payload = payload, .qos = wire::mqtt::Qos::at_least_once};
        const bool taken = client_->publish_soon(
            publication, [&](const net::MqttAcknowledgement& acknowledgement) {
                if (!acknowledgement.ok()) bad.push_back(acknowledgement);
                ++answered;
            });
        if (!taken) throw std::runtime_error("the client's queue is full");
    }
    io_.restart();
    while (answered < messages.size())
        io_.run_one();
    return bad;
}

}  // namespace vigie::e2e
