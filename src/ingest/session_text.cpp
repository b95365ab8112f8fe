#include "ingest/session_text.hpp"

#include <sodium.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "vigie/base/text.hpp"

namespace vigie::ingest {

namespace {
// "65535":[1795000000000000,"18446744073709551615"],
constexpr std::size_t remembered_bytes = 50;
}  // namespace

std::string subscriptions_text(const std::vector<net::MqttSubscription>& subscriptions) {
    auto all = nlohmann::json::array();
    for (const auto& one : subscriptions)
        all.push_back({one.filter, static_cast<int>(one.qos)});
    return all.dump();
}

std::vector<net::MqttSubscription> subscriptions_in(std::string_view text) {
    std::vector<net::MqttSubscription> subscriptions;
    for (const auto& one : nlohmann::json::parse(text)) {
        const auto qos = std::clamp(one.at(1).get<int>(), 0, 1);
        subscriptions.push_back({one.at(0).get<std::string>(), static_cast<wire::mqtt::Qos>(qos)});
    }
    return subscriptions;
}

// Digests as text: JSON has no whole numbers of 64 bits.
std::string remembered_text(const net::MqttRememberedMessages& remembered) {
    auto all = nlohmann::json::object();
    for (const auto& [packet_id, one] : remembered)
        all[std::to_string(packet_id)] = {base::epoch_us(one.at), std::to_string(one.digest)};
    return all.dump();
}

net::MqttRememberedMessages remembered_in(std::string_view text) {
    net::MqttRememberedMessages remembered;
    const auto all = nlohmann::json::parse(text);
    for (const auto& [packet_id, one] : all.items())
        remembered.emplace(static_cast<std::uint16_t>(std::stoul(packet_id)),
                           net::MqttRemembered{base::from_epoch_us(one.at(0).get<std::int64_t>()),
                                               std::stoull(one.at(1).get<std::string>())});
    return remembered;
}

std::string will_text(const std::shared_ptr<const net::MqttWill>& will) {
    if (!will) return {};
    return nlohmann::json{{"topic", will->topic},
                          {"payload", base::to_hex(will->payload)},
                          {"qos", static_cast<int>(will->qos)},
                          {"retain", will->retain},
                          {"properties", base::to_hex(will->properties)},
                          {"delay_s", will->delay_s},
                          {"credential", will->owner_tag}}
        .dump();
}

namespace {
std::string bytes_in(const std::string& hex) {
    std::string bytes(hex.size() / 2, '\0');
    std::size_t size = 0;
    sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), hex.data(),
                   hex.size(), nullptr, &size, nullptr);
    bytes.resize(size);
    return bytes;
}
}  // namespace

std::shared_ptr<const net::MqttWill> will_in(std::string_view text) {
    if (text.empty()) return nullptr;
    const auto all = nlohmann::json::parse(text);
    return std::make_shared<const net::MqttWill>(net::MqttWill{
        .topic = all.at("topic"),
        .payload = bytes_in(all.at("payload")),
        .qos = static_cast<wire::mqtt::Qos>(std::clamp(all.at("qos").get<int>(), 0, 2)),
        .retain = all.at("retain"),
        .properties = bytes_in(all.at("properties")),
        .delay_s = all.at("delay_s"),
        .owner_tag = all.value("credential", "")});
}

std::string time_text(const std::optional<base::Instant>& at) {
    return at ? base::to_rfc3339(*at) : std::string{};
}

bool same_row(const net::MqttStoredSession& a, const net::MqttStoredSession& b) {
    const bool same_will = a.will == b.will || (a.will && b.will && *a.will == *b.will);
    return a.expiry_s == b.expiry_s && a.expires_at == b.expires_at &&
           a.subscriptions == b.subscriptions && same_will && a.will_due_at == b.will_due_at &&
           a.remembered == b.remembered;
}

std::size_t bytes_of(const net::MqttStoredSession& row) {
    std::size_t bytes = 2 * (row.owner.size() + row.client_id.size());
    for (const auto& one : row.subscriptions)
        bytes += one.filter.size() + 8;
    bytes += row.remembered.size() * remembered_bytes;
    if (row.will) {
        const std::size_t in_hexadecimal = row.will->payload.size() + row.will->properties.size();
        bytes += row.will->topic.size() + 2 * in_hexadecimal;
    }
    return bytes;
}

}  // namespace vigie::ingest
