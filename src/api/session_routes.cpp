#include <nlohmann/json.hpp>

#include "vigie/api/access_routes.hpp"
#include "vigie/api/body.hpp"
#include "vigie/base/text.hpp"

namespace vigie::api {

namespace {

using boost::asio::awaitable;
using nlohmann::json;

json grant_json(const access::Grant& grant) {
    json out{{"level", access::to_string(grant.level)}, {"service", grant.service}};
    if (!grant.commune.empty()) out["commune"] = grant.commune;
    if (grant.from) out["from"] = base::to_rfc3339(*grant.from);
    if (grant.until) out["until"] = base::to_rfc3339(*grant.until);
    return out;
}

json session_json(const access::Principal& principal, std::optional<base::Instant> expires_at) {
    json out{{"login", principal.login},
             {"name", principal.name},
             {"role", access::to_string(principal.role)},
             {"employer", principal.employer},
             {"grants", json::array()}};
    for (const auto& grant : principal.grants)
        out["grants"].push_back(grant_json(grant));
    if (!principal.crew.empty()) out["crew"] = principal.crew;
    if (!principal.csrf_token.empty()) out["csrf_token"] = principal.csrf_token;
    if (expires_at) out["expires_at"] = base::to_rfc3339(*expires_at);
    return out;
}

json token_json(const access::Token& token) {
    json out{{"id", std::to_string(token.id)},
             {"name", token.name},
             {"created_at", base::to_rfc3339(token.created_at)}};
    if (token.expires_at) out["expires_at"] = base::to_rfc3339(*token.expires_at);
    if (token.last_used_at) out["last_used_at"] = base::to_rfc3339(*token.last_used_at);
    return out;
}

// A form of another site can send text/plain that happens to be JSON, without asking first.
base::Result<void> check_sign_in_request(const Request& request) {
    if (!same_origin(request.http))
        return base::fail(base::Errc::forbidden, "the request comes from another site",
                          "la requête vient d'un autre site");
    if (!request.http.headers.get("Content-Type").starts_with("application/json"))
        return base::fail(base::Errc::unsupported, "the body must be application/json",
                          "le corps doit être en application/json");
    return {};
}

struct SignInBody {
    std::string login;
    std::string password;
};

base::Result<SignInBody> read_sign_in(const Request& request) {
    if (auto good = check_sign_in_request(request); !good) return std::move(good).error();
    const auto parsed = parse_json(request.http.body);
    if (!parsed) return parsed.error();
    Body body(**parsed);
    SignInBody given{body.text("login", {1, 200}),
                     body.text("password", {1, access::password_bytes_max})};
    if (auto read = body.finish(); !read) return std::move(read).error();
    return given;
}

awaitable<Answer> sign_in(access::Sessions& sessions, Request request) {
    auto given = read_sign_in(request);
    if (!given) co_return std::move(given).error();
    auto opened = co_await sessions.sign_in(std::move(given->login), std::move(given->password),
                                            request.http.peer);
    if (!opened) co_return std::move(opened).error();
    auto response = json_response(200, session_json(opened->principal, opened->expires_at));
    response.headers.add("Set-Cookie", access::session_cookie_header(*opened, sessions.limits(),
                                                                     request.http.secure));
    co_return response;
}

// From what the door found out already: a console that is opened anew while the database is away
// asks this first.
awaitable<Answer> who_am_i(Request request) {
    co_return json_response(200, session_json(request.actor, request.actor.session_ends));
}

Answer sign_out(const Request& request, store::Transaction& tx, access::Sessions& sessions) {
    if (!request.actor.by_cookie)
        return base::fail(base::Errc::conflict, "a token has no session to end: revoke it instead",
                          "un jeton n'a pas de session : révoquez-le plutôt");
    access::end_session(tx, request.actor.session);
    sessions.forget_person(tx, request.actor.id);
    auto response = no_content();
    response.headers.add("Set-Cookie", access::cleared_cookie_header(request.http.secure));
    return response;
}

Answer my_tokens(const Request& request, store::Transaction& tx) {
    json rows = json::array();
    for (const auto& token : access::list_tokens(tx, request.actor.id, request.now))
        rows.push_back(token_json(token));
    return json_response(200, {{"rows", rows}});
}

Answer create_token(const Request& request, store::Transaction& tx) {
    // A token that leaked must not be able to outlive its revocation in others it made.
    if (!request.actor.by_cookie)
        return base::fail(base::Errc::forbidden, "sign in with a password to make a token",
                          "connectez-vous par mot de passe pour créer un jeton");
    Body body(request.json());
    const auto name = body.text("name", {1, 200});
    const auto expires_at = body.optional_instant("expires_at");
    if (auto read = body.finish(); !read) return std::move(read).error();
    auto made = access::make_token(tx, request.actor.id, name, expires_at, request.now);
    if (!made) return std::move(made).error();
    request.note("token", made->token.id);
    auto out = token_json(made->token);
    out["secret"] = made->secret;
    return json_response(201, out);
}

Answer revoke_my_token(const Request& request, store::Transaction& tx, access::Sessions& sessions) {
    const auto id = base::parse_int(request.path_value("id"));
    auto revoked = access::revoke_token(tx, request.actor.id, id.value_or(0), request.now);
    if (!revoked) return std::move(revoked).error();
    sessions.forget_person(tx, request.actor.id);
    return no_content();
}

}  // namespace

Authenticator session_authenticator(access::Sessions& sessions) {
    return [&sessions](const wire::Request& request) { return sessions.authenticate(request); };
}

void add_session_routes(Router& router, access::Sessions& sessions) {
    router.handle("POST", "/api/v1/session", anyone(),
                  [&sessions](Request request) { return sign_in(sessions, std::move(request)); });
    router.handle("GET", "/api/v1/session", signed_in(), who_am_i);
    router.del("/api/v1/session", signed_in(),
               [&sessions](const Request& request, store::Transaction& tx) {
                   return sign_out(request, tx, sessions);
               });
    router.get("/api/v1/tokens", signed_in(), my_tokens);
    // Without Idempotency-Key: the answer holds a secret, which is kept nowhere.
    router.post("/api/v1/tokens", signed_in(), create_token, false);
    router.del("/api/v1/tokens/{id}", signed_in(),
               [&sessions](const Request& request, store::Transaction& tx) {
                   return revoke_my_token(request, tx, sessions);
               });
}

}  // namespace vigie::api
