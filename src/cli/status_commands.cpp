#include <filesystem>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/doctor.hpp"
#include "cli/terminal.hpp"

namespace vigie::cli {

namespace {

using nlohmann::json;

void show_status(const json& status) {
    std::cout << cell(status, "city") << ": "
              << (status.value("ready", false) ? "ready" : "NOT READY") << ", running since "
              << cell(status, "since") << "\n";
    for (const json& obstacle : status.value("obstacles", json::array()))
        std::cout << "  not ready: "
                  << (obstacle.is_string() ? obstacle.get<std::string>() : obstacle.dump()) << "\n";
    Table table({"door", "address", "port", "TLS"});
    for (const auto& [name, door] : status.value("doors", json::object()).items()) {
        if (door.contains("socket")) {
            table.add({name, cell(door, "socket"), "", ""});
        } else {
            table.add({name, cell(door, "address"), cell(door, "port"),
                       door.value("tls", false) ? "yes" : "no"});
        }
    }
    table.print(std::cout);
    std::cout << cell(status, "assets") << " assets of " << cell(status, "kinds") << " kinds\n";
    const json ingestion = status.value("ingestion", json::object());
    for (const auto& [name, value] : ingestion.items())
        std::cout << "  " << name << ": " << value.dump() << "\n";
}

std::optional<DiskSpace> disk_of(const json& status) {
    const json door = status.value("/doors/admin"_json_pointer, json::object());
    const auto folder = std::filesystem::path(cell(door, "socket")).parent_path();
    std::error_code failed;
    const auto space = std::filesystem::space(folder, failed);
    if (folder.empty() || failed) return std::nullopt;
    return DiskSpace{folder.string(), space.available, space.capacity};
}

int run_doctor(const Session& session) {
    const DoorReply reply = session.door().get("/admin/v1/status");
    if (!reply.ok()) return refuse(session, reply.body);
    const auto findings = examine(reply.body, disk_of(reply.body));
    bool failed = false;
    json rows = json::array();
    Table table({"", "subject", ""});
    for (const Finding& finding : findings) {
        failed = failed || finding.verdict == Verdict::failure;
        table.add({to_string(finding.verdict), finding.subject, finding.sentence});
        rows.push_back({{"verdict", to_string(finding.verdict)},
                        {"subject", finding.subject},
                        {"sentence", finding.sentence}});
    }
    if (session.json) {
        std::cout << json{{"rows", rows}, {"healthy", !failed}}.dump(2) << "\n";
    } else {
        table.print(std::cout);
    }
    return failed ? exit_refused : exit_done;
}

}  // namespace

void add_status_commands(CLI::App& app, Session& session) {
    auto* status =
        app.add_subcommand("status", "is the server ready, where are its doors, what came in");
    status->footer("Example: vigie status --json");
    status->callback([&session] {
        session.run = [&session] {
            return finish(session, session.door().get("/admin/v1/status"), show_status);
        };
    });
    auto* doctor = app.add_subcommand(
        "doctor", "examine the installation: readiness, exposed doors, refusals, disk space");
    doctor->footer("Exit code 1 when something is a FAILURE.\nExample: vigie doctor");
    doctor->callback([&session] { session.run = [&session] { return run_doctor(session); }; });
}

}  // namespace vigie::cli
