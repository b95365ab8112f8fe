#include <iostream>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"

namespace vigie::cli {

namespace {

using nlohmann::json;

struct StorageOptions {
    std::string day;
    std::size_t sample{1'000};
    bool all{};
};

std::string megabytes(const json& bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f MB", bytes.get<double>() / 1e6);
    return text;
}

std::string two_places(const json& number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", number.get<double>());
    return text;
}

void print_storage(const json& answer) {
    const json& closed = answer["closed"];
    std::cout << "closed: " << cell(closed, "days") << " days, " << cell(closed, "values")
              << " values, " << megabytes(closed["bytes"]) << ", "
              << two_places(closed["bytes_a_value"]) << " bytes a value\n"
              << "days are closed at " << cell(answer, "close_hour") << " h, "
              << cell(answer, "close_after_days")
              << " days past; being closed: " << cell(answer, "closing_days")
              << "; partitions to drop: " << cell(answer, "partitions_to_drop") << "\n"
              << "late frames to merge: " << cell(answer, "late_frames")
              << "; hours to roll up: " << cell(answer, "marked_hours") << "\n"
              << "chunks on disk: " << megabytes(answer["chunk_table_bytes"])
              << "; roll-ups: " << megabytes(answer["rollup_table_bytes"]) << "\n";
    Table open({"open", "size"});
    for (const json& row : answer["open_partitions"])
        open.add({cell(row, "partition"), megabytes(row["bytes"])});
    open.print(std::cout);
    Table days({"closed day", "state", "frames", "values", "size", "bytes a value"});
    for (const json& row : answer["latest_days"])
        days.add({cell(row, "day"), cell(row, "state"), cell(row, "frames"), cell(row, "values"),
                  megabytes(row["bytes"]), two_places(row["bytes_a_value"])});
    days.print(std::cout);
    Table kept({"kind", "raw days", "roll-up days"});
    for (const json& row : answer["kept"])
        kept.add({cell(row, "kind"), cell(row, "raw_days"), cell(row, "rollup_days")});
    kept.print(std::cout);
}

int show_storage(const Session& session) {
    return finish(session, session.door().get("/admin/v1/storage"), print_storage);
}

int close_days(const Session& session, const StorageOptions& options) {
    Query query;
    if (!options.day.empty()) query.emplace_back("day", options.day);
    const DoorReply reply =
        session.door().post(target("/admin/v1/storage/close", query), json::object());
    return finish(session, reply, [](const json& answer) {
        for (const json& row : answer["closed"]) {
            std::cout << cell(row, "day") << " closed: " << cell(row, "frames") << " frames, "
                      << cell(row, "values") << " values, " << megabytes(row["bytes"]) << "\n";
        }
        if (answer["closed"].empty()) std::cout << "no day is due\n";
    });
}

int verify_storage(const Session& session, const StorageOptions& options) {
    const std::string sample = options.all ? "all" : std::to_string(options.sample);
    const DoorReply reply =
        session.door().get(target("/admin/v1/storage/verify", {{"sample", sample}}));
    const int code = finish(session, reply, [](const json& answer) {
        std::cout << cell(answer, "chunks") << " chunks with " << cell(answer, "frames")
                  << " frames and " << cell(answer, "rollups") << " roll-ups read again, "
                  << cell(answer, "skipped") << " roll-ups passed over: "
                  << (answer["whole"].get<bool>() ? "whole" : "NOT WHOLE") << "\n";
        for (const json& fault : answer["faults"])
            std::cout << "  " << fault.get<std::string>() << "\n";
    });
    if (code != exit_done) return code;
    return reply.body["whole"].get<bool>() ? exit_done : exit_refused;
}

}  // namespace

void add_storage_commands(CLI::App& app, Session& session) {
    auto options = std::make_shared<StorageOptions>();
    auto* storage = app.add_subcommand("storage", "stored observations: days, chunks, roll-ups");
    storage->require_subcommand(1);
    auto* status = storage->add_subcommand("status", "what is open, closed, late, kept how long");
    status->footer("Example: vigie storage status");
    status->callback([&session] { session.run = [&session] { return show_storage(session); }; });
    auto* close = storage->add_subcommand("close", "pack days now instead of tonight");
    close->add_option("day", options->day, "YYYY-MM-DD; without, all that are due");
    close->footer("Example: vigie storage close 2026-11-18");
    close->callback([&session, options] {
        session.run = [&session, options] { return close_days(session, *options); };
    });
    auto* verify = storage->add_subcommand(
        "verify", "read chunks and roll-ups again, and compare these with the observations");
    verify->add_option("--sample", options->sample, "about that many of each (1000)")
        ->check(CLI::PositiveNumber);
    verify->add_flag("--all", options->all, "every one");
    verify->footer("Exit code 1 when something is not whole.\nExample: vigie storage verify --all");
    verify->callback([&session, options] {
        session.run = [&session, options] { return verify_storage(session, *options); };
    });
}

}  // namespace vigie::cli
