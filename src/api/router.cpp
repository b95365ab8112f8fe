#include "vigie/api/router.hpp"

#include <sodium.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/system/system_error.hpp>
#include <cassert>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "api/effect.hpp"
#include "api/problem.hpp"
#include "vigie/api/body.hpp"
#include "vigie/api/etag.hpp"
#include "vigie/base/text.hpp"

namespace vigie::api {

namespace {

using PathValues = std::vector<std::pair<std::string, std::string>>;
using boost::asio::awaitable;

constexpr int effect_attempts_max = 3;

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// The parameters' values, or nothing when the path is another's.
std::optional<PathValues> path_values(std::string_view pattern, std::string_view path) {
    const auto expected = base::split(pattern, '/');
    const auto given = base::split(path, '/');
    if (expected.size() != given.size()) return std::nullopt;
    PathValues values;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (is_parameter(expected[i])) {
            if (given[i].empty()) return std::nullopt;
            const auto name = expected[i].substr(1, expected[i].size() - 2);
            values.emplace_back(std::string(name), std::string(given[i]));
        } else if (expected[i] != given[i]) {
            return std::nullopt;
        }
    }
    return values;
}

bool changes_something(std::string_view method) {
    return method != "GET" && method != "HEAD";
}

// A cookie comes along with whatever another site makes the browser send: what changes something
// must also bring what only our own pages know.
base::Result<void> check_forgery(const wire::Request& request, const access::Principal& actor) {
    if (!actor.by_cookie || !changes_something(request.method)) return {};
    if (!same_origin(request))
        return base::fail(base::Errc::forbidden, "the request comes from another site",
                          "la requête vient d'un autre site");
    const auto given = request.headers.get("X-CSRF-Token");
    const auto& expected = actor.csrf_token;
    if (expected.empty() || given.size() != expected.size() ||
        sodium_memcmp(given.data(), expected.data(), given.size()) != 0)
        return base::fail(base::Errc::forbidden, "X-CSRF-Token is missing or wrong",
                          "X-CSRF-Token manque ou ne convient pas");
    return {};
}

base::Result<void> check_right(const Right& right, const access::Principal& actor,
                               base::Instant now) {
    if (right.service.empty() || actor.may(right.level, right.service, now)) return {};
    auto error =
        base::fail(base::Errc::forbidden, "you may not do this", "vous n'avez pas ce droit");
    error.extension = nlohmann::json{{"right",
                                      {{"level", std::string(access::to_string(right.level))},
                                       {"service", right.service}}}}
                          .dump();
    return error;
}

bool is_json_type(std::string_view content_type) {
    const auto type = base::trimmed(content_type.substr(0, content_type.find(';')));
    constexpr std::string_view json_type = "application/json";
    return std::ranges::equal(type, json_type, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
    });
}

base::Result<std::shared_ptr<const nlohmann::json>> read_body(const wire::Request& request) {
    if (request.body.empty()) return std::shared_ptr<const nlohmann::json>{};
    if (request.body.size() > json_body_bytes_max) {
        const std::string max = std::to_string(json_body_bytes_max);
        return base::fail(base::Errc::too_large, "more than " + max + " bytes",
                          "plus de " + max + " octets");
    }
    if (!is_json_type(request.headers.get("Content-Type")))
        return base::fail(base::Errc::unsupported, "the body must be application/json",
                          "le corps doit être en application/json");
    return parse_json(request.body);
}

// Answers hold what only this asker may see: no cache keeps them unless the route says so.
void complete(wire::Response& response, const wire::Request& request) {
    const std::string tag(response.headers.get("ETag"));
    if (!response.headers.has("Cache-Control"))
        response.headers.set("Cache-Control", tag.empty() ? "no-store" : "private, no-cache");
    const bool unchanged = request.method == "GET" && response.status == 200 && !tag.empty() &&
                           names_etag(request.headers.get("If-None-Match"), tag);
    if (!unchanged) return;
    response.status = 304;
    response.body.clear();
    response.shared_body.reset();
}

bool french_asker(const wire::Request& request) {
    return wire::language_of(request.headers.get("Accept-Language")) == "fr";
}

std::string new_error_id() {
    std::array<char, 6> bytes{};
    randombytes_buf(bytes.data(), bytes.size());
    return base::to_hex({bytes.data(), bytes.size()});
}

base::Error database_away(const store::Unavailable& error) {
    return error.in_doubt
               ? base::fail(base::Errc::unavailable,
                            "the database was lost while it stored this: look whether it is there "
                            "before you try again, or use the same Idempotency-Key",
                            "la base de données a été perdue pendant l'écriture : vérifiez avant "
                            "de recommencer, ou reprenez la même Idempotency-Key")
               : base::fail(base::Errc::unavailable, "the database is away",
                            "la base de données est indisponible");
}

bool worth_another_try(const store::Refused& error) {
    return error.sqlstate == "40001" || error.sqlstate == "40P01";
}

wire::Response to_response(Answer answer, const Request& request) {
    if (answer) return *std::move(answer);
    return problem(answer.error(), request.french(), request.http.path);
}

}  // namespace

struct Router::Matched {
    const Route* route{};
    PathValues path;
    std::string allow;  // methods of the routes whose pattern fits
};

struct Router::Counters {
    struct Sum {
        std::uint64_t requests{};
        double seconds{};
    };
    std::mutex mutex;
    std::map<std::tuple<const Route*, unsigned>, Sum> sums;

    void count(const Route* route, unsigned status, base::Duration took) {
        const std::lock_guard lock(mutex);
        auto& sum = sums[{route, status}];
        ++sum.requests;
        sum.seconds += std::chrono::duration<double>(took).count();
    }
};

Router::Router(store::Pool& pool, const base::Clock& clock, Authenticator authenticator)
    : pool_(pool),
      clock_(clock),
      authenticator_(std::move(authenticator)),
      counters_(std::make_unique<Counters>()) {}

Router::~Router() = default;

void Router::add(Route route) {
    for (const auto& known : routes_)
        if (known.method == route.method && known.pattern == route.pattern)
            throw std::logic_error("registered twice: " + route.method + " " + route.pattern);
    routes_.push_back(std::move(route));
}

void Router::get(std::string pattern, Right right, Question question) {
    add({.method = "GET",
         .pattern = std::move(pattern),
         .right = std::move(right),
         .question = std::move(question)});
}

void Router::post(std::string pattern, Right right, Effect effect, bool idempotent_key) {
    add({.method = "POST",
         .pattern = std::move(pattern),
         .right = std::move(right),
         .effect = std::move(effect),
         .idempotent_key = idempotent_key});
}

void Router::put(std::string pattern, Right right, Effect effect) {
    add({.method = "PUT",
         .pattern = std::move(pattern),
         .right = std::move(right),
         .effect = std::move(effect)});
}

void Router::patch(std::string pattern, Right right, Effect effect) {
    add({.method = "PATCH",
         .pattern = std::move(pattern),
         .right = std::move(right),
         .effect = std::move(effect)});
}

void Router::del(std::string pattern, Right right, Effect effect) {
    add({.method = "DELETE",
         .pattern = std::move(pattern),
         .right = std::move(right),
         .effect = std::move(effect)});
}

void Router::handle(std::string method, std::string pattern, Right right, Handler handler) {
    add({.method = std::move(method),
         .pattern = std::move(pattern),
         .right = std::move(right),
         .handler = std::move(handler),
         .idempotent_key = false});
}

// Where a fixed word and a parameter both fit, the pattern with fewer parameters is meant.
Router::Matched Router::match(const wire::Request& request) const {
    Matched best;
    for (const auto& route : routes_) {
        auto values = path_values(route.pattern, request.path);
        if (!values) continue;
        if (route.method != request.method) {
            if (!best.allow.empty()) best.allow += ", ";
            best.allow += route.method;
        } else if (best.route == nullptr || values->size() < best.path.size()) {
            best.route = &route;
            best.path = *std::move(values);
        }
    }
    return best;
}

awaitable<wire::Response> Router::serve(wire::Request request) {
    const auto started = clock_.now();
    const bool french = french_asker(request);
    const std::string path = request.path;
    Matched found = match(request);
    wire::Response response;
    if (found.route == nullptr) {
        response = found.allow.empty()
                       ? problem(base::fail(base::Errc::not_found, "no such page or route",
                                            "page ou route inconnue"),
                                 french, path)
                       : method_not_allowed(found.allow, french);
    } else {
        try {
            response = co_await answer(std::move(request), *found.route, std::move(found.path));
        } catch (const store::Unavailable& error) {
            response = problem(database_away(error), french, path);
        } catch (const boost::system::system_error& error) {
            if (error.code() == boost::asio::error::operation_aborted) throw;
            response = failed(*found.route, error.what(), french);
        } catch (const std::exception& error) {
            response = failed(*found.route, error.what(), french);
        }
    }
    counters_->count(found.route, response.status, clock_.now() - started);
    co_return response;
}

wire::Response Router::failed(const Route& route, const char* what, bool french) {
    const std::string id = new_error_id();
    spdlog::error("request failed: {} {}, id {}: {}", route.method, route.pattern, id, what);
    return internal_failure(id, french);
}

awaitable<base::Result<access::Principal>> Router::asker(const wire::Request& request) {
    try {
        co_return co_await authenticator_(request);
    } catch (const store::Unavailable& error) {
        co_return database_away(error);
    }
}

awaitable<base::Result<access::Principal>> Router::admit(wire::Request request, Right right) {
    base::Result<access::Principal> actor = co_await asker(request);
    if (!actor) co_return actor;
    if (actor->by_cookie && !same_origin(request))
        co_return base::fail(base::Errc::forbidden, "the request comes from another site",
                             "la requête vient d'un autre site");
    if (auto allowed = check_right(right, *actor, clock_.now()); !allowed)
        co_return std::move(allowed).error();
    co_return actor;
}

awaitable<wire::Response> Router::answer(wire::Request http, const Route& route, PathValues path) {
    auto request = std::make_shared<Request>();
    request->http = std::move(http);
    request->now = clock_.now();
    request->route = route.pattern;
    request->path = std::move(path);
    request->actor.login = "anonymous";
    const auto refuse = [&request](const base::Error& error) {
        return problem(error, request->french(), request->http.path);
    };
    if (!route.right.anonymous) {
        auto actor = co_await authenticator_(request->http);
        if (!actor) co_return refuse(actor.error());
        request->actor = *std::move(actor);
        if (auto genuine = check_forgery(request->http, request->actor); !genuine)
            co_return refuse(genuine.error());
        if (auto allowed = check_right(route.right, request->actor, request->now); !allowed)
            co_return refuse(allowed.error());
    }
    if (route.effect) {
        auto body = read_body(request->http);
        if (!body) co_return refuse(body.error());
        request->parsed = *std::move(body);
    }
    auto response = co_await run(request, route);
    complete(response, request->http);
    co_return response;
}

// What runs on the pool's threads owns the request: this frame may be gone by then.
awaitable<wire::Response> Router::run(std::shared_ptr<Request> request, const Route& route) {
    if (route.handler) {
        std::string body = std::move(request->http.body);  // may be large: moved, not copied
        Request given = *request;
        given.http.body = std::move(body);
        Answer answer = co_await route.handler(std::move(given));
        co_return to_response(std::move(answer), *request);
    }
    if (route.question) {
        Answer answer = co_await pool_.read(
            [request, &route](store::Transaction& tx) { return route.question(*request, tx); });
        co_return to_response(std::move(answer), *request);
    }
    for (int attempt = 1;; ++attempt) {
        request->notes = std::make_shared<nlohmann::json>(nlohmann::json::object());
        try {
            EffectOutcome outcome = co_await pool_.write([request, &route](store::Transaction& tx) {
                return run_effect(route, *request, tx);
            });
            co_return std::move(outcome.response);
        } catch (const store::Refused& error) {
            if (!worth_another_try(error) || attempt == effect_attempts_max) throw;
        }
    }
}

std::vector<RouteCount> Router::counts() const {
    const std::lock_guard lock(counters_->mutex);
    std::vector<RouteCount> out;
    for (const auto& [key, sum] : counters_->sums) {
        const auto& [route, status] = key;
        out.push_back({route == nullptr ? "" : route->method,
                       route == nullptr ? "" : route->pattern, status, sum.requests, sum.seconds});
    }
    return out;
}

bool same_origin(const wire::Request& request) {
    if (!request.headers.has("Origin")) return true;
    const auto origin = request.headers.get("Origin");
    const auto host = request.headers.get("Host");
    const auto scheme_end = origin.find("://");
    if (scheme_end == std::string_view::npos || host.empty()) return false;
    return std::ranges::equal(origin.substr(scheme_end + 3), host, [](char a, char b) {
        const auto lower = [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        };
        return lower(a) == lower(b);
    });
}

}  // namespace vigie::api
