#include <algorithm>
#include <sstream>

#include "operations/store_logbook.hpp"
#include "tests/cli/cli_bench.hpp"
#include "tests/support/pgtest_folder.hpp"

namespace vigie::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using Words = std::vector<std::string>;

Words joined(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

std::string spelt(const Words& words) {
    std::string text = "vigie";
    for (const std::string& word : words)
        text += " " + word;
    return text;
}

// Every command there is, as the help itself lists them.
std::vector<std::vector<std::string>> commands_below(const std::vector<std::string>& words) {
    auto asked = words;
    asked.emplace_back("--help");
    std::istringstream help(run_words(asked).out);
    std::vector<std::vector<std::string>> found;
    bool listing = false;
    for (std::string line; std::getline(help, line);) {
        if (listing && !line.starts_with("  ")) listing = false;
        if (listing && line.size() > 2 && line[2] != ' ') {
            auto below = words;
            below.push_back(line.substr(2, line.find(' ', 2) - 2));
            std::ranges::move(commands_below(below), std::back_inserter(found));
        }
        if (line == "Subcommands:") listing = true;
    }
    return found.empty() ? std::vector<std::vector<std::string>>{words} : found;
}

const Words nothing_refuses{"-"};  // there is nothing that this command could refuse

// What follows the command: done, refused by the server or by the tool, and no command line.
struct Tried {
    Words command;
    Words done;
    Words refused;
    Words wrong;
    bool needs_server{true};
};

class CliCommands : public Cli {
protected:
    // One after the other on one installation: what the first made the next ones use.
    std::vector<Tried> table() {
        const std::string points = file("c.csv", "code,lon,lat\nV1,5,47\n");
        const std::string none = (folder_ / "none.csv").string();
        const std::string area = file(
            "z.geojson",
            R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"21231","nom":"Dijon"},
"geometry":{"type":"Polygon","coordinates":[[[4,46],[6,46],[6,48],[4,48],[4,46]]]}}]})");
        const std::string line = file(
            "s.geojson",
            R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"Rue Monge"},
"geometry":{"type":"LineString","coordinates":[[5.04,47.32],[5.05,47.32]]}}]})");
        const std::string external =
            file("external.toml", "[database]\nurl = \"" + database_.app_url() +
                                      "\"\nowner_url = \"" + database_.owner_url() + "\"\n");
        const std::string good =
            file("good.toml", "[paths]\nkinds_folder = \"" VIGIE_SOURCE_DIR "/config/kinds\"\n");
        const std::string wrong = file("wrong.toml", "[control]\ncolour = 1\n");
        const std::string unreachable =
            file("unreachable.toml",
                 "[database]\nurl = \"host=/nowhere\"\nowner_url = \"host=/nowhere\"\n");
        return {
            {{"zone", "import"}, {area}, {points, "--type", "zone"}, {area, "--type", "river"}},
            {{"street", "import"}, {line}, {area}, {}},
            {{"asset", "import"},
             {points, "--kind", "camera"},
             {points, "--kind", "boat"},
             {points}},
            {{"asset", "list"}, {"--kind", "camera"}, {"--bbox", "here"}, {"--limit", "many"}},
            {{"asset", "show"}, {"V1"}, {"NOPE"}, {}},
            {{"live"}, {"V1"}, {"NOPE"}, {"--limit", "many"}},
            {{"user", "add"}, {"lea", "--employer", "M"}, {"lea", "--employer", "M"}, {"max"}},
            {{"user", "list"}, {}, nothing_refuses, {"lea"}},
            {{"user", "set-password"}, {"lea"}, {"nobody"}, {}},
            {{"user", "disable"}, {"lea"}, {"nobody"}, {}},
            {{"user", "enable"}, {"lea"}, {"nobody"}, {}},
            {{"crew", "add"}, {"EQ1"}, {"EQ1"}, {}},
            {{"crew", "list"}, {}, nothing_refuses, {"EQ1"}},
            {{"credential", "create"}, {"gw", "--asset", "V1"}, {"gw", "--asset", "V1"}, {}},
            {{"credential", "list"}, {}, nothing_refuses, {"--limit", "many"}},
            {{"credential", "set-limits"},
             {"gw", "--messages-per-s", "5"},
             {"gw", "--values-per-s", "many"},
             {}},
            {{"credential", "revoke"}, {"gw"}, {"gw"}, {}},
            {{"quarantine", "list"}, {}, nothing_refuses, {"--limit", "many"}},
            {{"quarantine", "unknown"}, {}, nothing_refuses, {"all"}},
            {{"quarantine", "show"}, {quarantined_}, {"4711"}, {}},
            {{"quarantine", "replay"}, {quarantined_}, {"4711"}, {}},
            {{"logbook", "show"}, {}, {"--from", "yesterday"}, {"--limit", "many"}},
            {{"logbook", "verify"}, {}, nothing_refuses, {"all"}},
            {{"storage", "status"}, {}, nothing_refuses, {"all"}},
            {{"storage", "close"}, {}, {"2026-11-21"}, {"--day"}},
            {{"storage", "verify"}, {"--all"}, nothing_refuses, {"--sample", "0"}},
            {{"status"}, {}, nothing_refuses, {"all"}},
            {{"doctor"}, {}, nothing_refuses, {"all"}},
            {{"tail"}, {"--for", "0.001"}, {"NOPE"}, {"--for", "-1"}},
            {{"config", "check"},
             {"--config", good},
             {"--config", wrong},
             {"--config", none},
             false},
            {{"migrate"},
             {"--config", external},
             {"--config", unreachable},
             {"--config", none},
             false},
        };
    }
    void keep_in_quarantine() {
        static constexpr store::Query keep{
            "test_keep_for_table",
            "insert into quarantine (received_at, credential, channel, topic, reason, detail, "
            "payload) values ($1::timestamptz, 'gw', 'mqtt', 'vigie/v1/V1/observations', "
            "'unknown_asset', '', '{\"values\":{\"online\":true}}')"};
        pool_.write_now([&](store::Transaction& tx) { tx.execute(keep, clock_.now()); });
        quarantined_ = answer({"quarantine", "list"})["rows"][0]["id"].get<std::string>();
        writer_.start();
    }
    Ran at_the_door(const Words& words, bool as_json) {
        return vigie(as_json ? joined(words, {"--json"}) : words);
    }

    std::string quarantined_;
};

// Said once, as JSON, and nowhere else; the document.
json one_document(const Ran& ran, const std::string& what) {
    EXPECT_EQ(ran.err, "") << what;
    json document = json::parse(ran.out, nullptr, false);
    EXPECT_FALSE(document.is_discarded()) << what << "\n" << ran.out;
    return document;
}

// A sentence for a person, on standard error.
void expect_said(const Ran& ran, const std::string& what) {
    EXPECT_EQ(ran.out, "") << what;
    EXPECT_GT(ran.err.size(), 10U) << what;
}

TEST_F(CliCommands, AreAllInTheTable) {
    std::vector<Words> tried;
    for (const Tried& each : table())
        tried.push_back(each.command);
    EXPECT_THAT(tried, testing::UnorderedElementsAreArray(commands_below({})));
}

TEST_F(CliCommands, DoWhatIsAskedForAndAnswerAsJson) {
    keep_in_quarantine();
    for (const Tried& each : table()) {
        const Words words = joined(each.command, each.done);
        const Ran done = at_the_door(words, true);
        EXPECT_EQ(done.code, exit_done) << spelt(words) << "\n" << done.out << done.err;
        if (each.command == Words{"tail"}) {
            EXPECT_EQ(done.err, "");  // one document a line, below
        } else {
            EXPECT_TRUE(one_document(done, spelt(words)).is_object()) << done.out;
        }
        if (each.refused == nothing_refuses) continue;
        const Words beyond = joined(each.command, each.refused);
        const Ran refused = at_the_door(beyond, true);
        EXPECT_EQ(refused.code, exit_refused) << spelt(beyond) << "\n" << refused.out;
        const json reason = one_document(refused, spelt(beyond));
        EXPECT_TRUE(reason.contains("detail") || reason.contains("rows") ||
                    reason.contains("refusals"))
            << spelt(beyond) << "\n"
            << refused.out;
        const Ran spoken = at_the_door(beyond, false);
        EXPECT_EQ(spoken.code, exit_refused) << spelt(beyond);
        EXPECT_GT((spoken.err + spoken.out).size(), 10U) << spelt(beyond);
    }
    EXPECT_TRUE(writer_.stop(std::chrono::seconds{10}));
}

TEST_F(CliCommands, SayThatNoServerAnswers) {
    const Words nowhere{"--socket", (folder_ / "none").string()};
    for (const Tried& each : table()) {
        if (!each.needs_server) continue;
        const Words words = joined(joined(each.command, each.done), nowhere);
        if (each.command.at(0) == "quarantine" && !each.done.empty()) continue;  // below
        const Ran silent = run_words(joined(words, {"--json"}));
        EXPECT_EQ(silent.code, exit_unreachable) << spelt(words);
        EXPECT_EQ(one_document(silent, spelt(words)).value("exit_code", 0), exit_unreachable);
        const Ran spoken = run_words(words);
        EXPECT_EQ(spoken.code, exit_unreachable) << spelt(words);
        expect_said(spoken, spelt(words));
    }
    for (const std::string word : {"show", "replay"})
        EXPECT_EQ(run_words(joined({"quarantine", word, "1"}, nowhere)).code, exit_unreachable);
}

TEST_F(CliCommands, TellAWrongCommandLineApart) {
    auto all = table();
    all.push_back({{"frob"}, {}, {}, {}});
    all.push_back({{}, {}, {}, {}});
    all.push_back({{"asset"}, {}, {}, {}});
    all.push_back({{"credential", "create"}, {}, {}, {"--from-file", "x"}});
    for (const Tried& each : all) {
        for (const Words& tail : {each.wrong, joined(each.wrong, {"--frob"})}) {
            const Words words = joined(each.command, tail);
            const Ran wrong = run_words(joined(words, {"--json"}));
            EXPECT_EQ(wrong.code, exit_usage) << spelt(words) << "\n" << wrong.out << wrong.err;
            const json said = one_document(wrong, spelt(words));
            EXPECT_EQ(said.value("exit_code", 0), exit_usage) << wrong.out;
            EXPECT_FALSE(said.value("detail", "").empty()) << wrong.out;
            const Ran spoken = run_words(words);
            EXPECT_EQ(spoken.code, exit_usage) << spelt(words);
            expect_said(spoken, spelt(words));
        }
    }
}

TEST_F(CliCommands, ShowAnExampleOfEveryCommand) {
    const auto commands = commands_below({});
    EXPECT_GE(commands.size(), 31U);
    for (auto words : commands) {
        std::string name = "vigie";
        for (const auto& word : words)
            name += " " + word;
        words.emplace_back("--help");
        const Ran help = run_words(words);
        EXPECT_EQ(help.code, 0) << name;
        const auto example = help.out.find("Example");
        ASSERT_NE(example, std::string::npos) << name << "\n" << help.out;
        EXPECT_THAT(help.out.substr(example), HasSubstr(name));
    }
}

TEST_F(CliCommands, ShowTheLogbook) {
    using operations::Entry;
    const auto write = [&](const char* at, const char* author, const std::string& text) {
        Entry entry;
        entry.at = entry.recorded_at = *base::parse_rfc3339(at);
        entry.author = {author, author};
        entry.entry_type = "note";
        entry.text = {text + " (en)", text + " (fr)"};
        pool_.write_now(
            [&](store::Transaction& tx) { (void)operations::logbook_store::append(tx, entry); });
    };
    write("2026-11-22T17:00:00Z", "lea", "Porte forcée");
    write("2026-11-22T17:30:00Z", "max", "Relève");
    const Ran table = vigie({"logbook", "show"});
    EXPECT_EQ(table.code, 0) << table.err;
    std::vector<std::string> lines;
    std::istringstream printed(table.out);
    for (std::string line; std::getline(printed, line);)
        lines.push_back(line);
    ASSERT_EQ(lines.size(), 3U) << table.out;
    EXPECT_THAT(lines[0], testing::MatchesRegex("number +at +author +type +incident +text"));
    EXPECT_THAT(lines[1],
                testing::AllOf(testing::StartsWith("2 "), HasSubstr("2026-11-22T17:30"),
                               HasSubstr(" max "), HasSubstr(" note "), HasSubstr("Relève (")));
    EXPECT_THAT(lines[2], testing::AllOf(testing::StartsWith("1 "), HasSubstr("Porte forcée (")));
    EXPECT_THAT(vigie({"logbook", "show", "--limit", "1"}).out, HasSubstr("and more"));
    const auto rows = answer({"logbook", "show", "--from", "2026-11-22T17:15:00Z", "--to",
                              "2026-11-22T18:00:00Z"})["rows"];
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0]["author"], "max");
    EXPECT_EQ(rows[0]["text"]["fr"], "Relève (fr)");
    EXPECT_TRUE(answer({"logbook", "show", "--incident", "7"})["rows"].empty());
}

TEST_F(CliCommands, AnswerWhatTheyDidAsJson) {
    keep_in_quarantine();
    const auto shown = answer({"quarantine", "show", quarantined_});
    EXPECT_EQ(shown["reason"], "unknown_asset");
    EXPECT_THAT(shown["payload"].get<std::string>(), HasSubstr("online"));
    const Ran early = vigie({"quarantine", "replay", quarantined_, "4711", "--json"});
    EXPECT_EQ(early.code, 1);
    EXPECT_EQ(json::parse(early.out)["rows"].size(), 2U) << early.out;
    EXPECT_EQ(json::parse(early.out)["rows"][0]["taken"], false);
    answer({"asset", "import", file("c.csv", "code,lon,lat\nV1,5,47\n"), "--kind", "camera"});
    const auto replayed = answer({"quarantine", "replay", quarantined_})["rows"][0];
    EXPECT_EQ(replayed["taken"], true);
    EXPECT_EQ(replayed["answer"]["stored"], 1);
    EXPECT_TRUE(writer_.stop(std::chrono::seconds{10}));

    answer({"credential", "create", "gw", "--asset", "V1"});
    const auto revoked = answer({"credential", "revoke", "gw"});
    EXPECT_EQ(revoked["name"], "gw");
    EXPECT_EQ(answer({"credential", "list"})["rows"][0].contains("revoked_at"), true);
    answer({"user", "add", "lea", "--employer", "M"});
    EXPECT_EQ(answer({"user", "disable", "lea"})["disabled"], true);
    EXPECT_EQ(answer({"user", "enable", "lea"})["disabled"], false);
}

TEST(CliMigrate, MakesAPrivateDatabase) {
    const test::Folder folder;
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    const Words migrate{"migrate", "--data", folder.path(), "--socket", folder.path() + "/none"};
    const Ran first = run_words(joined(migrate, {"--json"}));
    ASSERT_EQ(first.code, 0) << first.out << first.err;
    const json rows = json::parse(first.out, nullptr, false);
    ASSERT_TRUE(rows.is_object()) << first.out;
    EXPECT_EQ(rows["rows"].at(0)["name"], "0001_ground.sql");
    for (const json& row : rows["rows"])
        EXPECT_EQ(row["state"], "applied") << row.dump();
    EXPECT_TRUE(std::filesystem::exists(folder.path() + "/pg/PG_VERSION"));
    EXPECT_FALSE(std::filesystem::exists(folder.path() + "/pg/postmaster.pid")) << "it is stopped";
    const Ran again = run_words(migrate);
    EXPECT_EQ(again.code, 0) << again.err;
    EXPECT_THAT(again.out, HasSubstr("0001_ground.sql"));
    EXPECT_THAT(again.out, testing::Not(HasSubstr("to be applied")));
}

}  // namespace
}  // namespace vigie::cli
