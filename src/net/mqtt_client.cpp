#include "vigie/net/mqtt_client.hpp"

#include <utility>

#include "net/mqtt_client_impl.hpp"

namespace vigie::net {

namespace asio = boost::asio;

namespace {

// A coroutine begins only when it is awaited, and by then the client may be gone.
template <typename T, typename Owner>
asio::awaitable<T> kept_alive(std::shared_ptr<Owner> /*owner*/, asio::awaitable<T> work) {
    co_return co_await std::move(work);
}

}  // namespace

MqttClient::MqttClient(asio::any_io_executor executor)
    : impl_(std::make_shared<Impl>(std::move(executor))) {}

MqttClient::~MqttClient() {
    impl_->release();
}

void MqttClient::on_message(OnMessage callback) {
    impl_->on_message = std::move(callback);
}

void MqttClient::on_closed(OnClosed callback) {
    impl_->on_closed = std::move(callback);
}

asio::awaitable<base::Result<MqttConnected>> MqttClient::connect(MqttClientSettings settings) {
    return kept_alive(impl_, impl_->connect(std::move(settings)));
}

bool MqttClient::is_connected() const {
    return impl_->is_connected();
}

std::optional<wire::mqtt::Reason> MqttClient::refused_with() const {
    return impl_->refused_with;
}

bool MqttClient::publish_soon(const wire::mqtt::Publish& message, OnAcknowledged callback) {
    return impl_->publish(message, std::move(callback));
}

asio::awaitable<MqttAcknowledgement> MqttClient::publish(std::string topic, std::string payload,
                                                         wire::mqtt::Qos qos, bool retain) {
    return kept_alive(impl_,
                      impl_->publish_and_wait(std::move(topic), std::move(payload), qos, retain));
}

std::size_t MqttClient::open() const {
    return impl_->open();
}

std::size_t MqttClient::on_the_wire() const {
    return impl_->on_the_wire();
}

asio::awaitable<std::vector<wire::mqtt::Reason>> MqttClient::subscribe(
    std::vector<std::pair<std::string, wire::mqtt::Qos>> filters) {
    return kept_alive(impl_, impl_->subscribe(std::move(filters)));
}

asio::awaitable<std::vector<wire::mqtt::Reason>> MqttClient::unsubscribe(
    std::vector<std::string> filters) {
    return kept_alive(impl_, impl_->unsubscribe(std::move(filters)));
}

asio::awaitable<void> MqttClient::disconnect(wire::mqtt::Reason reason) {
    return kept_alive(impl_, impl_->disconnect(reason));
}

void MqttClient::abort() {
    impl_->end(std::nullopt);
}

}  // namespace vigie::net
