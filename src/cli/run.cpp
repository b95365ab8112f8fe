#include <algorithm>
#include <string_view>

#include "cli/commands.hpp"

namespace vigie::cli {

namespace {

constexpr const char* about =
    "vigie: the admin tool of the control-centre server.\n\n"
    "It speaks to a running vigied through its admin door, a unix socket that only root and the\n"
    "server's own user may open. Exit codes: 0 done, 1 refused or failed, 2 wrong command line,\n"
    "3 the server does not answer.";

// A command line that cannot be read whole does not say whether `--json` was read.
bool asks_for_json(int argc, char** argv) {
    return std::any_of(argv, argv + argc,
                       [](const char* word) { return std::string_view(word) == "--json"; });
}

int parsed(CLI::App& app, int argc, char** argv, Session& session) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        session.json = asks_for_json(argc, argv);
        if (session.json && error.get_exit_code() != 0)
            return fail(session, error.what(), exit_usage);
        return app.exit(error) == 0 ? exit_done : exit_usage;
    }
    return -1;
}

}  // namespace

int run(int argc, char** argv) {
    CLI::App app{about, "vigie"};
    Session session;
    session.socket = default_socket();
    app.add_option("--socket", session.socket,
                   "the admin door of the server (default data/admin.sock, or VIGIE_SOCKET)");
    app.add_flag("--json", session.json, "answer as JSON, for programs");
    app.require_subcommand(1);
    app.fallthrough();
    app.footer("Example: vigie status\nEvery command has its own --help, with an example.");
    add_status_commands(app, session);
    add_local_commands(app, session);
    add_people_commands(app, session);
    add_credential_commands(app, session);
    add_asset_commands(app, session);
    add_live_commands(app, session);
    add_quarantine_commands(app, session);
    add_logbook_commands(app, session);
    add_storage_commands(app, session);
    if (const int code = parsed(app, argc, argv, session); code >= 0) return code;
    try {
        return session.run();
    } catch (const Unreachable& error) {
        return fail(session, error.what(), exit_unreachable);
    } catch (const std::exception& error) {
        return fail(session, error.what());
    }
}

}  // namespace vigie::cli
