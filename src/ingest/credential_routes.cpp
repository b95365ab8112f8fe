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

constexpr std::size_t pem_chars_max = 20'000;
constexpr double rate_max = 1e9;
constexpr std::int64_t message_bytes_bound = 1024LL * 1024 * 1024;

// What holds; null: no limit of its own kind.
json limits_json(const AllowanceLimits& limits) {
    const auto rate = [](double number) { return number > 0 ? json(number) : json(); };
    return {
        {"messages_per_s", rate(limits.messages.per_second)},
        {"messages_burst", limits.messages.per_second > 0 ? json(limits.messages.burst) : json()},
        {"values_per_s", rate(limits.values.per_second)},
        {"message_bytes_max",
         limits.message_bytes_max > 0 ? json(limits.message_bytes_max) : json()}};
}

// What somebody set, and nothing else.
json own_limits_json(const CredentialLimits& own) {
    json row = json::object();
    if (own.messages_per_s) row["messages_per_s"] = *own.messages_per_s;
    if (own.messages_burst) row["messages_burst"] = *own.messages_burst;
    if (own.values_per_s) row["values_per_s"] = *own.values_per_s;
    if (own.message_bytes_max) row["message_bytes_max"] = *own.message_bytes_max;
    return row;
}

CredentialLimits read_limits(api::Body& body) {
    CredentialLimits limits;
    limits.messages_per_s = body.optional_number("messages_per_s", 0, rate_max);
    limits.messages_burst = body.optional_number("messages_burst", 1, rate_max);
    limits.values_per_s = body.optional_number("values_per_s", 0, rate_max);
    limits.message_bytes_max = body.optional_integer("message_bytes_max", 0, message_bytes_bound);
    return limits;
}

json credential_json(const Credential& credential, const CredentialDefaults& defaults) {
    json row{{"name", credential.name},
             {"user_name", credential.name},
             {"all_assets", credential.all_assets},
             {"assets", credential.assets},
             {"may_backfill", credential.may_backfill},
             {"limits", limits_json(limits_in_force(credential, defaults))},
             {"own_limits", own_limits_json(credential.limits)},
             {"created_at", base::to_rfc3339(credential.created_at)}};
    if (!credential.certificate.empty()) row["certificate"] = credential.certificate;
    if (credential.revoked_at) row["revoked_at"] = base::to_rfc3339(*credential.revoked_at);
    return row;
}

api::Answer list_route(const api::Request& request, store::Transaction& tx,
                       const CredentialDefaults& defaults) {
    const auto limit = request.limit();
    if (!limit) return limit.error();
    const auto after = api::read_cursor<std::string>(request);
    if (!after) return after.error();
    api::Page page(*limit);
    const std::string start = *after ? std::get<0>(**after) : std::string();
    for (const Credential& credential : list_credentials(tx, start, *limit + 1)) {
        if (!page.add(credential_json(credential, defaults), api::make_cursor(credential.name)))
            break;
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
        credential.certificate_pem =
            each.optional_text("certificate", {1, pem_chars_max}).value_or("");
        credential.certificate_subject =
            each.optional_text("certificate_subject", {1, 1'000}).value_or("");
        each.optional_object("limits",
                             [&](api::Body& limits) { credential.limits = read_limits(limits); });
        wish.credentials.push_back(std::move(credential));
    });
    if (const auto read = body.finish(); !read) return read.error();
    return wish;
}

json secrets_json(const std::vector<CredentialSecret>& made) {
    json rows = json::array();
    for (const CredentialSecret& each : made) {
        json row{{"name", each.name}, {"username", each.user_name}};
        if (each.certificate.empty()) {
            row["password"] = each.secret;
        } else {
            row["certificate"] = each.certificate;
        }
        rows.push_back(std::move(row));
    }
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

api::Answer limits_route(Credentials& credentials, const api::Request& request,
                         store::Transaction& tx) {
    api::Body body(request.json());
    const CredentialLimits limits = read_limits(body);
    if (const auto read = body.finish(); !read) return read.error();
    const auto changed = credentials.set_limits(tx, request.path_value("name"), limits);
    if (!changed) return changed.error();
    request.note("limits", own_limits_json(limits));
    return api::json_response(200, credential_json(*changed, credentials.defaults()));
}

}  // namespace

void add_credential_routes(api::Router& admin, Credentials& credentials,
                           const assets::Registry& registry, store::Pool& pool) {
    admin.get("/admin/v1/credentials", api::view("ingest"),
              [&credentials](const api::Request& request, store::Transaction& tx) {
                  return list_route(request, tx, credentials.defaults());
              });
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
                   return api::json_response(200,
                                             credential_json(*revoked, credentials.defaults()));
               });
    admin.post("/admin/v1/credentials/{name}/limits", api::configure("ingest"),
               [&credentials](const api::Request& request, store::Transaction& tx) -> api::Answer {
                   return limits_route(credentials, request, tx);
               });
}

}  // namespace vigie::ingest
