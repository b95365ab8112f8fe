#include <chrono>
#include <iostream>
#include <thread>

#include "cli/commands.hpp"
#include "cli/news.hpp"
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
// What was observed longer before the start is no news; what comes afterwards is, however late.
constexpr auto tail_back = 10min;

Query live_query(const LiveOptions& options) {
    Query query;
    for (const std::string& code : options.assets)
        query.emplace_back("asset", code);
    if (!options.kind.empty()) query.emplace_back("kind", options.kind);
    if (!options.commune.empty()) query.emplace_back("commune", options.commune);
    return query;
}

std::string values_text(const json& row) {
    std::string text;
    for (const json& value : row.value("values", json::array()))
        text += (text.empty() ? "" : "  ") + cell(value, "property") + "=" + cell(value, "value");
    return text;
}

int show_live(const Session& session, const LiveOptions& options) {
    const DoorReply reply =
        all_pages(session.door(), "/admin/v1/live", live_query(options), options.limit);
    return finish(session, reply, [](const json& answer) {
        Table table({"code", "state", "display", "observed", "clock ahead, s", "values"});
        for (const json& row : answer["rows"])
            table.add({cell(row, "code"), cell(row, "freshness"), cell(row, "display"),
                       cell(row, "observed_at"), cell(row, "clock_skew_s"), values_text(row)});
        table.print(std::cout);
        if (answer.value("more", false)) std::cout << "... and more: --limit 0 lists all\n";
    });
}

void print_news(const Session& session, const json& rows) {
    if (session.json) {
        for (const json& row : rows)
            std::cout << row.dump() << "\n";
    } else {
        for (const NewsLine& line : news_lines(rows))
            std::cout << line.text << "\n";
    }
    std::cout << std::flush;
}

int run_tail(const Session& session, const LiveOptions& options) {
    const base::SystemClock clock;
    const base::Instant start = clock.now();
    News news(session.door(), live_query(options), start - tail_back);
    for (;;) {
        const DoorReply reply = news.look();
        if (!reply.ok()) return refuse(session, reply.body);
        print_news(session, reply.body["rows"]);
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
    live->add_option("--limit", options->limit, "at most that many; 0: all");
    live->footer("Example: vigie live --kind air_station");
    live->callback([&session, options] {
        session.run = [&session, options] { return show_live(session, *options); };
    });
    auto* tail = app.add_subcommand("tail", "observations as they come, until interrupted");
    add_filters(*tail, *options);
    tail->add_option("--for", options->seconds, "end after that many seconds")
        ->check(CLI::PositiveNumber);
    tail->footer(
        "Begins with what was observed within the last 10 minutes, then looks once a second for "
        "what\n"
        "came, late or not: of several values of one property in one second it shows the newest.\n"
        "With --json one object a line: an asset with its new values.\n"
        "Example: vigie tail FEUX-012 --for 60");
    tail->callback([&session, options] {
        session.run = [&session, options] { return run_tail(session, *options); };
    });
}

}  // namespace vigie::cli
