// How the client gets its connection: address, socket, TLS, CONNECT, CONNACK.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "net/mqtt_client_impl.hpp"

namespace vigie::net {

namespace asio = boost::asio;
namespace mqtt = wire::mqtt;

namespace {

constexpr auto answered_tuple = asio::as_tuple(asio::use_awaitable);

base::Error unreachable(const std::string& why) {
    return base::fail(base::Errc::unavailable, "no MQTT connection: " + why,
                      "pas de connexion MQTT : " + why);
}

base::Errc meaning_of(mqtt::Reason reason) {
    switch (reason) {
        case mqtt::Reason::bad_user_name_or_password:
        case mqtt::Reason::bad_authentication_method:
            return base::Errc::unauthenticated;
        case mqtt::Reason::not_authorized:
        case mqtt::Reason::banned:
            return base::Errc::forbidden;
        default:
            return base::Errc::unavailable;
    }
}

}  // namespace

asio::awaitable<base::Result<MqttConnected>> MqttClient::Impl::connect(
    MqttClientSettings settings) {
    const auto self = shared_from_this();
    if (connecting_ || machine_) co_return unreachable("already connected or connecting");
    connecting_ = true;
    refused_with.reset();
    auto opened = co_await open_stream(settings);
    if (opened) opened = co_await shake_hands(settings);
    if (!opened) {
        connecting_ = false;
        if (stream_) stream_->close();
        co_return std::move(opened).error();
    }
    begin(settings);
    auto connected = co_await await_connack(settings.client_id);
    connecting_ = false;
    if (!connected) {
        if (stream_) stream_->close();
        machine_.reset();
        co_return connected;
    }
    established_ = true;
    watch_keep_alive();
    asio::co_spawn(executor_, read_loop(), MqttTellFailure{"a client's connection"});
    co_return connected;
}

asio::awaitable<base::Result<void>> MqttClient::Impl::open_stream(
    const MqttClientSettings& settings) {
    const auto [failed, addresses] = co_await resolver_.async_resolve(
        settings.host, std::to_string(settings.port), answered_tuple);
    if (failed || released_) co_return unreachable(failed.message());
    stream_ = std::make_shared<MqttStream>(MqttStream::Socket{executor_});
    const auto [refused, endpoint] =
        co_await asio::async_connect(stream_->socket(), addresses, answered_tuple);
    if (refused || released_) co_return unreachable(refused.message());
    boost::system::error_code ignored;
    stream_->socket().set_option(asio::ip::tcp::no_delay{true}, ignored);
    co_return base::Result<void>{};
}

asio::awaitable<base::Result<void>> MqttClient::Impl::shake_hands(
    const MqttClientSettings& settings) {
    if (settings.ca_file.empty()) co_return base::Result<void>{};
    try {
        tls_ = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
        tls_->load_verify_file(settings.ca_file);
        tls_->set_verify_mode(asio::ssl::verify_peer);
        tls_->set_verify_callback(asio::ssl::host_name_verification{settings.host});
        if (!settings.certificate_file.empty()) {
            tls_->use_certificate_chain_file(settings.certificate_file);
            tls_->use_private_key_file(settings.private_key_file, asio::ssl::context::pem);
        }
    } catch (const boost::system::system_error& error) {
        co_return unreachable(error.what());
    }
    MqttStream::Socket socket = std::move(stream_->socket());
    stream_ = std::make_shared<MqttStream>(std::move(socket), *tls_);
    SSL_set_tlsext_host_name(stream_->tls()->native_handle(), settings.host.c_str());
    const auto [failed] =
        co_await stream_->tls()->async_handshake(asio::ssl::stream_base::client, answered_tuple);
    if (failed || released_) co_return unreachable(failed.message());
    co_return base::Result<void>{};
}

void MqttClient::Impl::begin(const MqttClientSettings& settings) {
    mqtt::Connect connect{.version = settings.version,
                          .clean_start = settings.clean_start,
                          .keep_alive_s = settings.keep_alive_s,
                          .client_id = settings.client_id};
    if (settings.user_name) connect.user_name = *settings.user_name;
    if (settings.password) connect.password = *settings.password;
    mqtt::Properties will_properties;
    if (settings.will) {
        const MqttClientWill& will = *settings.will;
        if (will.delay_s != 0) {
            will_properties.number(mqtt::PropertyId::will_delay_interval, will.delay_s);
        }
        connect.will = mqtt::Will{.topic = will.topic,
                                  .payload = will.payload,
                                  .qos = will.qos,
                                  .retain = will.retain,
                                  .properties = will_properties.view()};
    }
    mqtt::Properties properties;
    if (settings.session_expiry_s != 0) {
        properties.number(mqtt::PropertyId::session_expiry_interval, settings.session_expiry_s);
    }
    const mqtt::ClientLimits limits{
        .receive_max = settings.receive_max,
        .packet_bytes_max = static_cast<std::uint32_t>(settings.packet_bytes_max),
        .in_flight_max = settings.in_flight_max};
    machine_ = std::make_unique<Machine>(connect, properties, limits);
    queued_max_ = settings.queued_max;
    input_.clear();
    writing_.clear();
    written_ = 0;
    write_pending_ = false;
    pong_due_ = false;
    flush();
}

asio::awaitable<base::Result<MqttConnected>> MqttClient::Impl::await_connack(
    std::string client_id) {
    for (;;) {
        const auto space = input_.space();
        const auto [failed, count] = co_await stream_->async_read_some(
            asio::buffer(space.data(), space.size()), answered_tuple);
        if (failed || released_) co_return unreachable(failed.message());
        input_.commit(count);
        std::size_t consumed = 0;
        const mqtt::ClientEvent event = machine_->next(input_.unread(), consumed);
        if (std::holds_alternative<std::monostate>(event)) continue;
        const auto* connack = std::get_if<mqtt::ConnackEvent>(&event);
        if (connack == nullptr) co_return unreachable("the peer does not speak MQTT");
        auto answer = welcomed(connack->connack, std::move(client_id));
        input_.consume(consumed);
        co_return answer;
    }
}

base::Result<MqttConnected> MqttClient::Impl::welcomed(const mqtt::Connack& connack,
                                                       std::string client_id) {
    const auto& properties = connack.properties;
    if (mqtt::is_failure(connack.reason)) {
        refused_with = connack.reason;
        const std::string why{
            properties.text(mqtt::PropertyId::reason_string)
                .value_or("reason " + std::to_string(static_cast<unsigned>(connack.reason)))};
        return base::fail(meaning_of(connack.reason), "the MQTT server refused: " + why,
                          "le serveur MQTT a refusé : " + why);
    }
    const auto number = [&properties](mqtt::PropertyId id, std::uint32_t otherwise) {
        return properties.number(id).value_or(otherwise);
    };
    using Id = mqtt::PropertyId;
    const auto assigned = properties.text(Id::assigned_client_identifier);
    return MqttConnected{
        .session_present = connack.session_present,
        .client_id = assigned ? std::string{*assigned} : std::move(client_id),
        .keep_alive_s = machine_->keep_alive_s(),
        .receive_max = static_cast<std::uint16_t>(number(Id::receive_maximum, 65'535)),
        .packet_bytes_max = number(Id::maximum_packet_size, 0),
        .retain_available = number(Id::retain_available, 1) != 0};
}

asio::awaitable<void> MqttClient::Impl::disconnect(mqtt::Reason reason) {
    const auto self = shared_from_this();
    if (!is_connected()) co_return;
    const auto stream = stream_;
    const auto ours = [this, &stream] { return established_ && stream_ == stream; };
    // What was queued goes first, as far as the window lets it.
    while (ours() && (!queue_.empty() || write_pending_ || flush_scheduled_)) {
        co_await drained_.async_wait(answered_tuple);
    }
    if (!ours()) co_return;
    machine_->disconnect(reason);
    flush();
    while (ours() && write_pending_)
        co_await drained_.async_wait(answered_tuple);
    if (ours()) end(std::nullopt);
}

}  // namespace vigie::net
