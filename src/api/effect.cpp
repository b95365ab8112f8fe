#include "api/effect.hpp"

#include <nlohmann/json.hpp>

#include "api/idempotency.hpp"
#include "vigie/access/audit.hpp"

namespace vigie::api {

namespace {

EffectOutcome refused(const base::Error& error, const Request& request) {
    return {problem(error, request.french(), request.http.path), false};
}

void audit_effect(const Request& request, unsigned status, store::Transaction& tx) {
    auto entry = access::audit_entry(request.actor, request.now,
                                     request.http.method + " " + request.route, request.http.path);
    entry.status = static_cast<int>(status);
    entry.peer = request.http.peer;
    if (request.notes) entry.detail = request.notes->dump();
    access::append_audit(tx, entry);
}

}  // namespace

EffectOutcome run_effect(const Route& route, const Request& request, store::Transaction& tx) {
    std::optional<IdempotencyClaim> claim;
    if (route.method == "POST" && route.idempotent_key) {
        auto given = idempotency_claim(request);
        if (!given) return refused(given.error(), request);
        claim = *std::move(given);
    }
    if (claim) {
        auto first = take_key(tx, *claim, request.now);
        if (!first) return refused(first.error(), request);
        if (*first) return {**std::move(first), false};
    }
    auto answer = route.effect(request, tx);
    if (!answer) return refused(answer.error(), request);
    if (answer->status >= 400) return {*std::move(answer), false};
    if (claim) keep_answer(tx, *claim, *answer);
    audit_effect(request, answer->status, tx);  // last: it locks the audit's head until the commit
    return {*std::move(answer), true};
}

}  // namespace vigie::api
