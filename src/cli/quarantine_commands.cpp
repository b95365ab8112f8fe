#include <iostream>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"

namespace vigie::cli {

namespace {

using nlohmann::json;

struct QuarantineOptions {
    std::string reason;
    std::size_t limit{100};
    std::vector<std::string> ids;
};

int list_quarantine(const Session& session, const QuarantineOptions& options) {
    Query query;
    if (!options.reason.empty()) query.emplace_back("reason", options.reason);
    const DoorReply reply = all_pages(session.door(), "/admin/v1/quarantine", query, options.limit);
    return finish(session, reply, [](const json& answer) {
        Table table({"id", "received", "credential", "channel", "topic", "reason", "detail"});
        for (const json& row : answer["rows"])
            table.add({cell(row, "id"), cell(row, "received_at"), cell(row, "credential"),
                       cell(row, "channel"), cell(row, "topic"), cell(row, "reason"),
                       cell(row, "detail")});
        table.print(std::cout);
        if (answer.value("more", false)) std::cout << "... and more: --limit 0 lists all\n";
    });
}

int show_quarantined(const Session& session, const QuarantineOptions& options) {
    const std::string path = "/admin/v1/quarantine/" + segment(options.ids.at(0));
    return finish(session, session.door().get(path), [](const json& row) {
        for (const char* member :
             {"id", "received_at", "credential", "channel", "topic", "reason", "detail"})
            std::cout << member << ": " << cell(row, member) << "\n";
        std::cout << (row.value("payload_is_hex", false) ? "payload (hexadecimal):\n"
                                                         : "payload:\n")
                  << cell(row, "payload") << "\n";
    });
}

int list_unknown(const Session& session) {
    const DoorReply reply = session.door().get("/admin/v1/unknown-properties");
    return finish(session, reply, [](const json& answer) {
        Table table({"asset", "property", "values", "first heard", "last heard"});
        for (const json& row : answer["rows"])
            table.add({cell(row, "asset"), cell(row, "property"), cell(row, "values"),
                       cell(row, "first_at"), cell(row, "last_at")});
        table.print(std::cout);
    });
}

// Each by itself: one that is still refused does not hold back the others.
int replay(const Session& session, const QuarantineOptions& options) {
    int code = exit_done;
    json rows = json::array();
    for (const std::string& id : options.ids) {
        const DoorReply reply =
            session.door().post("/admin/v1/quarantine/" + segment(id) + "/replay", json());
        if (session.json) {
            rows.push_back({{"id", id}, {"taken", reply.ok()}, {"answer", reply.body}});
        } else if (reply.ok()) {
            std::cout << id << ": taken, " << cell(reply.body, "stored") << " observations\n";
        } else {
            std::cerr << id << ": ";
            refuse(session, reply.body);
        }
        if (!reply.ok()) code = exit_refused;
    }
    if (session.json) std::cout << json{{"rows", rows}}.dump(2) << "\n";
    return code;
}

}  // namespace

void add_quarantine_commands(CLI::App& app, Session& session) {
    auto options = std::make_shared<QuarantineOptions>();
    auto* quarantine = app.add_subcommand("quarantine", "what devices sent and the server refused");
    quarantine->require_subcommand(1);
    auto* list = quarantine->add_subcommand("list", "newest first, with the reason of each");
    list->add_option("--reason", options->reason,
                     "only that one: not_json, wrong_shape, unknown_asset, not_yours, wrong_type, "
                     "out_of_range, unknown_code, bad_time, time_ahead, too_old...");
    list->add_option("--limit", options->limit, "at most that many; 0: all");
    list->footer("Example: vigie quarantine list --reason unknown_asset");
    list->callback([&session, options] {
        session.run = [&session, options] { return list_quarantine(session, *options); };
    });
    auto* show = quarantine->add_subcommand("show", "one, with its payload");
    show->add_option("id", options->ids, "its number")->required()->expected(1);
    show->footer("Example: vigie quarantine show 4711");
    show->callback([&session, options] {
        session.run = [&session, options] { return show_quarantined(session, *options); };
    });
    auto* unknown = quarantine->add_subcommand(
        "unknown", "properties that their kind does not know: who speaks of them, how often");
    unknown->footer(
        "Such a value is set aside and counted; the rest of its message is taken. Since the start "
        "of the\nserver, the newest 1,000.\nExample: vigie quarantine unknown");
    unknown->callback([&session] { session.run = [&session] { return list_unknown(session); }; });
    auto* again = quarantine->add_subcommand("replay", "try again, once the cause is mended");
    again->add_option("id", options->ids, "numbers")->required();
    again->footer(
        "What is taken leaves quarantine and raises no alarm if it is old.\n"
        "Example: vigie quarantine replay 4711 4712");
    again->callback([&session, options] {
        session.run = [&session, options] { return replay(session, *options); };
    });
}

}  // namespace vigie::cli
