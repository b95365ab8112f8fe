// Routes, and the policy they share: who may, idempotency, preconditions, audit, problem+json.
//
// A service registers its routes once at start. Three shapes, by what the handler needs:
//   question  answers from one read-only transaction
//   effect    changes something in one transaction. There the router also writes an audit row and,
//             for a POST with an Idempotency-Key, the answer. What is streamed goes to
//             tx.after_commit. An error, or a status of 400 and more, rolls everything back. Run
//             again from the start after a deadlock: it must change nothing but through `tx`.
//   handler   a coroutine, for what needs no transaction or more than one. It parses its own body,
//             and writes its own audit row when it changes something.
// All throw store::Unavailable when the database is away; the router answers 503.
//
// A GET whose answer has an ETag is answered 304 to the same If-None-Match.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/access/principal.hpp"
#include "vigie/base/result.hpp"
#include "vigie/base/time.hpp"
#include "vigie/store/database.hpp"
#include "vigie/wire/http.hpp"

namespace vigie::api {

inline constexpr std::size_t json_body_bytes_max = 1024 * 1024;  // of an effect
inline constexpr std::size_t idempotency_key_chars_max = 128;
inline constexpr std::chrono::hours idempotency_kept{24};

// What a route demands. `anonymous` routes (sign-in, public data) look at nobody.
struct Right {
    access::Level level{access::Level::view};
    std::string service;
    bool anonymous{};
};
[[nodiscard]] inline Right view(std::string service) {
    return {access::Level::view, std::move(service), false};
}
[[nodiscard]] inline Right operate(std::string service) {
    return {access::Level::operate, std::move(service), false};
}
[[nodiscard]] inline Right manage(std::string service) {
    return {access::Level::manage, std::move(service), false};
}
[[nodiscard]] inline Right configure(std::string service) {
    return {access::Level::configure, std::move(service), false};
}
[[nodiscard]] inline Right anyone() {
    return {access::Level::view, {}, true};
}
// Any signed-in principal, whatever the grants.
[[nodiscard]] inline Right signed_in() {
    return {access::Level::view, {}, false};
}

class Request {
public:
    wire::Request http;
    access::Principal actor;
    base::Instant now;
    std::string route;                                      // the pattern that matched
    std::vector<std::pair<std::string, std::string>> path;  // {code} -> value

    [[nodiscard]] const std::string& path_value(std::string_view name) const;
    [[nodiscard]] std::optional<std::string> query(std::string_view name) const;
    // 1..page_rows_max, page_rows_default when absent.
    [[nodiscard]] base::Result<std::size_t> limit() const;
    // Parsed once by the router for effects with a JSON body; an empty object when there is none.
    [[nodiscard]] const nlohmann::json& json() const;
    // The version in If-Match: "\"7\"" -> 7; nothing when absent.
    [[nodiscard]] std::optional<std::int64_t> if_match() const;
    [[nodiscard]] bool french() const;
    // The text in the asker's language.
    [[nodiscard]] const std::string& say(const base::Text& text) const {
        return french() ? text.fr : text.en;
    }

    // Says something of an effect in its audit row. Never personal data: it cannot be erased.
    void note(std::string_view name, const nlohmann::json& value) const;

    std::shared_ptr<const nlohmann::json> parsed;
    std::shared_ptr<nlohmann::json> notes;
};

using Answer = base::Result<wire::Response>;
using Question = std::function<Answer(const Request&, store::Transaction&)>;
using Effect = std::function<Answer(const Request&, store::Transaction&)>;
using Handler = std::function<boost::asio::awaitable<Answer>(Request)>;

struct Route {
    std::string method;
    std::string pattern;  // "/api/v1/assets/{code}"
    Right right;
    Question question{};
    Effect effect{};
    Handler handler{};
    // POST effects take Idempotency-Key; false for ingestion, sign-in, and answers with a secret.
    bool idempotent_key{true};
};

[[nodiscard]] wire::Response json_response(unsigned status, const nlohmann::json& body);
[[nodiscard]] wire::Response no_content();
// ETag of a versioned row: "\"7\"".
void set_version(wire::Response& response, std::int64_t version);
// RFC 9457, in the asker's language. The only place where an Errc becomes a status.
[[nodiscard]] wire::Response problem(const base::Error& error, bool french,
                                     std::string_view instance = {});

// Whether `Origin`, if there is one, names the host that was asked: a page of another site cannot
// lie about it.
[[nodiscard]] bool same_origin(const wire::Request& request);

// Forgets answers older than idempotency_kept; how many. Called from time to time by app.
std::size_t purge_idempotency(store::Transaction& tx, base::Instant now);

struct RouteCount {
    std::string method;  // empty with `route` when no route matched
    std::string route;
    unsigned status{};
    std::uint64_t requests{};
    double seconds{};  // in all
};

// Finds out who asks; api does not know about cookies and passwords.
using Authenticator =
    std::function<boost::asio::awaitable<base::Result<access::Principal>>(const wire::Request&)>;

class Router {
public:
    Router(store::Pool& pool, const base::Clock& clock, Authenticator authenticator);
    ~Router();

    void get(std::string pattern, Right right, Question question);
    void post(std::string pattern, Right right, Effect effect, bool idempotent_key = true);
    void put(std::string pattern, Right right, Effect effect);
    void patch(std::string pattern, Right right, Effect effect);
    void del(std::string pattern, Right right, Effect effect);
    // For what does not fit one transaction. POST through here carries no Idempotency-Key.
    void handle(std::string method, std::string pattern, Right right, Handler handler);

    // Never throws, but boost::system::system_error with operation_aborted at shutdown.
    boost::asio::awaitable<wire::Response> serve(wire::Request request);

    // For what does not come as an ordinary request (the stream's upgrade): who asks, if they may.
    // With a cookie, the request must come from our own pages. unavailable: the database is away,
    // and nobody knows.
    boost::asio::awaitable<base::Result<access::Principal>> admit(wire::Request request,
                                                                  Right right);

    // For the contract test and the rights matrix.
    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }
    // For metrics. Thread-safe.
    [[nodiscard]] std::vector<RouteCount> counts() const;

private:
    struct Matched;
    struct Counters;
    void add(Route route);
    boost::asio::awaitable<base::Result<access::Principal>> asker(const wire::Request& request);
    [[nodiscard]] Matched match(const wire::Request& request) const;
    boost::asio::awaitable<wire::Response> answer(
        wire::Request request, const Route& route,
        std::vector<std::pair<std::string, std::string>> path);
    static wire::Response failed(const Route& route, const char* what, bool french);
    boost::asio::awaitable<wire::Response> run(std::shared_ptr<Request> request,
                                               const Route& route);
    store::Pool& pool_;
    const base::Clock& clock_;
    Authenticator authenticator_;
    std::vector<Route> routes_;
    std::unique_ptr<Counters> counters_;
};

}  // namespace vigie::api
