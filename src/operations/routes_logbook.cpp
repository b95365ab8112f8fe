#include <nlohmann/json.hpp>

#include "operations/codec.hpp"
#include "operations/reach.hpp"
#include "operations/routes.hpp"
#include "operations/store_logbook.hpp"
#include "operations/texts.hpp"
#include "vigie/api/body.hpp"
#include "vigie/api/paging.hpp"
#include "vigie/base/text.hpp"

namespace vigie::operations {

namespace {

using api::Answer;
using nlohmann::json;

base::Result<logbook_store::Filter> filter_of(const api::Request& request) {
    logbook_store::Filter filter;
    if (const auto incident = request.query("incident")) {
        filter.incident = base::parse_int(*incident);
        if (!filter.incident) {
            return base::fail_at(base::Errc::invalid, "incident", "It must be a number.",
                                 "Ce doit être un nombre.");
        }
    }
    const auto from = instant_in_query(request, "from");
    if (!from) return from.error();
    const auto until = instant_in_query(request, "to");
    if (!until) return until.error();
    filter.from = *from;
    filter.until = *until;
    return filter;
}

Answer list_logbook(const api::Request& request, store::Transaction& tx) {
    const auto limit = request.limit();
    if (!limit) return limit.error();
    const auto before = api::read_cursor<std::int64_t>(request);
    if (!before) return before.error();
    const auto filter = filter_of(request);
    if (!filter) return filter.error();
    std::optional<std::int64_t> number;
    if (*before) number = std::get<0>(**before);
    api::Page page(*limit);
    for (const Entry& entry : logbook_store::page(tx, *filter, number, *limit + 1)) {
        if (!page.add(to_json(entry), api::make_cursor(entry.number))) break;
    }
    return page.response();
}

Answer add_entry(Room& room, const api::Request& request, store::Transaction& tx) {
    api::Body body(request.json());
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    Entry entry =
        entry_by(author_of(request.actor), request.now, "note", free_text(body.text("text")));
    entry.incident = body.optional_integer("incident", 1, most);
    entry.corrects = body.optional_integer("corrects", 1, most);
    if (const auto read = body.finish(); !read) return read.error();
    if (entry.incident && !incidents::see(tx, asker_of(request), *entry.incident)) {
        return base::fail_at(base::Errc::invalid, "/incident", "There is no such incident.",
                             "Cet événement n'existe pas.");
    }
    if (entry.corrects) {
        entry.entry_type = "correction";
        if (!logbook_store::exists(tx, *entry.corrects)) {
            return base::fail_at(base::Errc::invalid, "/corrects", "There is no such entry.",
                                 "Cette entrée n'existe pas.");
        }
    }
    return api::json_response(201, to_json(write_entry(room, tx, std::move(entry))));
}

Answer verify_logbook(const api::Request& request, store::Transaction& tx) {
    const auto report = logbook_store::verify(tx);
    json object{{"entries", report.entries}, {"digest", report.digest}, {"whole", !report.fault}};
    if (report.fault) {
        object["fault"] = {{"number", report.fault->number},
                           {"reason", request.say(report.fault->reason)}};
    }
    return api::json_response(200, object);
}

}  // namespace

void add_logbook_routes(api::Router& router, Room& room) {
    router.get("/api/v1/logbook", api::view("logbook"), list_logbook);
    router.post("/api/v1/logbook", api::operate("logbook"),
                [&room](const api::Request& request, store::Transaction& tx) {
                    return add_entry(room, request, tx);
                });
}

void add_logbook_admin_routes(api::Router& router) {
    router.get("/admin/v1/logbook", api::view("logbook"), list_logbook);
    router.get("/admin/v1/logbook/verify", api::view("logbook"), verify_logbook);
}

}  // namespace vigie::operations
