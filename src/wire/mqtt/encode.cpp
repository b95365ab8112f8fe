#include <cassert>

#include "vigie/wire/mqtt/packets.hpp"
#include "wire/mqtt/bytes.hpp"
#include "wire/mqtt/reasons.hpp"

namespace vigie::wire::mqtt {

namespace {

void put_header(std::string& out, PacketType type, unsigned flags, std::size_t length) {
    put_byte(out, (static_cast<unsigned>(type) << 4U) | flags);
    put_variable(out, length);
}

std::size_t properties_bytes(const PropertyView& properties, Version version) {
    if (version != Version::v5) return 0;
    return variable_bytes(properties.bytes().size()) + properties.bytes().size();
}

void put_properties(std::string& out, const PropertyView& properties, Version version) {
    if (version != Version::v5) return;
    put_variable(out, properties.bytes().size());
    out.append(properties.bytes());
}

unsigned code_of(Reason reason) {
    return static_cast<unsigned>(reason);
}

std::size_t publish_length(const Publish& packet, Version version) {
    const std::size_t id = packet.qos == Qos::at_most_once ? 0 : 2;
    return field_bytes(packet.topic) + id + properties_bytes(packet.properties, version) +
           packet.payload.size();
}

unsigned connect_flags(const Connect& packet) {
    unsigned flags = packet.clean_start ? 0x02U : 0;
    if (packet.will) {
        flags |= 0x04U | (static_cast<unsigned>(packet.will->qos) << 3U);
        if (packet.will->retain) flags |= 0x20U;
    }
    if (packet.password) flags |= 0x40U;
    if (packet.user_name) flags |= 0x80U;
    return flags;
}

// DISCONNECT and AUTH leave out what says nothing.
void put_reasoned(std::string& out, PacketType type, Reason reason, const PropertyView& properties,
                  Version version) {
    if (version != Version::v5 || (reason == Reason::success && properties.empty())) {
        put_header(out, type, 0, 0);
        return;
    }
    const bool bare = properties.empty();
    put_header(out, type, 0, bare ? 1 : 1 + properties_bytes(properties, version));
    put_byte(out, code_of(reason));
    if (!bare) put_properties(out, properties, version);
}

unsigned suback_code_3_1_1(Reason reason) {
    return is_failure(reason) ? 0x80U : code_of(reason);
}

unsigned subscription_options(const Subscription& subscription, Version version) {
    unsigned options = static_cast<unsigned>(subscription.qos);
    if (version != Version::v5) return options;
    if (subscription.no_local) options |= 0x04U;
    if (subscription.retain_as_published) options |= 0x08U;
    return options | static_cast<unsigned>(subscription.retain_handling) << 4U;
}

}  // namespace

void encode(const Connect& packet, std::string& out) {
    const Version version = packet.version;
    std::string body;
    put_field(body, "MQTT");
    put_byte(body, static_cast<unsigned>(version));
    put_byte(body, connect_flags(packet));
    put_two_bytes(body, packet.keep_alive_s);
    put_properties(body, packet.properties, version);
    put_field(body, packet.client_id);
    if (packet.will) {
        put_properties(body, packet.will->properties, version);
        put_field(body, packet.will->topic);
        put_field(body, packet.will->payload);
    }
    if (packet.user_name) put_field(body, *packet.user_name);
    if (packet.password) put_field(body, *packet.password);
    put_header(out, PacketType::connect, 0, body.size());
    out.append(body);
}

void encode(const Connack& packet, Version version, std::string& out) {
    put_header(out, PacketType::connack, 0, 2 + properties_bytes(packet.properties, version));
    put_byte(out, packet.session_present ? 1 : 0);
    put_byte(out,
             version == Version::v5 ? code_of(packet.reason) : connack_code_3_1_1(packet.reason));
    put_properties(out, packet.properties, version);
}

std::size_t encoded_bytes(const Publish& packet, Version version) {
    const std::size_t length = publish_length(packet, version);
    return 1 + variable_bytes(length) + length;
}

void encode(const Publish& packet, Version version, std::string& out) {
    const unsigned flags = (packet.dup ? 0x08U : 0) | (static_cast<unsigned>(packet.qos) << 1U) |
                           (packet.retain ? 0x01U : 0);
    put_header(out, PacketType::publish, flags, publish_length(packet, version));
    put_field(out, packet.topic);
    if (packet.qos != Qos::at_most_once) put_two_bytes(out, packet.packet_id);
    put_properties(out, packet.properties, version);
    out.append(packet.payload);
}

void encode(const Ack& packet, Version version, std::string& out) {
    const unsigned flags = packet.type == PacketType::pubrel ? 0x02U : 0;
    const bool short_form =
        version != Version::v5 || (packet.reason == Reason::success && packet.properties.empty());
    const bool bare = packet.properties.empty();
    const std::size_t length = short_form ? 2
                               : bare     ? 3
                                          : 3 + properties_bytes(packet.properties, version);
    put_header(out, packet.type, flags, length);
    put_two_bytes(out, packet.packet_id);
    if (short_form) return;
    put_byte(out, code_of(packet.reason));
    if (!bare) put_properties(out, packet.properties, version);
}

void encode(const Subscribe& packet, Version version, std::string& out) {
    std::size_t length = 2 + properties_bytes(packet.properties, version);
    for (const Subscription& subscription : packet.subscriptions) {
        length += field_bytes(subscription.filter) + 1;
    }
    put_header(out, PacketType::subscribe, 0x02, length);
    put_two_bytes(out, packet.packet_id);
    put_properties(out, packet.properties, version);
    for (const Subscription& subscription : packet.subscriptions) {
        put_field(out, subscription.filter);
        put_byte(out, subscription_options(subscription, version));
    }
}

void encode(const Suback& packet, Version version, std::string& out) {
    const std::size_t properties = properties_bytes(packet.properties, version);
    put_header(out, PacketType::suback, 0, 2 + properties + packet.reasons.size());
    put_two_bytes(out, packet.packet_id);
    put_properties(out, packet.properties, version);
    for (const Reason reason : packet.reasons) {
        put_byte(out, version == Version::v5 ? code_of(reason) : suback_code_3_1_1(reason));
    }
}

void encode(const Unsubscribe& packet, Version version, std::string& out) {
    std::size_t length = 2 + properties_bytes(packet.properties, version);
    for (const std::string_view filter : packet.filters)
        length += field_bytes(filter);
    put_header(out, PacketType::unsubscribe, 0x02, length);
    put_two_bytes(out, packet.packet_id);
    put_properties(out, packet.properties, version);
    for (const std::string_view filter : packet.filters)
        put_field(out, filter);
}

void encode(const Unsuback& packet, Version version, std::string& out) {
    const bool v5 = version == Version::v5;
    const std::size_t reasons = v5 ? packet.reasons.size() : 0;
    put_header(out, PacketType::unsuback, 0,
               2 + properties_bytes(packet.properties, version) + reasons);
    put_two_bytes(out, packet.packet_id);
    put_properties(out, packet.properties, version);
    if (!v5) return;
    for (const Reason reason : packet.reasons)
        put_byte(out, code_of(reason));
}

void encode(const Pingreq& /*packet*/, Version /*version*/, std::string& out) {
    put_header(out, PacketType::pingreq, 0, 0);
}

void encode(const Pingresp& /*packet*/, Version /*version*/, std::string& out) {
    put_header(out, PacketType::pingresp, 0, 0);
}

void encode(const Disconnect& packet, Version version, std::string& out) {
    put_reasoned(out, PacketType::disconnect, packet.reason, packet.properties, version);
}

void encode(const Auth& packet, Version version, std::string& out) {
    assert(version == Version::v5);
    put_reasoned(out, PacketType::auth, packet.reason, packet.properties, version);
}

void encode(const Packet& packet, Version version, std::string& out) {
    std::visit(
        [&]<typename T>(const T& one) {
            if constexpr (std::is_same_v<T, Connect>) {
                encode(one, out);
            } else {
                encode(one, version, out);
            }
        },
        packet);
}

}  // namespace vigie::wire::mqtt
