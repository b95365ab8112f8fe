#include "vigie/wire/mqtt/server_connection.hpp"

#include <algorithm>
#include <utility>

#include "wire/mqtt/bytes.hpp"

namespace vigie::wire::mqtt {

namespace {

// The greatest CONNACK of accept(), rounded up.
constexpr std::uint32_t connack_bytes_max = 80;

// What follows the fixed header of a packet that is not whole, or too large to become so.
std::string_view body_so_far(std::string_view packet) {
    for (std::size_t i = 1; i < fixed_header_bytes_max && i < packet.size(); ++i) {
        if ((static_cast<unsigned char>(packet[i]) & 0x80U) == 0) return packet.substr(i + 1);
    }
    return {};
}

constexpr std::string_view too_many_filters = "too many topic filters in one packet";

// How to speak to a client whose CONNECT could not be read: by the level it claims.
std::optional<Version> claimed_version(std::string_view body) {
    constexpr std::string_view name{"\0\4MQTT", 6};
    constexpr std::string_view old_name{"\0\6MQIsdp", 8};
    if (body.starts_with(old_name)) return Version::v3_1_1;
    if (!body.starts_with(name) || body.size() <= name.size()) return std::nullopt;
    return static_cast<unsigned char>(body[name.size()]) < 5 ? Version::v3_1_1 : Version::v5;
}

}  // namespace

ServerConnection::ServerConnection(const ServerLimits& limits)
    : limits_(limits),
      inbound_(Version::v3_1_1, limits.receive_max),
      outbound_(limits.in_flight_max) {}

ServerEvent ServerConnection::next(std::string_view input, std::size_t& consumed) {
    while (state_ == State::fresh || (state_ == State::connected && !is_full())) {
        const std::uint32_t bytes_max =
            state_ == State::fresh ? std::min(limits_.connect_bytes_max, limits_.packet_bytes_max)
                                   : limits_.packet_bytes_max;
        const auto frame = next_frame(input.substr(consumed), bytes_max);
        if (!frame) return refuse_frame(input.substr(consumed), frame.error());
        if (!*frame) break;
        consumed += (*frame)->bytes;
        if (auto event = on_frame(**frame)) return *std::move(event);
    }
    return {};
}

ServerEvent ServerConnection::refuse_frame(std::string_view input, const Fault& fault) {
    const bool is_connect = !input.empty() && static_cast<unsigned char>(input[0]) == 0x10;
    if (state_ != State::fresh || !is_connect || fault.reason != Reason::packet_too_large) {
        return fail(fault);
    }
    refuse_malformed(body_so_far(input), fault);
    return FaultEvent{fault};
}

std::optional<ServerEvent> ServerConnection::on_frame(const Frame& frame) {
    if (state_ == State::fresh) return on_connect(frame);
    if (frame.type == PacketType::publish) return on_publish(frame);
    // [MQTT-3.1.0-2]
    if (frame.type == PacketType::connect) {
        return fail({Reason::protocol_error, "a second CONNECT"});
    }
    const auto packet = decode(frame, version_);
    if (!packet) return fail(packet.error());
    return on_packet(*packet);
}

std::optional<ServerEvent> ServerConnection::on_connect(const Frame& frame) {
    // [MQTT-3.1.0-1] Whoever does not begin with CONNECT does not speak MQTT: no answer.
    if (frame.type != PacketType::connect) {
        return fail({Reason::protocol_error, "the first packet is not CONNECT"});
    }
    const auto packet = decode(frame, Version::v5);
    if (!packet) {
        refuse_malformed(frame.body, packet.error());
        return ServerEvent{FaultEvent{packet.error()}};
    }
    const Connect& connect = std::get<Connect>(*packet);
    version_ = connect.version;
    state_ = State::asked;
    take_settings(connect);
    if (const auto fault = wrong_connect(connect)) {
        refuse(fault->reason, fault->why);
        return ServerEvent{FaultEvent{*fault}};
    }
    return ServerEvent{ConnectEvent{connect}};
}

std::optional<Fault> ServerConnection::wrong_connect(const Connect& connect) const {
    // [MQTT-3.1.3-8] of 3.1.1: without an identifier there is no session to come back to.
    if (version_ == Version::v3_1_1 && connect.client_id.empty() && !connect.clean_start) {
        return Fault{Reason::client_identifier_not_valid,
                     "a session needs a client identifier of its own"};
    }
    if (connect.client_id.size() > limits_.client_id_bytes_max) {
        return Fault{Reason::client_identifier_not_valid, "the client identifier is too long"};
    }
    if (version_ != Version::v5) return std::nullopt;
    // [MQTT-3.1.2-24] Its own welcome would be too large for it.
    if (client_packet_bytes_max_ != 0 && client_packet_bytes_max_ < connack_bytes_max) {
        return Fault{Reason::packet_too_large, "packets of 80 bytes must be taken here"};
    }
    // [MQTT-3.2.2-13]
    if (connect.will && connect.will->retain) {
        return Fault{Reason::retain_not_supported, "no message is retained here"};
    }
    if (connect.properties.find(PropertyId::authentication_method)) {
        return Fault{Reason::bad_authentication_method, "no such authentication method"};
    }
    return std::nullopt;
}

void ServerConnection::take_settings(const Connect& connect) {
    const auto number = [&connect](PropertyId id, std::uint32_t otherwise) {
        return connect.properties.number(id).value_or(otherwise);
    };
    const bool v5 = version_ == Version::v5;
    inbound_ = Inbound{version_, limits_.receive_max};
    const std::uint32_t window = number(PropertyId::receive_maximum, 65'535);
    outbound_.set_window(std::min<std::size_t>(window, limits_.in_flight_max));
    client_packet_bytes_max_ = number(PropertyId::maximum_packet_size, 0);
    with_texts_ = number(PropertyId::request_problem_information, 1) != 0;
    keep_alive_asked_s_ = connect.keep_alive_s;
    keep_alive_s_ = connect.keep_alive_s;
    const bool longer = keep_alive_s_ == 0 || keep_alive_s_ > limits_.keep_alive_s_max;
    // 3.1.1 cannot be told another keep-alive, so its own holds.
    if (v5 && limits_.keep_alive_s_max != 0 && longer) keep_alive_s_ = limits_.keep_alive_s_max;
    // Clean session 0 asks for a session without end.
    const std::uint32_t endless = connect.clean_start ? 0 : 0xFFFF'FFFF;
    session_expiry_asked_s_ = v5 ? number(PropertyId::session_expiry_interval, 0) : endless;
    session_expiry_s_ = std::min(session_expiry_asked_s_, limits_.session_expiry_s_max);
}

void ServerConnection::accept(const Acceptance& acceptance) {
    if (state_ != State::asked) return;
    state_ = State::connected;
    inbound_.restore(acceptance.received_qos2);
    if (acceptance.packet_bytes_max != 0) {
        limits_.packet_bytes_max = std::min(limits_.packet_bytes_max, acceptance.packet_bytes_max);
    }
    Properties properties;
    if (version_ == Version::v5) {
        if (session_expiry_s_ != session_expiry_asked_s_) {
            properties.number(PropertyId::session_expiry_interval, session_expiry_s_);
        }
        properties.number(PropertyId::receive_maximum, limits_.receive_max)
            .number(PropertyId::retain_available, 0)
            .number(PropertyId::maximum_packet_size, limits_.packet_bytes_max);
        // [MQTT-3.2.2-16]
        if (!acceptance.assigned_client_id.empty()) {
            properties.text(PropertyId::assigned_client_identifier, acceptance.assigned_client_id);
        }
        properties.number(PropertyId::topic_alias_maximum, limits_.topic_alias_max)
            .number(PropertyId::subscription_identifier_available, 0)
            .number(PropertyId::shared_subscription_available, 0);
        if (keep_alive_s_ != keep_alive_asked_s_) {
            properties.number(PropertyId::server_keep_alive, keep_alive_s_);
        }
    }
    encode(Connack{acceptance.session_present, Reason::success, properties.view()}, version_,
           output_);
}

void ServerConnection::refuse(Reason reason, std::string_view text) {
    if (state_ == State::closed) return;
    state_ = State::closed;
    Properties properties;
    if (!text.empty()) {
        properties.text(PropertyId::reason_string, clipped_text(text));
    }
    // [MQTT-3.2.2-6] no session with a refusal.
    const std::size_t before = output_.size();
    encode(Connack{false, reason, properties.view()}, version_, output_);
    // [MQTT-3.2.2-19]
    if (is_too_large(output_.size() - before)) {
        output_.resize(before);
        encode(Connack{false, reason}, version_, output_);
    }
}

void ServerConnection::refuse_malformed(std::string_view body, const Fault& fault) {
    const auto version = claimed_version(body);
    state_ = version ? State::asked : State::closed;
    if (!version) return;
    version_ = *version;
    // 3.1.1 has a word for the version only; otherwise it is closed without one.
    if (version_ == Version::v3_1_1 && fault.reason != Reason::unsupported_protocol_version) {
        state_ = State::closed;
        return;
    }
    refuse(fault.reason, fault.why);
}

std::optional<Fault> ServerConnection::resolve_alias(Publish& publish) {
    const auto alias = publish.properties.number(PropertyId::topic_alias);
    if (!alias) {
        if (!publish.topic.empty()) return std::nullopt;
        return Fault{Reason::protocol_error, "neither a topic nor a topic alias"};
    }
    // [MQTT-3.3.2-9]
    if (*alias > limits_.topic_alias_max) {
        return Fault{Reason::topic_alias_invalid, "a topic alias beyond the topic alias maximum"};
    }
    if (aliases_.size() <= *alias) aliases_.resize(std::size_t{*alias} + 1);
    std::string& topic = aliases_[*alias];
    if (!publish.topic.empty()) topic = publish.topic;
    if (topic.empty()) return Fault{Reason::protocol_error, "an unknown topic alias"};
    publish.topic = topic;
    return std::nullopt;
}

std::optional<ServerEvent> ServerConnection::on_publish(const Frame& frame) {
    auto publish = decode_publish(frame, version_);
    if (!publish) return fail(publish.error());
    if (version_ == Version::v5) {
        if (const auto fault = resolve_alias(*publish)) return fail(*fault);
        // [MQTT-3.2.2-14]
        if (publish->retain) {
            return fail({Reason::retain_not_supported, "no message is retained here"});
        }
        // [MQTT-3.3.4-6]
        if (publish->properties.find(PropertyId::subscription_identifier)) {
            return fail({Reason::protocol_error, "a subscription identifier from a client"});
        }
    }
    if (publish->qos == Qos::at_most_once) return ServerEvent{PublishEvent{*publish, 0}};
    const auto taken = inbound_.take(*publish);
    switch (taken.arrival) {
        case Inbound::Arrival::fresh:
            return ServerEvent{PublishEvent{*publish, taken.handle}};
        case Inbound::Arrival::duplicate:
            inbound_.write_ready(style(), output_);
            return std::nullopt;
        default:
            return fail({Reason::receive_maximum_exceeded, "more than the receive maximum"});
    }
}

std::optional<ServerEvent> ServerConnection::on_packet(const Packet& packet) {
    if (const auto* ack = std::get_if<Ack>(&packet)) return on_ack(*ack);
    if (const auto* subscribe = std::get_if<Subscribe>(&packet)) return on_subscribe(*subscribe);
    if (const auto* unsubscribe = std::get_if<Unsubscribe>(&packet)) {
        return on_unsubscribe(*unsubscribe);
    }
    if (std::holds_alternative<Pingreq>(packet)) {
        encode(Pingresp{}, version_, output_);  // [MQTT-3.12.4-1]
        return std::nullopt;
    }
    if (const auto* disconnect = std::get_if<Disconnect>(&packet)) {
        return on_disconnect(*disconnect);
    }
    return fail({Reason::protocol_error, "a packet that clients do not send"});
}

std::optional<ServerEvent> ServerConnection::on_ack(const Ack& ack) {
    switch (ack.type) {
        case PacketType::puback: {
            const auto tag = outbound_.finish(ack.packet_id, Outbound::Awaits::puback);
            // Of a connection before this one, perhaps: nothing is sent again here.
            if (!tag) return std::nullopt;
            return ServerEvent{DeliveredEvent{*tag, ack.reason}};
        }
        case PacketType::pubrel:
            return ServerEvent{ReleaseEvent{ack.packet_id, inbound_.release(ack.packet_id)}};
        case PacketType::pubrec:
            // No message of QoS 2 goes out; an identifier of nothing is released at once.
            encode(Ack{PacketType::pubrel, ack.packet_id, Reason::packet_identifier_not_found},
                   version_, output_);
            return std::nullopt;
        default:
            return std::nullopt;
    }
}

std::optional<ServerEvent> ServerConnection::on_subscribe(const Subscribe& subscribe) {
    if (subscribe.subscriptions.size() > limits_.filters_per_packet_max) {
        return fail({Reason::quota_exceeded, too_many_filters});
    }
    if (version_ == Version::v5) {
        if (subscribe.properties.find(PropertyId::subscription_identifier)) {
            return fail({Reason::subscription_identifiers_not_supported,
                         "subscription identifiers are not available here"});
        }
        for (const Subscription& one : subscribe.subscriptions) {
            if (!one.filter.starts_with("$share/")) continue;
            return fail({Reason::shared_subscriptions_not_supported,
                         "shared subscriptions are not available here"});
        }
    }
    return ServerEvent{SubscribeEvent{subscribe}};
}

std::optional<ServerEvent> ServerConnection::on_unsubscribe(const Unsubscribe& unsubscribe) {
    if (unsubscribe.filters.size() > limits_.filters_per_packet_max) {
        return fail({Reason::quota_exceeded, too_many_filters});
    }
    return ServerEvent{UnsubscribeEvent{unsubscribe}};
}

std::optional<ServerEvent> ServerConnection::on_disconnect(const Disconnect& disconnect) {
    const auto expiry = disconnect.properties.number(PropertyId::session_expiry_interval);
    // [MQTT-3.14.2-2] is for us; a client may only change what was not 0.
    if (expiry && *expiry != 0 && session_expiry_asked_s_ == 0) {
        return fail({Reason::protocol_error, "a session without expiry cannot get one now"});
    }
    if (expiry) session_expiry_s_ = std::min(*expiry, limits_.session_expiry_s_max);
    state_ = State::closed;
    return ServerEvent{DisconnectEvent{disconnect.reason, disconnect.reason != Reason::success}};
}

ServerEvent ServerConnection::fail(const Fault& fault) {
    if (state_ == State::connected) disconnect(fault.reason, fault.why);
    state_ = State::closed;
    return FaultEvent{fault};
}

void ServerConnection::disconnect(Reason reason, std::string_view text) {
    if (state_ != State::connected) return;
    state_ = State::closed;
    if (version_ != Version::v5) return;
    Properties properties;
    if (!text.empty()) {
        properties.text(PropertyId::reason_string, clipped_text(text));
    }
    const std::size_t before = output_.size();
    encode(Disconnect{reason, properties.view()}, version_, output_);
    // [MQTT-3.14.2-3]
    if (!is_too_large(output_.size() - before)) return;
    output_.resize(before);
    encode(Disconnect{reason}, version_, output_);
}

AckStyle ServerConnection::style() const {
    return {version_, with_texts_, client_packet_bytes_max_};
}

bool ServerConnection::complete(PacketHandle handle, Reason reason, std::string_view text) {
    if (state_ != State::connected || !inbound_.complete(handle, reason, text)) return false;
    inbound_.write_ready(style(), output_);
    return true;
}

void ServerConnection::suback(std::uint16_t packet_id, std::vector<Reason> reasons) {
    answer(Suback{packet_id, std::move(reasons)});
}

void ServerConnection::unsuback(std::uint16_t packet_id, std::vector<Reason> reasons) {
    answer(Unsuback{packet_id, std::move(reasons)});
}

void ServerConnection::pubcomp(std::uint16_t packet_id, Reason reason) {
    if (state_ == State::connected)
        encode(Ack{PacketType::pubcomp, packet_id, reason}, version_, output_);
}

template <typename T>
void ServerConnection::answer(const T& packet) {
    if (state_ != State::connected) return;
    const std::size_t before = output_.size();
    encode(packet, version_, output_);
    if (!is_too_large(output_.size() - before)) return;
    // [MQTT-3.1.2-24] Whoever asks for so much at once must be able to take the answer.
    output_.resize(before);
    disconnect(Reason::packet_too_large, "the answer would be too large for you");
}

ServerConnection::Sent ServerConnection::deliver(Publish message, std::uint64_t tag) {
    if (state_ != State::connected) return Sent::too_large;
    // [MQTT-3.1.2-24]
    if (client_packet_bytes_max_ != 0 && is_too_large(encoded_bytes(message, version_))) {
        return Sent::too_large;
    }
    if (message.qos != Qos::at_most_once) {
        message.qos = Qos::at_least_once;
        // [MQTT-3.3.4-9]
        const auto packet_id = outbound_.begin(Outbound::Awaits::puback, tag);
        if (!packet_id) return Sent::window_full;
        message.packet_id = *packet_id;
    }
    encode(message, version_, output_);
    return Sent::sent;
}

std::optional<std::chrono::milliseconds> ServerConnection::silence_max() const {
    if (keep_alive_s_ == 0) return std::nullopt;
    return std::chrono::milliseconds{keep_alive_s_ * 1'500};
}

}  // namespace vigie::wire::mqtt
