#include <nlohmann/json.hpp>

#include "ingest/credential_store.hpp"
#include "vigie/access/audit.hpp"
#include "vigie/api/body.hpp"
#include "vigie/api/paging.hpp"
#include "vigie/ingest/credentials.hpp"

namespace vigie::ingest {

namespace {

using nlohmann::json;

constexpr std::size_t credentials_per_request_max = 100'000;
constexpr std::size_t assets_per_credential_max = 100'000;

json credential_json(const Credential& credential) {
    json row{{"name", credential.name},
             {"user_name", credential.name},
             {"all_assets", credential.all_assets},
             {"assets", credential.assets},
             {"may_backfill", credential.may_backfill},
             {"created_at", base::to_rfc3339(credential.created_at)}};
    if (credential.revoked_at) row["revoked_at"] = base::to_rfc3339(*credential.revoked_at);
    return row;
}

api::Answer list_route(const api::Request& request, store::Transaction& tx) {
    const auto limit = request.limit();
    if (!limit) return limit.error();
    const auto after = api::read_cursor<std::string>(request);
    if (!after) return after.error();
    api::Page page(*limit);
    const std::string start = *after ? std::get<0>(**after) : std::string();
    for (const Credential& credential : list_credentials(tx, start, *limit + 1)) {
        if (!page.add(credential_json(credential), api::make_cursor(credential.name))) break;
    }
    return page.response();
}

struct CreateWish {
    std::vector<CredentialWish> credentials;
    bool replace{};
};

base::Result<CreateWish> create_wish(const std::string& text) {
    const auto parsed = api::parse_json(text);
    if (!parsed) return parsed.error();
    api::Body body(**parsed);
    CreateWish wish;
    wish.replace = body.optional_boolean("replace").value_or(false);
    body.objects("credentials", 1, credentials_per_request_max, [&](api::Body& each) {
        CredentialWish credential;
        credential.name = each.code("name");
        if (each.has("assets"))
            credential.assets = each.texts("assets", assets_per_credential_max, {1, 64});
        credential.kind = each.optional_code("kind").value_or("");
        credential.all_assets = each.optional_boolean("all_assets").value_or(false);
        credential.may_backfill = each.optional_boolean("may_backfill").value_or(false);
        wish.credentials.push_back(std::move(credential));
    });
    if (const auto read = body.finish(); !read) return read.error();
    return wish;
}

json secrets_json(const std::vector<CredentialSecret>& made) {
    json rows = json::array();
    for (const CredentialSecret& each : made)
        rows.push_back(
            {{"name", each.name}, {"username", each.user_name}, {"password", each.secret}});
    return {{"rows", std::move(rows)}};
}

// No effect route: its answer would be kept for the Idempotency-Key, and secrets are kept nowhere.
api::Answer create_now(Credentials& credentials, const assets::Catalogue& catalogue,
                       const api::Request& request, const CreateWish& wish,
                       store::Transaction& tx) {
    auto made = credentials.create(tx, catalogue, wish.credentials, wish.replace);
    if (!made) return std::move(made).error();
    auto entry = access::audit_entry(request.actor, request.now, "POST /admin/v1/credentials",
                                     request.http.path);
    entry.status = 201;
    entry.peer = request.http.peer;
    json names = json::array();
    for (std::size_t i = 0; i < made->size() && i < 100; ++i)
        names.push_back((*made)[i].name);
    entry.detail = json{{"count", made->size()}, {"first_names", std::move(names)}}.dump();
    access::append_audit(tx, entry);
    return api::json_response(201, secrets_json(*made));
}

}  // namespace

void add_credential_routes(api::Router& admin, Credentials& credentials,
                           const assets::Registry& registry, store::Pool& pool) {
    admin.get("/admin/v1/credentials", api::view("ingest"), list_route);
    admin.handle("POST", "/admin/v1/credentials", api::configure("ingest"),
                 [&credentials, &registry,
                  &pool](api::Request request) -> boost::asio::awaitable<api::Answer> {
                     auto wish = create_wish(request.http.body);
                     if (!wish) co_return std::move(wish).error();
                     auto kept = std::make_shared<const api::Request>(std::move(request));
                     auto asked = std::make_shared<const CreateWish>(std::move(*wish));
                     co_return co_await pool.write([&credentials, &registry, kept,
                                                    asked](store::Transaction& tx) -> api::Answer {
                         return create_now(credentials, *registry.current(), *kept, *asked, tx);
                     });
                 });
    admin.post("/admin/v1/credentials/{name}/revoke", api::configure("ingest"),
               [&credentials](const api::Request& request, store::Transaction& tx) -> api::Answer {
                   auto revoked = credentials.revoke(tx, request.path_value("name"), request.now);
                   if (!revoked) return std::move(revoked).error();
                   return api::json_response(200, credential_json(*revoked));
               });
}

}  // namespace vigie::ingest
