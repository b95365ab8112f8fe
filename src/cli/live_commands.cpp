#include <chrono>
#include <iostream>
#include <map>
#include <thread>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "vigie/base/time.hpp"

namespace vigie::cli {

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

struct LiveOptions {
    std::vector<std::string> assets;
    std::string kind;
    std::string commune;
    std::size_t limit{100};
    double seconds{};  // of tail; 0: until interrupted
};

constexpr auto tail_every = 1s;
// Older observations that come late are not shown: tail is for what happens now.
constexpr auto tail_back = 10min;

Query live_query(const LiveOptions& options) {
    Query query;
    for (const std::string& code : options.assets)
        query.emplace_back("asset", code);
    if (!options.kind.empty()) query.emplace_back("kind", options.kind);
    if (!options.commune.empty()) query.emplace_back("commune", options.commune);
    return query;
}

std::string values_text(const json& row, const std::string& only_at) {
    std::string text;
    for (const json& value : row.value("values", json::array())) {
        if (!only_at.empty() && cell(value, "observed_at") != only_at) continue;
        text += (text.empty() ? "" : "  ") + cell(value, "property") + "=" + cell(value, "value");
    }
    return text;
}

int show_live(const Session& session, const LiveOptions& options) {
    Query query = live_query(options);
    query.emplace_back("limit", std::to_string(options.limit));
    const DoorReply reply = session.door().get(target("/admin/v1/live", query));
    return finish(session, reply, [](const json& answer) {
        Table table({"code", "state", "display", "observed", "clock ahead, s", "values"});
        for (const json& row : answer["rows"])
            table.add({cell(row, "code"), cell(row, "freshness"), cell(row, "display"),
                       cell(row, "observed_at"), cell(row, "clock_skew_s"), values_text(row, "")});
        table.print(std::cout);
        if (answer.value("more", false))
            std::cout << "... and more: name a kind, a commune or --limit\n";
    });
}

// Prints each asset whose newest observation is another than the last time.
void print_news(const Session& session, const json& rows,
                std::map<std::string, std::string>& seen) {
    for (const json& row : rows) {
        const std::string observed = cell(row, "observed_at");
        std::string& last = seen[cell(row, "code")];
        if (observed == last) continue;
        last = observed;
        if (session.json) {
            std::cout << row.dump() << "\n";
        } else {
            std::cout << observed << "  " << cell(row, "code") << "  " << values_text(row, observed)
                      << "\n";
        }
    }
    std::cout << std::flush;
}

int run_tail(const Session& session, const LiveOptions& options) {
    const AdminDoor door = session.door();
    const base::SystemClock clock;
    const base::Instant start = clock.now();
    std::map<std::string, std::string> seen;
    for (;;) {
        Query query = live_query(options);
        query.emplace_back("since", base::to_rfc3339(clock.now() - tail_back));
        query.emplace_back("limit", "1000");
        const DoorReply reply = door.get(target("/admin/v1/live", query));
        if (!reply.ok()) return refuse(session, reply.body);
        print_news(session, reply.body["rows"], seen);
        const std::chrono::duration<double> elapsed = clock.now() - start;
        if (options.seconds > 0 && elapsed.count() >= options.seconds) return exit_done;
        std::this_thread::sleep_for(tail_every);
    }
}

void add_filters(CLI::App& command, LiveOptions& options) {
    command.add_option("asset", options.assets, "codes of assets; all without");
    command.add_option("--kind", options.kind, "of that kind");
    command.add_option("--commune", options.commune, "in the commune with that INSEE code");
}

}  // namespace

void add_live_commands(CLI::App& app, Session& session) {
    auto options = std::make_shared<LiveOptions>();
    auto* live = app.add_subcommand("live", "what assets last said, and whether it still counts");
    add_filters(*live, *options);
    live->add_option("--limit", options->limit, "at most that many, up to 1000")
        ->check(CLI::Range(1, 1000));
    live->footer("Example: vigie live --kind air_station");
    live->callback([&session, options] {
        session.run = [&session, options] { return show_live(session, *options); };
    });
    auto* tail = app.add_subcommand("tail", "observations as they come, until interrupted");
    add_filters(*tail, *options);
    tail->add_option("--for", options->seconds, "end after that many seconds")
        ->check(CLI::PositiveNumber);
    tail->footer(
        "Looks once a second: of several observations of an asset in one second it shows the "
        "newest;\n"
        "what is more than 10 minutes old it does not show, nor more than 1000 assets at once.\n"
        "With --json one object a line.\nExample: vigie tail FEUX-012 --for 60");
    tail->callback([&session, options] {
        session.run = [&session, options] { return run_tail(session, *options); };
    });
}

}  // namespace vigie::cli
