#include "ingest/session_store.hpp"

#include <sodium.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "vigie/base/text.hpp"

namespace vigie::ingest {

namespace {

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

// Empty without one.
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

std::string bytes_of(const std::string& hex) {
    std::string bytes(hex.size() / 2, '\0');
    std::size_t size = 0;
    sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), hex.data(),
                   hex.size(), nullptr, &size, nullptr);
    bytes.resize(size);
    return bytes;
}

std::shared_ptr<const net::MqttWill> will_in(std::string_view text) {
    if (text.empty()) return nullptr;
    const auto all = nlohmann::json::parse(text);
    return std::make_shared<const net::MqttWill>(net::MqttWill{
        .topic = all.at("topic"),
        .payload = bytes_of(all.at("payload")),
        .qos = static_cast<wire::mqtt::Qos>(std::clamp(all.at("qos").get<int>(), 0, 2)),
        .retain = all.at("retain"),
        .properties = bytes_of(all.at("properties")),
        .delay_s = all.at("delay_s"),
        .owner_tag = all.value("credential", "")});
}

std::string time_text(const std::optional<base::Instant>& at) {
    return at ? base::to_rfc3339(*at) : std::string{};
}

}  // namespace

std::size_t delete_expired_sessions(store::Transaction& tx, base::Instant now) {
    static constexpr store::Query over{"sessions_over",
                                       "delete from session where expires_at <= $1::timestamptz "
                                       "and will is null"};
    return tx.execute(over, now);
}

std::vector<net::MqttStoredSession> take_up_sessions(store::Transaction& tx, base::Instant now) {
    static constexpr store::Query begin{
        "sessions_begin",
        "update session set expires_at = $1::timestamptz + make_interval(secs => expiry_s) where "
        "expires_at is null"};
    static constexpr store::Query begin_wills{
        "sessions_begin_wills",
        "update session set will_due_at = least(expires_at, $1::timestamptz + make_interval(secs "
        "=> (will ->> 'delay_s')::int8)) where will is not null and will_due_at is null"};
    static constexpr store::Query list{
        "sessions_list",
        "select credential, client_id, subscriptions, expiry_s, expires_at, revision, "
        "coalesce(will::text, '') as will, will_due_at, remembered from session"};
    delete_expired_sessions(tx, now);
    tx.execute(begin, now);
    tx.execute(begin_wills, now);
    std::vector<net::MqttStoredSession> found;
    for (const auto& row : tx.rows(list)) {
        found.push_back({row.get<std::string>("credential"), row.get<std::string>("client_id"),
                         static_cast<std::uint32_t>(row.get<std::int64_t>("expiry_s")),
                         subscriptions_in(row.text("subscriptions")),
                         row.get<base::Instant>("expires_at"),
                         static_cast<std::uint64_t>(row.get<std::int64_t>("revision")),
                         will_in(row.text("will")), row.maybe<base::Instant>("will_due_at"),
                         remembered_in(row.text("remembered"))});
    }
    return found;
}

void write_sessions(store::Transaction& tx, const std::vector<net::MqttStoredSession>& sessions) {
    static constexpr store::Query write{
        "sessions_write",
        "insert into session (credential, client_id, subscriptions, expiry_s, expires_at, "
        "revision, will, will_due_at, remembered) select c, i, s::jsonb, e, nullif(a, "
        "'')::timestamptz, r, nullif(w, '')::jsonb, nullif(d, '')::timestamptz, q::jsonb from "
        "unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::text[], $6::int8[], "
        "$7::text[], $8::text[], $9::text[]) as n (c, i, s, e, a, r, w, d, q) on conflict "
        "(credential, client_id) do update set subscriptions = excluded.subscriptions, expiry_s = "
        "excluded.expiry_s, expires_at = excluded.expires_at, revision = excluded.revision, will = "
        "excluded.will, will_due_at = excluded.will_due_at, remembered = excluded.remembered where "
        "session.revision <= excluded.revision"};
    if (sessions.empty()) return;
    std::vector<std::string> credentials;
    std::vector<std::string> client_ids;
    std::vector<std::string> subscriptions;
    std::vector<std::int64_t> expiries;
    std::vector<std::string> ends;
    std::vector<std::int64_t> revisions;
    std::vector<std::string> wills;
    std::vector<std::string> due;
    std::vector<std::string> remembered;
    for (const auto& one : sessions) {
        credentials.push_back(one.owner);
        client_ids.push_back(one.client_id);
        subscriptions.push_back(subscriptions_text(one.subscriptions));
        expiries.push_back(one.expiry_s);
        ends.push_back(time_text(one.expires_at));
        revisions.push_back(static_cast<std::int64_t>(one.revision));
        wills.push_back(will_text(one.will));
        due.push_back(time_text(one.will_due_at));
        remembered.push_back(remembered_text(one.remembered));
    }
    tx.execute(write, credentials, client_ids, subscriptions, expiries, ends, revisions, wills, due,
               remembered);
}

void delete_sessions(store::Transaction& tx, const std::vector<std::string>& credentials,
                     const std::vector<std::string>& client_ids) {
    static constexpr store::Query forget{
        "sessions_delete",
        "delete from session where (credential, client_id) in (select * from unnest($1::text[], "
        "$2::text[]))"};
    if (!credentials.empty()) tx.execute(forget, credentials, client_ids);
}

}  // namespace vigie::ingest
