#include <nlohmann/json.hpp>

#include "vigie/access/audit.hpp"
#include "vigie/assets/asset_json.hpp"
#include "vigie/assets/routes.hpp"

namespace vigie::assets {

namespace {

using boost::asio::awaitable;
using nlohmann::json;

void audit_import(store::Transaction& tx, const api::Request& request, const json& report) {
    auto entry =
        access::audit_entry(request.actor, request.now, "POST " + request.route, request.http.path);
    entry.status = 200;
    entry.peer = request.http.peer;
    json detail{
        {"new", report["new"]}, {"changed", report["changed"]}, {"refused", report["refused"]}};
    if (const auto kind = request.query("kind")) detail["kind"] = *kind;
    entry.detail = detail.dump();
    access::append_audit(tx, entry);
}

base::Error rows_refused(const json& report) {
    const std::string count = report["refused"].dump();
    auto error =
        base::fail(base::Errc::invalid,
                   count + " rows were refused and nothing was stored; partial=1 takes the rest",
                   count + " lignes refusées, rien n'a été enregistré ; partial=1 prend le reste");
    error.extension = json{{"report", report}}.dump();
    return error;
}

api::Answer run_import(const ImportRun& run, const api::Request& request, ImportProgress& progress,
                       store::Transaction& tx) {
    const auto report = run(tx, request, {request.actor.login, request.now}, progress);
    if (!report) return report.error();
    const bool dry_run = flag_in(request, "dry_run");
    const json shown = report_json(*report, dry_run, request.french());
    if (!report->stored && !dry_run) return rows_refused(shown);
    if (!dry_run && report->added + report->changed > 0) audit_import(tx, request, shown);
    return api::json_response(200, shown);
}

}  // namespace

std::shared_ptr<ImportProgress> ImportsUnderWay::begin(const std::string& token) {
    auto progress = std::make_shared<ImportProgress>();
    if (token.empty()) return progress;
    const std::lock_guard lock(mutex_);
    std::erase_if(by_token_, [](const auto& each) { return each.second.expired(); });
    by_token_[token] = progress;
    return progress;
}

std::shared_ptr<const ImportProgress> ImportsUnderWay::find(const std::string& token) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_token_.find(token);
    return found == by_token_.end() ? nullptr : found->second.lock();
}

base::Result<FieldMap> map_in(const api::Request& request) {
    FieldMap map;
    for (const auto& [name, value] : request.http.query) {
        if (name != "map") continue;
        // The last one: a field may hold an equals sign, a target never does.
        const auto at = value.rfind('=');
        if (at == std::string::npos || at == 0 || at + 1 == value.size())
            return base::fail_at(base::Errc::invalid, "map", "must be field=property",
                                 "doit être champ=propriété");
        if (!map.emplace(value.substr(0, at), value.substr(at + 1)).second)
            return base::fail_at(base::Errc::invalid, "map", "the same field is mapped twice",
                                 "le même champ est associé deux fois");
    }
    return map;
}

bool flag_in(const api::Request& request, std::string_view name) {
    const auto value = request.query(name);
    return value && (*value == "1" || *value == "true");
}

void add_import_route(api::Router& admin, std::string pattern, store::Pool& pool,
                      ImportsUnderWay& under_way, ImportRun run) {
    auto shared_run = std::make_shared<const ImportRun>(std::move(run));
    admin.handle("POST", std::move(pattern), api::configure("assets"),
                 [&pool, &under_way, shared_run](api::Request request) -> awaitable<api::Answer> {
                     auto progress = under_way.begin(request.query("progress").value_or(""));
                     auto kept = std::make_shared<const api::Request>(std::move(request));
                     co_return co_await pool.write(
                         [shared_run, kept, progress](store::Transaction& tx) -> api::Answer {
                             return run_import(*shared_run, *kept, *progress, tx);
                         });
                 });
}

}  // namespace vigie::assets
