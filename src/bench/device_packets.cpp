#include "bench/device_packets.hpp"

#include <array>
#include <cstring>
#include <ctime>

namespace vigie::bench {

namespace {

void add_text(std::string& to, std::string_view text) {
    to += static_cast<char>(text.size() >> 8U);
    to += static_cast<char>(text.size() & 0xFFU);
    to += text;
}

std::string packet(char first, const std::string& body) {
    std::string bytes(1, first);
    std::size_t left = body.size();
    do {
        const auto low = static_cast<unsigned>(left % 128);
        left /= 128;
        bytes += static_cast<char>(left > 0 ? low | 0x80U : low);
    } while (left > 0);
    return bytes + body;
}

void put_digits(char* at, std::uint32_t number, int digits) {
    for (int i = digits - 1; i >= 0; --i) {
        at[i] = static_cast<char>('0' + number % 10);
        number /= 10;
    }
}

}  // namespace

void put_time(char* at, std::int64_t epoch_ms) {
    static thread_local std::int64_t second_kept = -1;
    static thread_local std::array<char, 20> text{};
    const std::int64_t second = epoch_ms / 1000;
    if (second != second_kept) {
        const auto time = static_cast<std::time_t>(second);
        std::tm utc{};
        gmtime_r(&time, &utc);
        std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
        second_kept = second;
    }
    std::memcpy(at, text.data(), 19);
    at[19] = '.';
    put_digits(at + 20, static_cast<std::uint32_t>(epoch_ms % 1000), 3);
    at[23] = 'Z';
}

std::string connect_packet(const Device& device) {
    std::string body;
    add_text(body, "MQTT");
    body += '\x04';
    body += '\xC2';  // user name, password, clean session
    body += '\0';
    body += '\0';  // no keep-alive
    add_text(body, device.client_id);
    add_text(body, device.user_name);
    add_text(body, device.password);
    return packet('\x10', body);
}

std::string subscribe_packet(const std::string& topic) {
    std::string body{'\0', '\x01'};  // its identifier
    add_text(body, topic);
    body += '\x01';
    return packet('\x82', body);
}

Publications take_publications(std::string_view in) {
    Publications taken;
    for (;;) {
        const auto left = in.substr(taken.bytes);
        std::size_t length = 0;
        std::size_t head = 1;
        bool is_whole = false;
        for (unsigned shift = 0; head < left.size() && head <= 4 && !is_whole; shift += 7) {
            const auto byte = static_cast<unsigned char>(left[head++]);
            length |= std::size_t{byte & 0x7FU} << shift;
            is_whole = byte < 0x80;
        }
        if (!is_whole || left.size() < head + length) return taken;
        const auto first = static_cast<unsigned char>(left[0]);
        if (first >> 4U == 3) {
            ++taken.count;
            const auto topic = static_cast<std::size_t>(static_cast<unsigned char>(left[head]))
                                   << 8U |
                               static_cast<unsigned char>(left[head + 1]);
            if ((first & 0x06U) == 0x02) {
                taken.acknowledgements += "\x40\x02";
                taken.acknowledgements += left.substr(head + 2 + topic, 2);
            }
        }
        taken.bytes += head + length;
    }
}

PublishPacket::PublishPacket(const std::string& topic) {
    std::string body;
    add_text(body, topic);
    const std::size_t id = body.size();
    body += std::string(2, '\0');
    const std::size_t payload = body.size();
    body += R"({"t":"2026-11-22T18:04:05.120Z","values":{"power_w":141.20,"level_pct":71.20,)"
            R"("voltage_v":231.20,"current_a":1.20}})";
    bytes_ = packet('\x32', body);
    const std::size_t head = bytes_.size() - body.size();
    id_at_ = head + id;
    time_at_ = head + payload + 6;
    std::size_t from = head + payload;
    for (auto& at : values_at_) {
        at = bytes_.find("1.20", from);
        from = at + 4;
    }
}

void PublishPacket::append_to(std::string& out, std::uint16_t packet_id, std::int64_t epoch_ms,
                              std::uint32_t number) {
    bytes_[id_at_] = static_cast<char>(packet_id >> 8U);
    bytes_[id_at_ + 1] = static_cast<char>(packet_id & 0xFFU);
    put_time(bytes_.data() + time_at_, epoch_ms);
    for (const std::size_t at : values_at_) {
        put_digits(bytes_.data() + at, number % 10, 1);
        put_digits(bytes_.data() + at + 2, number * 7 % 100, 2);
        number = number * 1'103'515'245U + 12'345U;
    }
    out += bytes_;
}

}  // namespace vigie::bench
