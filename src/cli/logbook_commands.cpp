#include <iostream>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"

namespace vigie::cli {

namespace {

using nlohmann::json;

struct LogbookOptions {
    std::string incident;
    std::string from;
    std::string to;
    std::size_t limit{100};
};

int show_logbook(const Session& session, const LogbookOptions& options) {
    Query query;
    if (!options.incident.empty()) query.emplace_back("incident", options.incident);
    if (!options.from.empty()) query.emplace_back("from", options.from);
    if (!options.to.empty()) query.emplace_back("to", options.to);
    const DoorReply reply = all_pages(session.door(), "/admin/v1/logbook", query, options.limit);
    const char* language = french_environment() ? "fr" : "en";
    return finish(session, reply, [language](const json& answer) {
        Table table({"number", "at", "author", "type", "incident", "text"});
        for (const json& row : answer["rows"])
            table.add({cell(row, "number"), cell(row, "at"), cell(row, "author"),
                       cell(row, "entry_type"), cell(row, "incident"),
                       cell(row.value("text", json::object()), language)});
        table.print(std::cout);
        if (answer.value("more", false)) std::cout << "... and more: --limit 0 lists all\n";
    });
}

// True: whole.
bool say_chain(const char* name, const json& report) {
    const bool whole = !report.contains("fault");
    std::cout << name << ": " << cell(report, "entries") << " entries, "
              << (whole ? "the chain is whole" : "THE CHAIN IS BROKEN");
    if (!whole)
        std::cout << " at entry " << cell(report["fault"], "number") << ": "
                  << cell(report["fault"], "reason");
    std::cout << "\n  digest " << cell(report, "digest") << "\n";
    return whole;
}

int verify(const Session& session) {
    const AdminDoor door = session.door();
    const DoorReply logbook = door.get("/admin/v1/logbook/verify");
    if (!logbook.ok()) return refuse(session, logbook.body);
    const DoorReply audit = door.get("/admin/v1/audit/verify");
    if (!audit.ok()) return refuse(session, audit.body);
    const bool whole = !logbook.body.contains("fault") && !audit.body.contains("fault");
    if (session.json) {
        std::cout << json{{"whole", whole}, {"logbook", logbook.body}, {"audit", audit.body}}.dump(
                         2)
                  << "\n";
    } else {
        say_chain("logbook", logbook.body);
        say_chain("audit", audit.body);
    }
    return whole ? exit_done : exit_refused;
}

}  // namespace

void add_logbook_commands(CLI::App& app, Session& session) {
    auto options = std::make_shared<LogbookOptions>();
    auto* logbook = app.add_subcommand("logbook", "the room's append-only record");
    logbook->require_subcommand(1);
    auto* show = logbook->add_subcommand("show", "newest first");
    show->add_option("--incident", options->incident, "only of that incident");
    show->add_option("--from", options->from, "RFC 3339, for example 2026-11-22T18:00:00Z");
    show->add_option("--to", options->to, "RFC 3339");
    show->add_option("--limit", options->limit, "at most that many; 0: all");
    show->footer("Example: vigie logbook show --incident 7");
    show->callback([&session, options] {
        session.run = [&session, options] { return show_logbook(session, *options); };
    });
    auto* check =
        logbook->add_subcommand("verify", "recompute the hash chains of logbook and audit");
    check->footer(
        "Exit code 1 when a chain is broken. Keep the digests elsewhere: a later run shows\n"
        "whether the past is still the same.\nExample: vigie logbook verify");
    check->callback([&session] { session.run = [&session] { return verify(session); }; });
}

}  // namespace vigie::cli
