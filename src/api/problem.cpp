#include "api/problem.hpp"

#include <nlohmann/json.hpp>

#include "vigie/api/router.hpp"

namespace vigie::api {

namespace {

using base::Errc;

struct ProblemKind {
    Errc code;
    unsigned status;
    const char* name;
    const char* en;
    const char* fr;
};

constexpr ProblemKind problem_kinds[] = {
    {Errc::invalid, 422, "invalid", "Not valid", "Non valable"},
    {Errc::malformed, 400, "malformed", "Not understood", "Incompréhensible"},
    {Errc::unauthenticated, 401, "unauthenticated", "Not signed in", "Non authentifié"},
    {Errc::forbidden, 403, "forbidden", "Not allowed", "Interdit"},
    {Errc::not_found, 404, "not_found", "Not found", "Introuvable"},
    {Errc::conflict, 409, "conflict", "Conflict", "Conflit"},
    {Errc::precondition_failed, 412, "precondition_failed", "Changed meanwhile",
     "Modifié entre-temps"},
    {Errc::too_large, 413, "too_large", "Too large", "Trop volumineux"},
    {Errc::unsupported, 415, "unsupported", "Not supported", "Non pris en charge"},
    {Errc::limit_exceeded, 429, "limit_exceeded", "Too many requests", "Trop de requêtes"},
    {Errc::unavailable, 503, "unavailable", "Not available now", "Indisponible"},
    {Errc::expired, 410, "expired", "Expired", "Expiré"},
};

const ProblemKind& kind_of(Errc code) {
    for (const auto& kind : problem_kinds)
        if (kind.code == code) return kind;
    return problem_kinds[0];
}

// What the caller said about itself comes first, what the error adds may not overwrite it.
void extend(nlohmann::json& document, const std::string& extension) {
    if (extension.empty()) return;
    const auto added = nlohmann::json::parse(extension, nullptr, false);
    if (!added.is_object()) return;
    for (const auto& [name, value] : added.items())
        if (!document.contains(name)) document[name] = value;
}

wire::Response problem_response(const nlohmann::json& document, unsigned status, bool french) {
    wire::Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/problem+json");
    response.headers.set("Content-Language", french ? "fr" : "en");
    response.headers.set("Cache-Control", "no-store");
    // Texts may quote what came in; what is not UTF-8 is replaced, never thrown about.
    response.body = document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return response;
}

// A member retry_after_s of the extension is also sent where every HTTP client looks for it.
void set_retry_after(wire::Response& response, const nlohmann::json& document) {
    const auto found = document.find("retry_after_s");
    if (found != document.end() && found->is_number_integer())
        response.headers.set("Retry-After", std::to_string(found->get<std::int64_t>()));
    else if (response.status == 503)
        response.headers.set("Retry-After", "5");
}

}  // namespace

wire::Response problem(const base::Error& error, bool french, std::string_view instance) {
    const ProblemKind& kind = kind_of(error.code);
    nlohmann::json document;
    document["type"] = std::string("urn:vigie:problem:") + kind.name;
    document["title"] = french ? kind.fr : kind.en;
    document["status"] = kind.status;
    const std::string& detail = french ? error.detail.fr : error.detail.en;
    if (!detail.empty()) document["detail"] = detail;
    if (!instance.empty()) document["instance"] = instance;
    for (const auto& field : error.fields)
        document["errors"].push_back({{"pointer", field.pointer},
                                      {"message", french ? field.message.fr : field.message.en}});
    extend(document, error.extension);

    auto response = problem_response(document, kind.status, french);
    if (kind.status == 401) response.headers.set("WWW-Authenticate", "Bearer realm=\"vigie\"");
    set_retry_after(response, document);
    return response;
}

wire::Response method_not_allowed(const std::string& allow, bool french) {
    nlohmann::json document{{"type", "urn:vigie:problem:method_not_allowed"},
                            {"title", french ? "Méthode refusée" : "Method not allowed"},
                            {"status", 405},
                            {"detail", (french ? "admises ici : " : "allowed here: ") + allow}};
    auto response = problem_response(document, 405, french);
    response.headers.set("Allow", allow);
    return response;
}

wire::Response internal_failure(const std::string& id, bool french) {
    const nlohmann::json document{
        {"type", "urn:vigie:problem:internal"},
        {"title", french ? "Erreur interne" : "Internal error"},
        {"status", 500},
        {"detail", french ? "une erreur du serveur ; son identifiant est dans le journal"
                          : "a fault of the server; its id is in the log"},
        {"id", id}};
    return problem_response(document, 500, french);
}

wire::Response json_response(unsigned status, const nlohmann::json& body) {
    wire::Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return response;
}

wire::Response no_content() {
    wire::Response response;
    response.status = 204;
    return response;
}

void set_version(wire::Response& response, std::int64_t version) {
    response.headers.set("ETag", "\"" + std::to_string(version) + "\"");
}

}  // namespace vigie::api
