#include <utility>

#include "vigie/wire/mqtt/packets.hpp"
#include "vigie/wire/mqtt/topic.hpp"
#include "wire/mqtt/bytes.hpp"
#include "wire/mqtt/reasons.hpp"

namespace vigie::wire::mqtt {

namespace {

std::unexpected<Fault> malformed(std::string_view why) {
    return std::unexpected(Fault{Reason::malformed_packet, why});
}

std::unexpected<Fault> broken_rule(std::string_view why) {
    return std::unexpected(Fault{Reason::protocol_error, why});
}

constexpr std::string_view cut_short = "the packet is cut short";
constexpr std::string_view bytes_left_over = "the packet is longer than what it says";

// 2.2.2: the flags of every packet but PUBLISH are fixed.
bool are_flags_valid(PacketType type, unsigned flags) {
    switch (type) {
        case PacketType::publish:
            return true;
        case PacketType::pubrel:
        case PacketType::subscribe:
        case PacketType::unsubscribe:
            return flags == 0x02;
        default:
            return flags == 0;
    }
}

Decoded<PropertyView> read_properties(Reader& reader, Version version, PropertyPlace place) {
    if (version != Version::v5) return PropertyView{};
    const std::uint32_t length = reader.variable();
    const std::string_view bytes = reader.bytes(length);
    if (!reader.ok()) return malformed("the property length is wrong");
    if (bytes.empty()) return PropertyView{};
    return PropertyView::checked(bytes, place);
}

struct Protocol {
    std::string_view name{};
    std::uint8_t level{0};
};

Decoded<Version> spoken_version(const Protocol& protocol) {
    if (protocol.name == "MQTT" && protocol.level == 4) return Version::v3_1_1;
    if (protocol.name == "MQTT" && protocol.level == 5) return Version::v5;
    // [MQTT-3.1.2-2]; MQIsdp is the name in 3.1.
    if (protocol.name == "MQTT" || protocol.name == "MQIsdp") {
        return std::unexpected(
            Fault{Reason::unsupported_protocol_version, "MQTT 3.1.1 and 5.0 are spoken here"});
    }
    return malformed("the protocol is not called MQTT");
}

Decoded<Will> read_will(Reader& reader, Version version, unsigned flags) {
    Will will{.qos = static_cast<Qos>((flags >> 3U) & 3U), .retain = (flags & 0x20U) != 0};
    const auto properties = read_properties(reader, version, PropertyPlace::will);
    if (!properties) return std::unexpected(properties.error());
    will.properties = *properties;
    will.topic = reader.field();
    will.payload = reader.field();
    if (!reader.ok()) return malformed(cut_short);
    if (!is_topic_name(will.topic)) return malformed("the will's topic is not a topic name");
    return will;
}

// [MQTT-3.1.2-3] to [MQTT-3.1.2-22] of 3.1.1: what the connect flags may be together.
std::string_view wrong_connect_flags(Version version, unsigned flags) {
    if ((flags & 0x01U) != 0) return "the reserved connect flag is set";
    const bool will = (flags & 0x04U) != 0;
    const unsigned will_qos = (flags >> 3U) & 3U;
    if (will_qos == 3) return "a will of QoS 3";
    if (!will && (flags & 0x38U) != 0) return "will flags without a will";
    const bool password_alone = (flags & 0x40U) != 0 && (flags & 0x80U) == 0;
    if (version == Version::v3_1_1 && password_alone) return "a password without a user name";
    return {};
}

Decoded<Connect> read_connect_payload(Reader& reader, unsigned flags, Connect connect) {
    connect.client_id = reader.field();
    if (!is_text(connect.client_id)) return malformed("the client identifier is not UTF-8");
    if ((flags & 0x04U) != 0 && reader.ok()) {
        const auto will = read_will(reader, connect.version, flags);
        if (!will) return std::unexpected(will.error());
        connect.will = *will;
    }
    if ((flags & 0x80U) != 0) connect.user_name = reader.field();
    if ((flags & 0x40U) != 0) connect.password = reader.field();
    if (!reader.ok()) return malformed(cut_short);
    if (!reader.at_end()) return malformed(bytes_left_over);
    if (connect.user_name && !is_text(*connect.user_name)) {
        return malformed("the user name is not UTF-8");
    }
    return connect;
}

Decoded<Packet> decode_connect(const Frame& frame) {
    Reader reader{frame.body};
    Protocol protocol;
    protocol.name = reader.field();
    protocol.level = reader.byte();
    if (!reader.ok()) return malformed(cut_short);
    const auto version = spoken_version(protocol);
    if (!version) return std::unexpected(version.error());
    if (*version == Version::v5 && !frame.shortest_length) {
        return malformed("the remaining length is not in its shortest form");
    }
    const unsigned flags = reader.byte();
    Connect connect{.version = *version, .clean_start = (flags & 0x02U) != 0};
    connect.keep_alive_s = reader.two_bytes();
    if (!reader.ok()) return malformed(cut_short);
    if (const auto why = wrong_connect_flags(*version, flags); !why.empty()) return malformed(why);
    const auto properties = read_properties(reader, *version, PropertyPlace::connect);
    if (!properties) return std::unexpected(properties.error());
    connect.properties = *properties;
    auto read = read_connect_payload(reader, flags, connect);
    if (!read) return std::unexpected(read.error());
    return Packet{*std::move(read)};
}

Decoded<Packet> decode_connack(const Frame& frame, Version version) {
    Reader reader{frame.body};
    const unsigned flags = reader.byte();
    const std::uint8_t code = reader.byte();
    if (!reader.ok()) return malformed(cut_short);
    if (flags > 1) return malformed("a reserved flag is set");
    Connack connack{.session_present = flags == 1};
    if (version == Version::v3_1_1) {
        const auto reason = connack_reason_3_1_1(code);
        if (!reason) return malformed("an unknown return code");
        connack.reason = *reason;
    } else {
        if (!is_reason_of(PacketType::connack, code)) return malformed("an unknown reason code");
        connack.reason = static_cast<Reason>(code);
    }
    const auto properties = read_properties(reader, version, PropertyPlace::connack);
    if (!properties) return std::unexpected(properties.error());
    connack.properties = *properties;
    if (!reader.at_end()) return malformed(bytes_left_over);
    return Packet{connack};
}

Decoded<Packet> decode_ack(const Frame& frame, Version version) {
    Reader reader{frame.body};
    Ack ack{.type = frame.type, .packet_id = reader.two_bytes()};
    if (!reader.ok()) return malformed(cut_short);
    if (ack.packet_id == 0) return malformed("packet identifier 0");
    if (version == Version::v5 && !reader.at_end()) {
        const std::uint8_t code = reader.byte();
        if (!is_reason_of(frame.type, code)) return malformed("an unknown reason code");
        ack.reason = static_cast<Reason>(code);
        if (!reader.at_end()) {
            const auto place = static_cast<PropertyPlace>(frame.type);
            const auto properties = read_properties(reader, version, place);
            if (!properties) return std::unexpected(properties.error());
            ack.properties = *properties;
        }
    }
    if (!reader.at_end()) return malformed(bytes_left_over);
    return Packet{ack};
}

// DISCONNECT and AUTH: nothing, a reason, or a reason and properties.
template <typename T>
Decoded<Packet> decode_reasoned(const Frame& frame, Version version) {
    Reader reader{frame.body};
    T packet{};
    if (version == Version::v5 && !reader.at_end()) {
        const std::uint8_t code = reader.byte();
        if (!is_reason_of(frame.type, code)) return malformed("an unknown reason code");
        packet.reason = static_cast<Reason>(code);
        if (!reader.at_end()) {
            const auto place = static_cast<PropertyPlace>(frame.type);
            const auto properties = read_properties(reader, version, place);
            if (!properties) return std::unexpected(properties.error());
            packet.properties = *properties;
        }
    }
    if (!reader.at_end()) return malformed(bytes_left_over);
    return Packet{packet};
}

// What SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK begin with.
template <typename T>
Decoded<T> read_identified(Reader& reader, Version version, PropertyPlace place) {
    T packet{};
    packet.packet_id = reader.two_bytes();
    if (!reader.ok()) return malformed(cut_short);
    // [MQTT-2.2.1-3]
    if (packet.packet_id == 0) return malformed("packet identifier 0");
    const auto properties = read_properties(reader, version, place);
    if (!properties) return std::unexpected(properties.error());
    packet.properties = *properties;
    return packet;
}

std::string_view wrong_subscription(Version version, unsigned options) {
    const bool v5 = version == Version::v5;
    if ((options & 3U) == 3) return "a subscription of QoS 3";
    if ((options & (v5 ? 0xC0U : 0xFCU)) != 0) return "a reserved subscription option is set";
    if (((options >> 4U) & 3U) == 3) return "retain handling 3";
    return {};
}

Decoded<Packet> decode_subscribe(const Frame& frame, Version version) {
    Reader reader{frame.body};
    auto packet = read_identified<Subscribe>(reader, version, PropertyPlace::subscribe);
    if (!packet) return std::unexpected(packet.error());
    // [MQTT-3.8.3-2]
    if (reader.at_end()) return broken_rule("no topic filter");
    while (!reader.at_end()) {
        Subscription subscription{.filter = reader.field()};
        const unsigned options = reader.byte();
        if (!reader.ok()) return malformed(cut_short);
        if (!is_topic_filter(subscription.filter)) return malformed("not a topic filter");
        if (const auto why = wrong_subscription(version, options); !why.empty()) {
            return malformed(why);
        }
        subscription.qos = static_cast<Qos>(options & 3U);
        subscription.no_local = (options & 0x04U) != 0;
        subscription.retain_as_published = (options & 0x08U) != 0;
        subscription.retain_handling = static_cast<std::uint8_t>((options >> 4U) & 3U);
        // [MQTT-3.8.3-4]
        if (subscription.no_local && is_shared_filter(subscription.filter)) {
            return broken_rule("No Local on a shared subscription");
        }
        packet->subscriptions.push_back(subscription);
    }
    return Packet{*std::move(packet)};
}

Decoded<Packet> decode_unsubscribe(const Frame& frame, Version version) {
    Reader reader{frame.body};
    auto packet = read_identified<Unsubscribe>(reader, version, PropertyPlace::unsubscribe);
    if (!packet) return std::unexpected(packet.error());
    // [MQTT-3.10.3-2]
    if (reader.at_end()) return broken_rule("no topic filter");
    while (!reader.at_end()) {
        const std::string_view filter = reader.field();
        if (!reader.ok()) return malformed(cut_short);
        if (!is_topic_filter(filter)) return malformed("not a topic filter");
        packet->filters.push_back(filter);
    }
    return Packet{*std::move(packet)};
}

bool is_suback_code_3_1_1(unsigned code) {
    return code <= 2 || code == 0x80;
}

template <typename T>
Decoded<Packet> decode_answers(const Frame& frame, Version version) {
    Reader reader{frame.body};
    auto packet = read_identified<T>(reader, version, static_cast<PropertyPlace>(frame.type));
    if (!packet) return std::unexpected(packet.error());
    const bool unsuback = frame.type == PacketType::unsuback;
    if (unsuback && version == Version::v3_1_1) {
        if (!reader.at_end()) return malformed(bytes_left_over);
        return Packet{*std::move(packet)};
    }
    if (reader.at_end()) return malformed("no reason code");
    while (!reader.at_end()) {
        const std::uint8_t code = reader.byte();
        const bool known =
            version == Version::v5 ? is_reason_of(frame.type, code) : is_suback_code_3_1_1(code);
        if (!known) return malformed("an unknown reason code");
        packet->reasons.push_back(static_cast<Reason>(code));
    }
    return Packet{*std::move(packet)};
}

template <typename T>
Decoded<Packet> decode_empty(const Frame& frame) {
    if (!frame.body.empty()) return malformed(bytes_left_over);
    return Packet{T{}};
}

}  // namespace

Decoded<std::optional<Frame>> next_frame(std::string_view stream, std::size_t packet_bytes_max) {
    if (stream.empty()) return std::nullopt;
    const auto octet = [stream](std::size_t i) {
        return static_cast<unsigned>(static_cast<unsigned char>(stream[i]));
    };
    Frame frame{.type = static_cast<PacketType>(octet(0) >> 4U),
                .flags = static_cast<std::uint8_t>(octet(0) & 0x0FU)};
    if (octet(0) < 0x10) return malformed("packet type 0");
    if (!are_flags_valid(frame.type, frame.flags)) return malformed("reserved flags are set");
    std::size_t length = 0;
    for (std::size_t i = 1; i < fixed_header_bytes_max; ++i) {
        if (i >= stream.size()) return std::nullopt;
        length |= static_cast<std::size_t>(octet(i) & 0x7FU) << (7 * (i - 1));
        if ((octet(i) & 0x80U) != 0) continue;
        frame.bytes = 1 + i + length;
        frame.shortest_length = i == variable_bytes(length);
        if (frame.bytes > packet_bytes_max) {
            return std::unexpected(Fault{Reason::packet_too_large, "the packet is too large"});
        }
        if (frame.bytes > stream.size()) return std::nullopt;
        frame.body = stream.substr(1 + i, length);
        return frame;
    }
    return malformed("the remaining length does not end");
}

Decoded<Publish> decode_publish(const Frame& frame, Version version) {
    const unsigned flags = frame.flags;
    const unsigned qos = (flags >> 1U) & 3U;
    // [MQTT-3.3.1-4]
    if (qos == 3) return malformed("a message of QoS 3");
    Publish publish{
        .qos = static_cast<Qos>(qos), .retain = (flags & 0x01U) != 0, .dup = (flags & 0x08U) != 0};
    // [MQTT-3.3.1-2]
    if (publish.dup && qos == 0) return malformed("a repeated message of QoS 0");
    if (version == Version::v5 && !frame.shortest_length) {
        return malformed("the remaining length is not in its shortest form");
    }
    Reader reader{frame.body};
    publish.topic = reader.field();
    if (qos > 0) publish.packet_id = reader.two_bytes();
    if (!reader.ok()) return malformed(cut_short);
    if (qos > 0 && publish.packet_id == 0) return malformed("packet identifier 0");
    if (version == Version::v5) {
        const auto properties = read_properties(reader, version, PropertyPlace::publish);
        if (!properties) return std::unexpected(properties.error());
        publish.properties = *properties;
    }
    if (!publish.topic.empty() || version == Version::v3_1_1) {
        if (!is_text(publish.topic)) return malformed("the topic is not UTF-8");
        // [MQTT-3.3.2-2]
        if (!is_topic_name(publish.topic)) {
            return std::unexpected(Fault{Reason::topic_name_invalid, "not a topic name"});
        }
    }
    const auto response = publish.properties.text(PropertyId::response_topic);
    // [MQTT-3.3.2-14]
    if (response && !is_topic_name(*response)) return broken_rule("not a response topic");
    publish.payload = reader.rest();
    return publish;
}

Decoded<Packet> decode(const Frame& frame, Version version) {
    if (frame.type == PacketType::connect) return decode_connect(frame);
    if (version == Version::v5 && !frame.shortest_length) {
        return malformed("the remaining length is not in its shortest form");
    }
    switch (frame.type) {
        case PacketType::connack:
            return decode_connack(frame, version);
        case PacketType::publish: {
            const auto publish = decode_publish(frame, version);
            if (!publish) return std::unexpected(publish.error());
            return Packet{*publish};
        }
        case PacketType::puback:
        case PacketType::pubrec:
        case PacketType::pubrel:
        case PacketType::pubcomp:
            return decode_ack(frame, version);
        case PacketType::subscribe:
            return decode_subscribe(frame, version);
        case PacketType::suback:
            return decode_answers<Suback>(frame, version);
        case PacketType::unsubscribe:
            return decode_unsubscribe(frame, version);
        case PacketType::unsuback:
            return decode_answers<Unsuback>(frame, version);
        case PacketType::pingreq:
            return decode_empty<Pingreq>(frame);
        case PacketType::pingresp:
            return decode_empty<Pingresp>(frame);
        case PacketType::disconnect:
            return decode_reasoned<Disconnect>(frame, version);
        case PacketType::auth:
            if (version != Version::v5) return malformed("packet type 15");
            return decode_reasoned<Auth>(frame, version);
        default:
            return malformed("an unknown packet type");
    }
}

}  // namespace vigie::wire::mqtt
