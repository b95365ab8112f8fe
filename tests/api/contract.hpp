// Routes and the contract, compared both ways; and what each role is let through.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/api/ask.hpp"
#include "vigie/access/principal.hpp"
#include "vigie/api/access_routes.hpp"
#include "vigie/api/router.hpp"

namespace vigie::test {

namespace contract_detail {

inline bool has_idempotency_key(const nlohmann::json& operation) {
    if (!operation.contains("parameters")) return false;
    return std::ranges::any_of(operation["parameters"], [](const auto& parameter) {
        return parameter.value("$ref", "") == "#/components/parameters/idempotency_key";
    });
}

inline bool is_anonymous(const nlohmann::json& operation) {
    return operation.contains("security") && operation["security"].empty();
}

// "{code}" of the pattern must be described as a parameter in the path.
inline bool describes_parameter(const nlohmann::json& contract, const nlohmann::json& operation,
                                const std::string& name) {
    if (!operation.contains("parameters")) return false;
    return std::ranges::any_of(operation["parameters"], [&](const auto& given) {
        const std::string ref = given.value("$ref", "");
        const auto& parameter =
            ref.empty() ? given : contract.at(nlohmann::json::json_pointer(ref.substr(1)));
        return parameter.value("in", "") == "path" && parameter.value("name", "") == name;
    });
}

inline std::vector<std::string> parameters_of(const std::string& pattern) {
    std::vector<std::string> names;
    for (std::size_t at = pattern.find('{'); at != std::string::npos;
         at = pattern.find('{', at + 1))
        names.push_back(pattern.substr(at + 1, pattern.find('}', at) - at - 1));
    return names;
}

inline void compare_operation(const nlohmann::json& contract, const nlohmann::json& operation,
                              const api::Route& route, std::vector<std::string>& differences) {
    const std::string name = route.method + " " + route.pattern;
    for (const auto& parameter : parameters_of(route.pattern))
        if (!describes_parameter(contract, operation, parameter))
            differences.push_back(name + ": the contract does not describe {" + parameter + "}");
    const bool takes_key = route.method == "POST" && route.effect && route.idempotent_key;
    if (takes_key != has_idempotency_key(operation))
        differences.push_back(name + (takes_key ? ": the contract lacks Idempotency-Key"
                                                : ": the contract promises Idempotency-Key"));
    if (route.right.anonymous != is_anonymous(operation) && !operation.contains("security"))
        differences.push_back(name + ": anonymous here, but not in the contract");
    if (!route.right.anonymous && is_anonymous(operation))
        differences.push_back(name + ": anonymous in the contract, but not here");
}

}  // namespace contract_detail

// Every difference between routes (of all routers the contract speaks of) and docs/openapi.yaml.
// Empty: they are the same. `contract` is openapi.json, parsed.
inline std::vector<std::string> contract_differences(const std::vector<api::Route>& routes,
                                                     const nlohmann::json& contract) {
    std::vector<std::string> differences;
    std::set<std::pair<std::string, std::string>> served;
    for (const auto& route : routes) {
        std::string method = route.method;
        std::ranges::transform(method, method.begin(), [](char c) {
            return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
        });
        served.insert({method, route.pattern});
        const auto path = contract["paths"].find(route.pattern);
        if (path == contract["paths"].end() || !path->contains(method))
            differences.push_back(route.method + " " + route.pattern + ": not in the contract");
        else
            contract_detail::compare_operation(contract, (*path)[method], route, differences);
    }
    static const std::set<std::string> methods{"get", "put", "post", "delete", "patch", "options"};
    for (const auto& [pattern, operations] : contract["paths"].items())
        for (const auto& [method, ignored] : operations.items())
            if (methods.contains(method) && !served.contains({method, pattern}))
                differences.push_back(method + " " + pattern + ": in the contract, but not served");
    return differences;
}

inline nlohmann::json contract_document() {
    return nlohmann::json::parse(api::contract_json());
}

// The routers under the rights matrix are built with this: the header X-Test-Role says who asks.
// Without it nobody is signed in.
inline api::Authenticator role_authenticator() {
    return [](const wire::Request& request)
               -> boost::asio::awaitable<base::Result<access::Principal>> {
        const auto role = access::role_from(request.headers.get("X-Test-Role"));
        if (!role) co_return base::fail(base::Errc::unauthenticated, "nobody", "personne");
        access::Principal principal;
        principal.id = 1;
        principal.login = std::string(access::to_string(*role));
        principal.role = *role;
        principal.grants = access::default_grants(*role);
        co_return principal;
    };
}

inline constexpr access::Role every_role[] = {
    access::Role::operator_,   access::Role::supervisor,    access::Role::director,
    access::Role::crew_member, access::Role::administrator, access::Role::integrator};

namespace contract_detail {

inline std::string target_of(const std::string& pattern) {
    std::string target;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern[at] == '{') {
            target += '1';
            at = pattern.find('}', at);
        } else {
            target += pattern[at];
        }
    }
    return target;
}

inline unsigned status_for(api::Router& router, const api::Route& route, const char* role) {
    auto request = request_to(route.method, target_of(route.pattern));
    if (role != nullptr) request.headers.set("X-Test-Role", role);
    return ask(router, std::move(request)).status;
}

}  // namespace contract_detail

// Asks every route as every role and as nobody, through Router::serve, and answers every surprise:
// nobody must hear 401 (but on anonymous routes), a role without the route's right 403, one with it
// neither. `router` is built with role_authenticator(); a pool that reaches no database will do:
// what is let through is then answered 503. `skip`: routes whose handler cannot be run in a test.
inline std::vector<std::string> rights_surprises(
    api::Router& router, base::Instant now,
    const std::function<bool(const api::Route&)>& skip = {}) {
    std::vector<std::string> surprises;
    for (const auto& route : router.routes()) {
        if (skip && skip(route)) continue;
        const std::string name = route.method + " " + route.pattern;
        const auto& right = route.right;
        const auto nobody = contract_detail::status_for(router, route, nullptr);
        if (!right.anonymous && nobody != 401)
            surprises.push_back(name + " answers nobody " + std::to_string(nobody));
        for (const auto role : every_role) {
            access::Principal principal;
            principal.grants = access::default_grants(role);
            const bool may = right.anonymous || right.service.empty() ||
                             principal.may(right.level, right.service, now);
            const std::string word(access::to_string(role));
            const auto status = contract_detail::status_for(router, route, word.c_str());
            const bool refused = status == 401 || status == 403;
            if (right.anonymous ? status == 403 : may ? refused : status != 403)
                surprises.push_back(name + " answers " + word + " " + std::to_string(status));
        }
    }
    return surprises;
}

// The matrix itself, a line a route ("GET /api/v1/people: supervisor director administrator"): to
// be compared with a table written by hand, so that a right is never widened unseen.
inline std::vector<std::string> rights_table(const std::vector<api::Route>& routes,
                                             base::Instant now) {
    std::vector<std::string> lines;
    for (const auto& route : routes) {
        std::string line = route.method + " " + route.pattern + ":";
        if (route.right.anonymous) line += " anyone";
        for (const auto role : every_role) {
            access::Principal principal;
            principal.grants = access::default_grants(role);
            const bool may = route.right.service.empty() ||
                             principal.may(route.right.level, route.right.service, now);
            if (!route.right.anonymous && may) line += " " + std::string(access::to_string(role));
        }
        lines.push_back(std::move(line));
    }
    std::ranges::sort(lines);
    return lines;
}

}  // namespace vigie::test
