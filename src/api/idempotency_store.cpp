#include <sodium.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "api/idempotency.hpp"
#include "vigie/base/text.hpp"

namespace vigie::api {

namespace {

// Sizes are hashed too, so that no two requests run together into the same bytes.
std::string request_hash(const wire::Request& request) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    const auto feed = [&state](std::string_view part) {
        const std::string size = std::to_string(part.size()) + ":";
        crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(size.data()),
                                  size.size());
        crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(part.data()),
                                  part.size());
    };
    feed(request.path);
    for (const auto& [name, value] : request.query) {
        feed(name);
        feed(value);
    }
    feed(request.body);
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256_final(&state, digest.data());
    return base::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

wire::Response kept_answer(const store::Row& row) {
    wire::Response response;
    response.status = static_cast<unsigned>(row.get<std::int64_t>("status"));
    const auto headers = nlohmann::json::parse(row.get<std::string>("headers"));
    for (const auto& header : headers)
        response.headers.add(header.at(0).get<std::string>(), header.at(1).get<std::string>());
    response.body = row.get<std::string>("body");
    response.headers.set("Idempotency-Replayed", "true");
    return response;
}

}  // namespace

base::Result<std::optional<IdempotencyClaim>> idempotency_claim(const Request& request) {
    if (!request.http.headers.has("Idempotency-Key")) return std::optional<IdempotencyClaim>{};
    const std::string key(request.http.headers.get("Idempotency-Key"));
    const bool printable = std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7F; });
    if (key.empty() || key.size() > idempotency_key_chars_max || !printable)
        return base::fail_at(base::Errc::malformed, "Idempotency-Key",
                             "must be 1 to 128 printable ASCII characters",
                             "doit avoir 1 à 128 caractères ASCII imprimables");
    const auto& actor = request.actor;
    IdempotencyClaim claim;
    claim.principal = actor.id > 0 ? "person:" + std::to_string(actor.id) : actor.login;
    claim.route = request.http.method + " " + request.route;
    claim.key = key;
    claim.request_hash = request_hash(request.http);
    return std::optional(std::move(claim));
}

base::Result<std::optional<wire::Response>> take_key(store::Transaction& tx,
                                                     const IdempotencyClaim& claim,
                                                     base::Instant now) {
    // A duplicate in flight holds the row: the insert waits for its commit or rollback.
    static constexpr store::Query insert{"idempotency_take", R"sql(
        insert into idempotency as kept (principal, route, key, request_hash, created_at)
        values ($1, $2, $3, $4, $5::timestamptz)
            on conflict (principal, route, key) do update
           set request_hash = excluded.request_hash, created_at = excluded.created_at,
               status = null, headers = null, body = null
         where kept.created_at < $6::timestamptz)sql"};
    static constexpr store::Query find{"idempotency_find", R"sql(
        select request_hash, status, headers, body from idempotency
         where principal = $1 and route = $2 and key = $3)sql"};
    const auto taken = tx.execute(insert, claim.principal, claim.route, claim.key,
                                  claim.request_hash, now, now - idempotency_kept);
    if (taken > 0) return std::optional<wire::Response>{};
    const auto row = tx.row(find, claim.principal, claim.route, claim.key);
    if (row->get<std::string>("request_hash") != claim.request_hash)
        return base::fail_at(base::Errc::invalid, "Idempotency-Key", "was used for another request",
                             "a déjà servi pour une autre requête");
    return std::optional(kept_answer(*row));
}

void keep_answer(store::Transaction& tx, const IdempotencyClaim& claim,
                 const wire::Response& response) {
    static constexpr store::Query query{"idempotency_keep", R"sql(
        update idempotency set status = $4, headers = $5, body = $6
         where principal = $1 and route = $2 and key = $3)sql"};
    auto headers = nlohmann::json::array();
    for (const auto& [name, value] : response.headers)
        headers.push_back({name, value});
    tx.execute(query, claim.principal, claim.route, claim.key, response.status, headers.dump(),
               response.shared_body ? *response.shared_body : response.body);
}

std::size_t purge_idempotency(store::Transaction& tx, base::Instant now) {
    static constexpr store::Query query{
        "idempotency_purge", "delete from idempotency where created_at < $1::timestamptz"};
    return tx.execute(query, now - idempotency_kept);
}

}  // namespace vigie::api
