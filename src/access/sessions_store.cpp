#include "access/sessions_store.hpp"

#include "vigie/access/passwords.hpp"

namespace vigie::access {

namespace {

std::vector<Grant> all_grants(store::Transaction& tx, std::int64_t person, Role role) {
    static constexpr store::Query query{"person_grants",
                                        "select level, service, commune, starts_at, ends_at from "
                                        "person_grant where person_id = $1"};
    auto grants = default_grants(role);
    for (const auto& row : tx.rows(query, person)) {
        Grant grant;
        grant.level = level_from(row.text("level")).value_or(Level::view);
        grant.service = row.get<std::string>("service");
        grant.commune = row.get<std::string>("commune");
        grant.from = row.maybe<base::Instant>("starts_at");
        grant.until = row.maybe<base::Instant>("ends_at");
        grants.push_back(std::move(grant));
    }
    return grants;
}

Principal person_principal(store::Transaction& tx, const store::Row& row) {
    Principal principal;
    principal.id = row.get<std::int64_t>("person_id");
    principal.login = row.get<std::string>("login");
    principal.name = row.get<std::string>("name");
    principal.role = role_from(row.text("role")).value_or(Role::operator_);
    principal.employer = row.get<std::string>("employer");
    principal.crew = row.get<std::string>("crew");
    principal.grants = all_grants(tx, principal.id, principal.role);
    return principal;
}

Token to_token(const store::Row& row) {
    return {row.get<std::int64_t>("id"), row.get<std::string>("name"),
            row.get<base::Instant>("created_at"), row.maybe<base::Instant>("expires_at"),
            row.maybe<base::Instant>("last_used_at")};
}

}  // namespace

std::optional<Known> known_by_cookie(store::Transaction& tx, std::string_view secret,
                                     base::Instant now, const SessionLimits& limits,
                                     std::optional<base::Instant> used) {
    static constexpr store::Query query{"session_find", R"sql(
        select s.id, s.csrf_token, greatest(s.last_used_at, $4::timestamptz) as last_used_at, s.expires_at,
               s.person_id, p.login, p.name, p.role, p.employer, p.crew
          from person_session s join person p on p.id = s.person_id
         where s.secret_hash = $1 and s.expires_at > $2::timestamptz
           and greatest(s.last_used_at, $4::timestamptz) > $3::timestamptz and not p.disabled)sql"};
    const auto row = tx.optional_row(query, secret_hash(secret), now, now - limits.idle, used);
    if (!row) return std::nullopt;
    Known known{person_principal(tx, *row), false};
    known.principal.session = row->get<std::int64_t>("id");
    known.principal.by_cookie = true;
    known.principal.csrf_token = row->get<std::string>("csrf_token");
    known.principal.session_ends = row->get<base::Instant>("expires_at");
    known.stale = row->get<base::Instant>("last_used_at") + limits.touched <= now;
    return known;
}

std::optional<Known> known_by_token(store::Transaction& tx, std::string_view secret,
                                    base::Instant now, const SessionLimits& limits,
                                    std::optional<base::Instant> used) {
    static constexpr store::Query query{"token_find", R"sql(
        select t.id, greatest(t.last_used_at, $3::timestamptz) as last_used_at, t.expires_at,
               t.person_id, p.login, p.name, p.role, p.employer, p.crew
          from person_token t join person p on p.id = t.person_id
         where t.secret_hash = $1 and t.revoked_at is null
           and (t.expires_at is null or t.expires_at > $2::timestamptz) and not p.disabled)sql"};
    const auto row = tx.optional_row(query, secret_hash(secret), now, used);
    if (!row) return std::nullopt;
    Known known{person_principal(tx, *row), false};
    known.principal.session = row->get<std::int64_t>("id");
    const auto last = row->maybe<base::Instant>("last_used_at");
    known.stale = !last || *last + limits.touched <= now;
    known.principal.session_ends = row->maybe<base::Instant>("expires_at");
    return known;
}

void touch(store::Transaction& tx, const Principal& principal, base::Instant now) {
    static constexpr store::Query session{
        "session_touch",
        "update person_session set last_used_at = greatest(last_used_at, $2::timestamptz) "
        "where id = $1"};
    static constexpr store::Query token{
        "token_touch", "update person_token set last_used_at = $2::timestamptz where id = $1"};
    tx.execute(principal.by_cookie ? session : token, principal.session, now);
}

std::optional<PasswordRow> password_of(store::Transaction& tx, std::string_view login) {
    static constexpr store::Query query{
        "person_password",
        "select id, password_hash from person where login = $1 and not disabled"};
    const auto row = tx.optional_row(query, login);
    if (!row) return std::nullopt;
    return PasswordRow{row->get<std::int64_t>("id"), row->get<std::string>("password_hash")};
}

void replace_hash(store::Transaction& tx, std::int64_t person, const std::string& before,
                  const std::string& after) {
    static constexpr store::Query query{
        "person_rehash",
        "update person set password_hash = $3 where id = $1 and password_hash = $2"};
    tx.execute(query, person, before, after);
}

std::optional<OpenedSession> open_session(store::Transaction& tx, std::int64_t person,
                                          const std::string& proved_hash, base::Instant now,
                                          const SessionLimits& limits) {
    // The password may have been changed, or the person disabled, since it was compared.
    static constexpr store::Query still{"session_person", R"sql(
        select id as person_id, login, name, role, employer, crew from person
         where id = $1 and password_hash = $2 and not disabled for share)sql"};
    static constexpr store::Query insert{"session_open", R"sql(
        insert into person_session (person_id, secret_hash, csrf_token, created_at, last_used_at,
                                    expires_at)
        values ($1, $2, $3, $4::timestamptz, $4::timestamptz, $5::timestamptz)
     returning id)sql"};
    const auto row = tx.optional_row(still, person, proved_hash);
    if (!row) return std::nullopt;
    OpenedSession opened;
    opened.principal = person_principal(tx, *row);
    opened.principal.by_cookie = true;
    opened.principal.csrf_token = random_secret();
    opened.secret = random_secret();
    opened.expires_at = now + limits.whole;
    opened.principal.session_ends = opened.expires_at;
    opened.principal.session = tx.row(insert, person, secret_hash(opened.secret),
                                      opened.principal.csrf_token, now, opened.expires_at)
                                   ->get<std::int64_t>("id");
    return opened;
}

void end_session(store::Transaction& tx, std::int64_t session) {
    static constexpr store::Query query{"session_close",
                                        "delete from person_session where id = $1"};
    tx.execute(query, session);
}

void end_sessions(store::Transaction& tx, std::int64_t person) {
    static constexpr store::Query query{"session_close_all",
                                        "delete from person_session where person_id = $1"};
    tx.execute(query, person);
}

// Those that were idle for too long stay until their end: a database that took no writes for an
// hour has not heard of their use.
std::size_t purge_sessions(store::Transaction& tx, base::Instant now) {
    static constexpr store::Query query{
        "session_purge", "delete from person_session where expires_at <= $1::timestamptz"};
    return tx.execute(query, now);
}

base::Result<NewToken> make_token(store::Transaction& tx, std::int64_t person,
                                  const std::string& name, std::optional<base::Instant> expires_at,
                                  base::Instant now) {
    static constexpr store::Query insert{"token_make", R"sql(
        insert into person_token (person_id, name, secret_hash, created_at, expires_at)
        values ($1, $2, $3, $4::timestamptz, $5::timestamptz)
     returning id, name, created_at, expires_at, last_used_at)sql"};
    if (expires_at && *expires_at <= now)
        return base::fail_at(base::Errc::invalid, "/expires_at", "is in the past",
                             "est dans le passé");
    if (list_tokens(tx, person, now).size() >= tokens_per_person_max) {
        const std::string max = std::to_string(tokens_per_person_max);
        return base::fail(base::Errc::conflict, "you have " + max + " tokens: revoke one first",
                          "vous avez " + max + " jetons : révoquez-en un d'abord");
    }
    NewToken made;
    made.secret = std::string(token_prefix) + random_secret();
    made.token = to_token(*tx.row(insert, person, name, secret_hash(made.secret), now, expires_at));
    return made;
}

std::vector<Token> list_tokens(store::Transaction& tx, std::int64_t person, base::Instant now) {
    static constexpr store::Query query{"token_list", R"sql(
        select id, name, created_at, expires_at, last_used_at from person_token
         where person_id = $1 and revoked_at is null
           and (expires_at is null or expires_at > $2::timestamptz)
         order by id desc)sql"};
    std::vector<Token> tokens;
    for (const auto& row : tx.rows(query, person, now))
        tokens.push_back(to_token(row));
    return tokens;
}

base::Result<void> revoke_token(store::Transaction& tx, std::int64_t person, std::int64_t token,
                                base::Instant now) {
    static constexpr store::Query query{"token_revoke", R"sql(
        update person_token set revoked_at = $3::timestamptz
         where id = $1 and person_id = $2 and revoked_at is null)sql"};
    if (tx.execute(query, token, person, now) == 0)
        return base::fail(base::Errc::not_found, "no such token", "jeton inconnu");
    return {};
}

}  // namespace vigie::access
