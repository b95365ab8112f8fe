// The commands of vigie, a function for each group. Each adds its subcommands, whose callbacks set
// session.run.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/session.hpp"

namespace vigie::cli {

void add_status_commands(CLI::App& app, Session& session);      // status, doctor
void add_local_commands(CLI::App& app, Session& session);       // migrate, config check
void add_people_commands(CLI::App& app, Session& session);      // user, crew
void add_credential_commands(CLI::App& app, Session& session);  // credential
void add_asset_commands(CLI::App& app, Session& session);       // asset, zone, street
void add_live_commands(CLI::App& app, Session& session);        // live, tail
void add_quarantine_commands(CLI::App& app, Session& session);  // quarantine
void add_logbook_commands(CLI::App& app, Session& session);     // logbook
void add_storage_commands(CLI::App& app, Session& session);     // storage

// The whole command line; main calls run(argc, argv).
int run(int argc, char** argv);

}  // namespace vigie::cli
