#include "cli/import_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "cli/secret_file.hpp"
#include "cli/terminal.hpp"

namespace vigie::cli {

namespace {

using nlohmann::json;

// The word under which the server tells how far this import is.
std::string new_token() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    return "cli-" + std::to_string(now);
}

// Draws how far the server says it is; what nobody can count only turns.
void show_progress(const AdminDoor& door, const std::string& token, ProgressLine& line) {
    try {
        const DoorReply reply = door.get("/admin/v1/imports/" + token);
        if (!reply.ok()) return;
        const std::string phase = cell(reply.body, "phase");
        const auto of = reply.body.value("of", std::size_t{0});
        if (phase.empty() || phase == "done") return;
        if (of == 0) return line.phase(phase);
        line.bar(fmt::format("{} {} rows", phase, of), reply.body.value("rows", std::size_t{0}),
                 of);
    } catch (const Unreachable&) {
        return;  // the import itself will tell
    }
}

constexpr std::size_t refusals_shown = 100;

std::string refusal_text(const json& row) {
    std::string place;
    for (const char* member : {"line", "feature"}) {
        if (row.contains(member))
            place += (place.empty() ? "" : ", ") + std::string(member) + " " + cell(row, member);
    }
    const std::string code = cell(row, "code");
    return fmt::format("  {}{}: {}\n", place, code.empty() ? "" : " (" + code + ")",
                       cell(row, "reason"));
}

// The first ones, and how the others are learnt. Not all are listed when they are very many.
std::string refusals_text(const json& report) {
    const json listed = report.value("refusals", json::array());
    const auto refused = report.value("refused", std::size_t{0});
    const auto shown = std::min(listed.size(), refusals_shown);
    std::string text;
    for (std::size_t i = 0; i < shown; ++i)
        text += refusal_text(listed[i]);
    if (refused <= shown) return text;
    const std::string those =
        listed.size() == refused ? "all of them" : fmt::format("the first {}", listed.size());
    return text + fmt::format("  ... and {} more: --json lists {}\n", refused - shown, those);
}

int show_report(const Session& session, const json& report) {
    if (session.json) {
        std::cout << report.dump(2) << "\n";
    } else {
        std::cout << report_text(report);
    }
    const bool refused = report.value("refused", 0) > 0;
    const bool taken = report.value("stored", false);
    return refused && !taken ? exit_refused : exit_done;
}

}  // namespace

std::string report_text(const json& report) {
    std::string text =
        fmt::format("{} new, {} changed, {} unchanged, {} refused\n", cell(report, "new"),
                    cell(report, "changed"), cell(report, "unchanged"), cell(report, "refused"));
    text += refusals_text(report);
    const json ignored = report.value("ignored_fields", json::array());
    std::string names;
    for (const json& name : ignored)
        names += (names.empty() ? "" : ", ") + name.get<std::string>();
    if (!names.empty())
        text += "fields nothing was taken from: " + names + " (--map FIELD=PROPERTY)\n";
    const auto moved = report.value("assets_moved", 0);
    if (moved > 0) text += fmt::format("{} assets got their commune or street from this\n", moved);
    if (report.value("dry_run", false)) {
        text += "nothing was stored: --dry-run\n";
    } else if (!report.value("stored", false)) {
        text += "nothing was stored; --partial takes what is good\n";
    }
    return text;
}

int run_import(const Session& session, ImportCall call) {
    const std::string content = read_file(call.file);
    const std::string token = new_token();
    call.query.emplace_back("progress", token);
    if (call.dry_run) call.query.emplace_back("dry_run", "1");
    if (call.partial) call.query.emplace_back("partial", "1");
    const AdminDoor door = session.door();
    DoorReply reply;
    {
        ProgressLine line(!session.json);
        const Watching watching{
            [&](std::size_t bytes, std::size_t of) { line.bar("sending", bytes, of); },
            [&] { show_progress(door, token, line); }};
        reply = door.send(target(call.path, call.query), content, watching);
    }
    if (reply.ok()) return show_report(session, reply.body);
    if (reply.body.is_object() && reply.body.contains("report"))
        return show_report(session, reply.body["report"]);
    return refuse(session, reply.body);
}

}  // namespace vigie::cli
