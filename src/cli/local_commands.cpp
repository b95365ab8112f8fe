#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>

#include "app/database_home.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "vigie/assets/kind_files.hpp"
#include "vigie/config/settings.hpp"
#include "vigie/store/migrate.hpp"

namespace vigie::cli {

namespace {

using nlohmann::json;

struct LocalOptions {
    std::string config;
    std::string folder;
    bool dry_run{};
};

base::Result<config::Settings> settings_for(const LocalOptions& options) {
    auto settings =
        options.config.empty() ? base::Result(config::defaults()) : config::load(options.config);
    if (settings && !options.folder.empty()) settings->paths.folder = options.folder;
    return settings;
}

int show_mistakes(const Session& session, const base::Error& error) {
    if (session.json) {
        json errors = json::array();
        for (const auto& field : error.fields)
            errors.push_back({{"pointer", field.pointer}, {"message", field.message.en}});
        std::cout << json{{"valid", false}, {"detail", error.detail.en}, {"errors", errors}}.dump(2)
                  << "\n";
        return exit_refused;
    }
    fail(session, error.detail.en);
    for (const auto& field : error.fields) {
        if (error.detail.en.find(field.message.en) == std::string::npos)
            std::cerr << "  " << field.message.en << "\n";
    }
    return exit_refused;
}

int check_config(const Session& session, const LocalOptions& options) {
    const auto settings = settings_for(options);
    if (!settings) return show_mistakes(session, settings.error());
    const auto kinds = assets::read_kinds(settings->paths.kinds_folder);
    if (!kinds) return show_mistakes(session, kinds.error());
    if (session.json) {
        std::cout << json{{"valid", true}, {"kinds", kinds->size()}}.dump(2) << "\n";
    } else {
        std::cout << "The settings are valid, and so are " << kinds->size() << " kinds in "
                  << settings->paths.kinds_folder << ".\n";
    }
    return exit_done;
}

// A private database belongs to the server while it runs, and is migrated at each of its starts.
bool server_runs(const Session& session) {
    try {
        return session.door().get("/admin/v1/status").status > 0;
    } catch (const Unreachable&) {
        return false;
    }
}

int show_migrations(const Session& session, const std::vector<store::Migration>& all,
                    const std::vector<std::string>& applied) {
    json rows = json::array();
    Table table({"migration", "state"});
    for (const store::Migration& migration : all) {
        const bool now = std::ranges::find(applied, migration.name) != applied.end();
        const char* state = now ? "applied now" : migration.applied ? "applied" : "to be applied";
        table.add({migration.name, state});
        rows.push_back(
            {{"name", migration.name}, {"state", state}, {"checksum", migration.checksum}});
    }
    if (session.json) {
        std::cout << json{{"rows", rows}}.dump(2) << "\n";
    } else {
        table.print(std::cout);
    }
    return exit_done;
}

// What a private database's start logs stands beside the answer, never in it.
void keep_log_apart(const Session& session) {
    auto logger = std::make_shared<spdlog::logger>(
        "vigie", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    if (session.json) logger->set_level(spdlog::level::off);
    spdlog::set_default_logger(std::move(logger));
}

int migrate_now(const Session& session, const LocalOptions& options) {
    const auto settings = settings_for(options);
    if (!settings) return show_mistakes(session, settings.error());
    if (settings->database.url.empty() && server_runs(session)) {
        if (session.json) {
            std::cout << json{{"rows", json::array()}, {"by_server", true}}.dump(2) << "\n";
        } else {
            std::cout
                << "The server runs on its private database and brought it up to date when it "
                   "started.\n";
        }
        return exit_done;
    }
    keep_log_apart(session);
    app::DatabaseHome home(*settings);
    const bool embedded = home.embedded();
    // Under no name of the server's, which may start meanwhile and ends what has its name.
    const auto& owner_url = embedded ? home.owner_url() : settings->database.owner_url;
    std::vector<std::string> applied;
    if (embedded) {
        if (options.dry_run)
            return fail(session,
                        "a private database is looked at while the server is stopped only by "
                        "migrating it: leave out --dry-run");
        home.open();
    } else if (!options.dry_run) {
        applied = store::migrate(owner_url, embedded::migrations());
    }
    const auto all = store::migration_status(owner_url, embedded::migrations());
    if (embedded) home.close();
    return show_migrations(session, all, applied);
}

void add_options(CLI::App& command, LocalOptions& options) {
    command
        .add_option("--config", options.config, "the server's settings file; defaults without it")
        ->check(CLI::ExistingFile);
    command.add_option("--data", options.folder, "overrides paths.folder");
}

}  // namespace

void add_local_commands(CLI::App& app, Session& session) {
    auto options = std::make_shared<LocalOptions>();
    auto* migrate = app.add_subcommand(
        "migrate", "bring the database up to date (vigied does it at each start, too)");
    add_options(*migrate, *options);
    migrate->add_flag("--dry-run", options->dry_run, "only say what would be applied");
    migrate->footer("Example: vigie migrate --config /etc/vigie/vigie.toml");
    migrate->callback([&session, options] {
        session.run = [&session, options] { return migrate_now(session, *options); };
    });
    auto* config = app.add_subcommand("config", "the server's settings");
    config->require_subcommand(1);
    auto* check =
        config->add_subcommand("check", "say everything that is wrong in settings and kinds");
    add_options(*check, *options);
    check->footer("Needs no server.\nExample: vigie config check --config /etc/vigie/vigie.toml");
    check->callback([&session, options] {
        session.run = [&session, options] { return check_config(session, *options); };
    });
}

}  // namespace vigie::cli
