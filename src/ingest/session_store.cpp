#include "ingest/session_store.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

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

}  // namespace

std::size_t delete_expired_sessions(store::Transaction& tx, base::Instant now) {
    static constexpr store::Query over{"sessions_over",
                                       "delete from session where expires_at <= $1::timestamptz"};
    return tx.execute(over, now);
}

std::vector<net::MqttStoredSession> take_up_sessions(store::Transaction& tx, base::Instant now) {
    static constexpr store::Query begin{
        "sessions_begin",
        "update session set expires_at = $1::timestamptz + make_interval(secs => expiry_s) where "
        "expires_at is null"};
    static constexpr store::Query list{
        "sessions_list",
        "select credential, client_id, subscriptions, expiry_s, expires_at, revision from session"};
    delete_expired_sessions(tx, now);
    tx.execute(begin, now);
    std::vector<net::MqttStoredSession> found;
    for (const auto& row : tx.rows(list)) {
        found.push_back({row.get<std::string>("credential"), row.get<std::string>("client_id"),
                         static_cast<std::uint32_t>(row.get<std::int64_t>("expiry_s")),
                         subscriptions_in(row.text("subscriptions")),
                         row.get<base::Instant>("expires_at"),
                         static_cast<std::uint64_t>(row.get<std::int64_t>("revision"))});
    }
    return found;
}

void write_sessions(store::Transaction& tx, const std::vector<net::MqttStoredSession>& sessions) {
    static constexpr store::Query write{
        "sessions_write",
        "insert into session (credential, client_id, subscriptions, expiry_s, expires_at, "
        "revision) select c, i, s::jsonb, e, nullif(a, '')::timestamptz, r from "
        "unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::text[], $6::int8[]) as n (c, "
        "i, s, e, a, r) on conflict (credential, client_id) do update set subscriptions = "
        "excluded.subscriptions, expiry_s = excluded.expiry_s, expires_at = excluded.expires_at, "
        "revision = excluded.revision where session.revision <= excluded.revision"};
    if (sessions.empty()) return;
    std::vector<std::string> credentials;
    std::vector<std::string> client_ids;
    std::vector<std::string> subscriptions;
    std::vector<std::int64_t> expiries;
    std::vector<std::string> ends;
    std::vector<std::int64_t> revisions;
    for (const auto& one : sessions) {
        credentials.push_back(one.owner);
        client_ids.push_back(one.client_id);
        subscriptions.push_back(subscriptions_text(one.subscriptions));
        expiries.push_back(one.expiry_s);
        ends.push_back(one.expires_at ? base::to_rfc3339(*one.expires_at) : std::string{});
        revisions.push_back(static_cast<std::int64_t>(one.revision));
    }
    tx.execute(write, credentials, client_ids, subscriptions, expiries, ends, revisions);
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
