#include "tests/e2e/support/raw_device.hpp"

#include <stdexcept>

namespace vigie::e2e {

namespace {

constexpr std::chrono::seconds welcome_limit{20};
constexpr unsigned connect_first_byte = 0x10;
constexpr unsigned publish_first_byte = 0x30;
constexpr unsigned subscribe_first_byte = 0x82;
constexpr unsigned flag_qos_1 = 0x02;

void append_number(std::string& out, std::size_t number) {
    out.push_back(static_cast<char>(number >> 8U & 0xFFU));
    out.push_back(static_cast<char>(number & 0xFFU));
}

void append_text(std::string& out, std::string_view text) {
    append_number(out, text.size());
    out += text;
}

void append_head(std::string& out, unsigned first_byte, std::size_t size) {
    out.push_back(static_cast<char>(first_byte));
    do {
        const std::size_t low = size & 0x7FU;
        size >>= 7U;
        out.push_back(static_cast<char>(size != 0 ? low | 0x80U : low));
    } while (size != 0);
}

}  // namespace

void append_publish(std::string& out, wire::mqtt::Version version, std::string_view topic,
                    std::string_view payload, std::uint16_t id) {
    const bool v5 = version == wire::mqtt::Version::v5;
    const std::size_t size =
        2 + topic.size() + (id != 0 ? 2U : 0U) + (v5 ? 1U : 0U) + payload.size();
    append_head(out, publish_first_byte | (id != 0 ? flag_qos_1 : 0U), size);
    append_text(out, topic);
    if (id != 0) append_number(out, id);
    if (v5) out.push_back('\0');
    out += payload;
}

std::string connect_packet(wire::mqtt::Version version, const std::string& client_id,
                           const Secrets& secrets) {
    const bool v5 = version == wire::mqtt::Version::v5;
    std::string body;
    append_text(body, "MQTT");
    body += {static_cast<char>(v5 ? 5 : 4), '\xc2', '\0', '\x3c'};
    if (v5) body.push_back('\0');
    append_text(body, client_id);
    append_text(body, secrets.user_name);
    append_text(body, secrets.password);
    std::string packet;
    append_head(packet, connect_first_byte, body.size());
    return packet + body;
}

std::string subscribe_packet(wire::mqtt::Version version, std::string_view filter,
                             wire::mqtt::Qos qos) {
    std::string body;
    append_number(body, 1);
    if (version == wire::mqtt::Version::v5) body.push_back('\0');
    append_text(body, filter);
    body.push_back(static_cast<char>(qos));
    std::string packet;
    append_head(packet, subscribe_first_byte, body.size());
    return packet + body;
}

void take_publications(wire::mqtt::Version version, std::string& bytes,
                       std::vector<std::string>& payloads) {
    const auto byte = [&bytes](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
    std::size_t at = 0;
    for (;;) {
        std::size_t size = 0;
        std::size_t head = at + 1;
        bool is_whole = false;
        for (unsigned shift = 0; head < bytes.size() && !is_whole; shift += 7) {
            size |= std::size_t{byte(head) & 0x7FU} << shift;
            is_whole = byte(head++) < 0x80;
        }
        if (!is_whole || bytes.size() < head + size) break;
        if ((byte(at) & 0xF0U) == publish_first_byte) {
            std::size_t from = head + 2 + byte(head) * 256U + byte(head + 1);
            if ((byte(at) & 0x06U) != 0) from += 2;
            // Properties of fewer than 128 bytes.
            if (version == wire::mqtt::Version::v5) from += 1U + byte(from);
            payloads.push_back(bytes.substr(from, head + size - from));
        }
        at = head + size;
    }
    bytes.erase(0, at);
}

RawDevice::RawDevice(std::uint16_t port, const Secrets& secrets, wire::mqtt::Version version,
                     const std::string& client_id, int receive_bytes)
    : socket_(port, "127.0.0.1", receive_bytes) {
    socket_.send(connect_packet(version, client_id, secrets));
    const std::string head = socket_.receive(4, welcome_limit);
    if (head.size() != 4 || head[0] != '\x20' || head[3] != '\0')
        throw std::runtime_error(client_id + " is not let in");
    // What follows in 5.0: properties of fewer than 128 bytes.
    (void)socket_.receive(static_cast<std::size_t>(head[1]) - 2, welcome_limit);
}

}  // namespace vigie::e2e
