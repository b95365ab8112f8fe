#include "vigie/wire/mqtt/client_connection.hpp"

#include <algorithm>
#include <utility>

namespace vigie::wire::mqtt {

namespace {

std::string_view told_reason(const PropertyView& properties) {
    return properties.text(PropertyId::reason_string).value_or(std::string_view{});
}

}  // namespace

ClientConnection::ClientConnection(const Connect& connect, const Properties& properties,
                                   const ClientLimits& limits)
    : limits_(limits),
      version_(connect.version),
      inbound_(connect.version, limits.receive_max),
      outbound_(limits.in_flight_max),
      keep_alive_s_(connect.keep_alive_s) {
    Properties all = properties;
    Connect packet = connect;
    if (version_ == Version::v5) {
        all.number(PropertyId::receive_maximum, limits.receive_max)
            .number(PropertyId::maximum_packet_size, limits.packet_bytes_max);
        packet.properties = all.view();
    }
    encode(packet, output_);
}

ClientEvent ClientConnection::next(std::string_view input, std::size_t& consumed) {
    while (state_ != State::closed) {
        const auto frame = next_frame(input.substr(consumed), limits_.packet_bytes_max);
        if (!frame) return fail(frame.error());
        if (!*frame) break;
        consumed += (*frame)->bytes;
        const auto packet = decode(**frame, version_);
        if (!packet) return fail(packet.error());
        if (auto event = on_packet(*packet)) return *std::move(event);
    }
    return {};
}

std::optional<ClientEvent> ClientConnection::on_packet(const Packet& packet) {
    const auto* connack = std::get_if<Connack>(&packet);
    // [MQTT-3.2.0-1] [MQTT-3.2.0-2] first, and once.
    if ((state_ == State::asked) != (connack != nullptr)) {
        return fail({Reason::protocol_error, "CONNACK out of place"});
    }
    if (connack != nullptr) return on_connack(*connack);
    if (const auto* publish = std::get_if<Publish>(&packet)) return on_publish(*publish);
    if (const auto* ack = std::get_if<Ack>(&packet)) return on_ack(*ack);
    if (const auto* suback = std::get_if<Suback>(&packet)) {
        const auto tag = outbound_.finish(suback->packet_id, Outbound::Awaits::suback);
        if (!tag) return fail({Reason::protocol_error, "SUBACK of nothing"});
        return ClientEvent{GrantedEvent{*tag, suback->reasons}};
    }
    if (const auto* unsuback = std::get_if<Unsuback>(&packet)) {
        const auto tag = outbound_.finish(unsuback->packet_id, Outbound::Awaits::unsuback);
        if (!tag) return fail({Reason::protocol_error, "UNSUBACK of nothing"});
        return ClientEvent{GrantedEvent{*tag, unsuback->reasons}};
    }
    if (std::holds_alternative<Pingresp>(packet)) return ClientEvent{PongEvent{}};
    const auto* goodbye = std::get_if<Disconnect>(&packet);
    // 3.1.1 has no DISCONNECT from the server.
    if (goodbye == nullptr || version_ != Version::v5) {
        return fail({Reason::protocol_error, "a packet that servers do not send"});
    }
    state_ = State::closed;
    return ClientEvent{ServerGoodbyeEvent{goodbye->reason, told_reason(goodbye->properties)}};
}

ClientEvent ClientConnection::on_connack(const Connack& connack) {
    if (is_failure(connack.reason)) {
        state_ = State::closed;
        return ConnackEvent{connack};
    }
    state_ = State::connected;
    const auto number = [&connack](PropertyId id, std::uint32_t otherwise) {
        return connack.properties.number(id).value_or(otherwise);
    };
    const std::uint32_t window = number(PropertyId::receive_maximum, 65'535);
    outbound_.set_window(std::min<std::size_t>(window, limits_.in_flight_max));
    server_packet_bytes_max_ = number(PropertyId::maximum_packet_size, 0);
    server_retains_ = number(PropertyId::retain_available, 1) != 0;
    server_qos_max_ = static_cast<Qos>(number(PropertyId::maximum_qos, 2));
    // [MQTT-3.1.2-21]
    keep_alive_s_ =
        static_cast<std::uint16_t>(number(PropertyId::server_keep_alive, keep_alive_s_));
    return ConnackEvent{connack};
}

std::optional<ClientEvent> ClientConnection::on_publish(const Publish& publish) {
    // No alias was allowed, so each message has its topic.
    if (publish.topic.empty() || publish.properties.find(PropertyId::topic_alias)) {
        return fail({Reason::topic_alias_invalid, "a topic alias where none is allowed"});
    }
    if (publish.qos == Qos::at_most_once) return ClientEvent{MessageEvent{publish, 0}};
    const auto taken = inbound_.take(publish);
    if (taken.arrival == Inbound::Arrival::over_limit) {
        return fail({Reason::receive_maximum_exceeded, "more than the receive maximum"});
    }
    inbound_.write_ready({version_, true, server_packet_bytes_max_}, output_);
    if (taken.arrival == Inbound::Arrival::duplicate) return std::nullopt;
    return ClientEvent{MessageEvent{publish, taken.handle}};
}

std::optional<ClientEvent> ClientConnection::on_ack(const Ack& ack) {
    std::optional<std::uint64_t> tag;
    switch (ack.type) {
        case PacketType::puback:
            tag = outbound_.finish(ack.packet_id, Outbound::Awaits::puback);
            break;
        case PacketType::pubcomp:
            tag = outbound_.finish(ack.packet_id, Outbound::Awaits::pubcomp);
            break;
        case PacketType::pubrec: {
            if (is_failure(ack.reason)) {
                tag = outbound_.finish(ack.packet_id, Outbound::Awaits::pubrec);
                break;
            }
            const bool known = outbound_.received(ack.packet_id);
            const Reason reason = known ? Reason::success : Reason::packet_identifier_not_found;
            encode(Ack{PacketType::pubrel, ack.packet_id, reason}, version_, output_);
            return std::nullopt;
        }
        default:
            encode(Ack{PacketType::pubcomp, ack.packet_id, inbound_.release(ack.packet_id)},
                   version_, output_);
            return std::nullopt;
    }
    if (!tag) return std::nullopt;
    return ClientEvent{AnsweredEvent{*tag, ack.reason, told_reason(ack.properties)}};
}

ClientConnection::Sent ClientConnection::publish(Publish message, std::uint64_t tag) {
    if (state_ != State::connected || message.qos > server_qos_max_) return Sent::refused;
    if ((message.retain && !server_retains_) || !fits(encoded_bytes(message, version_))) {
        return Sent::refused;
    }
    if (message.qos != Qos::at_most_once) {
        const auto awaits =
            message.qos == Qos::at_least_once ? Outbound::Awaits::puback : Outbound::Awaits::pubrec;
        const auto packet_id = outbound_.begin(awaits, tag);
        if (!packet_id) return Sent::window_full;
        message.packet_id = *packet_id;
    }
    encode(message, version_, output_);
    return Sent::sent;
}

ClientConnection::Sent ClientConnection::subscribe(std::vector<Subscription> subscriptions,
                                                   std::uint64_t tag) {
    if (state_ != State::connected) return Sent::refused;
    const auto packet_id = outbound_.begin(Outbound::Awaits::suback, tag);
    if (!packet_id) return Sent::window_full;
    encode(Subscribe{*packet_id, std::move(subscriptions), {}}, version_, output_);
    return Sent::sent;
}

ClientConnection::Sent ClientConnection::unsubscribe(std::vector<std::string_view> filters,
                                                     std::uint64_t tag) {
    if (state_ != State::connected) return Sent::refused;
    const auto packet_id = outbound_.begin(Outbound::Awaits::unsuback, tag);
    if (!packet_id) return Sent::window_full;
    encode(Unsubscribe{*packet_id, std::move(filters), {}}, version_, output_);
    return Sent::sent;
}

bool ClientConnection::complete(PacketHandle handle, Reason reason) {
    if (state_ != State::connected || !inbound_.complete(handle, reason, {})) return false;
    inbound_.write_ready({version_, true, server_packet_bytes_max_}, output_);
    return true;
}

void ClientConnection::ping() {
    if (state_ == State::connected) encode(Pingreq{}, version_, output_);
}

void ClientConnection::disconnect(Reason reason) {
    if (state_ != State::connected) return;
    encode(Disconnect{reason, {}}, version_, output_);
    state_ = State::closed;
}

ClientEvent ClientConnection::fail(const Fault& fault) {
    if (state_ == State::connected && version_ == Version::v5) disconnect(fault.reason);
    state_ = State::closed;
    return ServerFaultEvent{fault};
}

}  // namespace vigie::wire::mqtt
