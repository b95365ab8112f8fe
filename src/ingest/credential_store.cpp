#include "ingest/credential_store.hpp"

namespace vigie::ingest {

namespace {

Credential credential_in(const store::Row& row) {
    Credential credential;
    credential.id = row.get<std::int32_t>("id");
    credential.name = row.get<std::string>("name");
    credential.all_assets = row.get<bool>("all_assets");
    credential.may_backfill = row.get<bool>("may_backfill");
    credential.assets = row.get<std::int64_t>("assets");
    credential.created_at = row.get<base::Instant>("created_at");
    credential.revoked_at = row.maybe<base::Instant>("revoked_at");
    credential.limits = {.messages_per_s = row.maybe<double>("messages_per_s"),
                         .messages_burst = row.maybe<double>("messages_burst"),
                         .values_per_s = row.maybe<double>("values_per_s"),
                         .message_bytes_max = row.maybe<std::int64_t>("message_bytes_max")};
    credential.certificate = row.get<std::string>("certificate");
    return credential;
}

}  // namespace

void lock_credentials(store::Transaction& tx) {
    static constexpr store::Query lock{
        "credentials_lock", "select pg_advisory_xact_lock(hashtext('vigie.credentials'))"};
    tx.execute(lock);
}

std::optional<CredentialRow> find_credential(store::Transaction& tx, const std::string& name) {
    static constexpr store::Query find{
        "credential_find",
        "select id, name, all_assets, may_backfill, created_at, revoked_at, messages_per_s, "
        "messages_burst, values_per_s, message_bytes_max, coalesce(certificate, '') as "
        "certificate, encode(secret_hash, "
        "'hex') as hash, (select count(*) from credential_asset where credential_id = id) as "
        "assets from credential where name = $1"};
    const auto row = tx.optional_row(find, name);
    if (!row) return std::nullopt;
    return CredentialRow{credential_in(*row), row->get<std::string>("hash")};
}

std::vector<Credential> list_credentials(store::Transaction& tx, const std::string& after,
                                         std::size_t limit) {
    static constexpr store::Query list{
        "credentials_list",
        "select id, name, all_assets, may_backfill, created_at, revoked_at, messages_per_s, "
        "messages_burst, values_per_s, message_bytes_max, coalesce(certificate, '') as "
        "certificate, (select count(*) from "
        "credential_asset where credential_id = id) as assets from credential where name collate "
        "\"C\" > $1 order by name collate \"C\" limit $2"};
    std::vector<Credential> found;
    for (const store::Row& row : tx.rows(list, after, limit))
        found.push_back(credential_in(row));
    return found;
}

std::vector<CredentialRow> credentials_in_force(store::Transaction& tx) {
    static constexpr store::Query list{
        "credentials_in_force",
        "select id, name, all_assets, may_backfill, created_at, revoked_at, messages_per_s, "
        "messages_burst, values_per_s, message_bytes_max, coalesce(certificate, '') as "
        "certificate, encode(secret_hash, "
        "'hex') as hash, (select count(*) from credential_asset where credential_id = id) as "
        "assets "
        "from credential where revoked_at is null"};
    std::vector<CredentialRow> found;
    for (const store::Row& row : tx.rows(list))
        found.push_back({credential_in(row), row.get<std::string>("hash")});
    return found;
}

std::unordered_map<std::int32_t, std::vector<assets::AssetId>> covered_assets(
    store::Transaction& tx) {
    static constexpr store::Query list{
        "credential_assets",
        "select credential_id, asset_id from credential_asset join credential on id = "
        "credential_id where revoked_at is null order by credential_id, asset_id"};
    std::unordered_map<std::int32_t, std::vector<assets::AssetId>> covered;
    for (const store::Row& row : tx.rows(list))
        covered[row.get<std::int32_t>("credential_id")].push_back(
            row.get<std::int32_t>("asset_id"));
    return covered;
}

void write_credential(store::Transaction& tx, const CredentialWish& wish,
                      const std::string& secret_hash, const std::string& certificate,
                      const std::vector<std::int64_t>& asset_ids) {
    static constexpr store::Query write{
        "credential_write",
        "insert into credential (name, username, secret_hash, all_assets, may_backfill, "
        "certificate) values ($1, $1, decode($2, 'hex'), $3, $4, nullif($5, '')) on conflict "
        "(name) do update set secret_hash = "
        "excluded.secret_hash, all_assets = excluded.all_assets, may_backfill = "
        "excluded.may_backfill, certificate = excluded.certificate, revoked_at = null returning "
        "id"};
    static constexpr store::Query uncover{"credential_uncover",
                                          "delete from credential_asset where credential_id = $1"};
    static constexpr store::Query cover{
        "credential_cover",
        "insert into credential_asset (credential_id, asset_id) select $1, a from "
        "unnest($2::int4[]) as n (a)"};
    const auto id =
        tx.row(write, wish.name, secret_hash, wish.all_assets, wish.may_backfill, certificate)
            ->get<std::int32_t>("id");
    write_limits(tx, id, wish.limits);
    tx.execute(uncover, id);
    if (!asset_ids.empty()) tx.execute(cover, id, asset_ids);
}

std::optional<std::string> name_of_certificate(store::Transaction& tx,
                                               const std::string& certificate) {
    static constexpr store::Query find{
        "credential_of_certificate",
        "select name from credential where certificate = $1 and revoked_at is null"};
    const auto row = tx.optional_row(find, certificate);
    return row ? std::optional(row->get<std::string>("name")) : std::nullopt;
}

std::int64_t credential_change(store::Transaction& tx) {
    static constexpr store::Query read{"credential_change", "select number from credential_change"};
    return tx.row(read)->get<std::int64_t>("number");
}

void write_limits(store::Transaction& tx, std::int32_t id, const CredentialLimits& limits) {
    static constexpr store::Query write{
        "credential_limits_write",
        "update credential set messages_per_s = $2, messages_burst = $3, values_per_s = $4, "
        "message_bytes_max = $5 where id = $1"};
    tx.execute(write, id, limits.messages_per_s, limits.messages_burst, limits.values_per_s,
               limits.message_bytes_max);
}

void mark_revoked(store::Transaction& tx, std::int32_t id, base::Instant at) {
    static constexpr store::Query revoke{
        "credential_revoke",
        "update credential set revoked_at = $2::timestamptz, certificate = null where id = $1"};
    tx.execute(revoke, id, at);
}

}  // namespace vigie::ingest
