#include "ingest/session_store.hpp"

#include "ingest/session_text.hpp"

namespace vigie::ingest {

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

void delete_sessions(store::Transaction& tx, const std::vector<ErasedSession>& sessions) {
    static constexpr store::Query forget{
        "sessions_delete",
        "delete from session using unnest($1::text[], $2::text[], $3::int8[]) as n (c, i, r) "
        "where credential = c and client_id = i and revision <= r"};
    if (sessions.empty()) return;
    std::vector<std::string> credentials;
    std::vector<std::string> client_ids;
    std::vector<std::int64_t> revisions;
    for (const auto& one : sessions) {
        credentials.push_back(one.owner);
        client_ids.push_back(one.client_id);
        revisions.push_back(static_cast<std::int64_t>(one.revision));
    }
    tx.execute(forget, credentials, client_ids, revisions);
}

}  // namespace vigie::ingest
