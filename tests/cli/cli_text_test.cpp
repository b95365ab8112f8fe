#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/admin_door.hpp"
#include "cli/doctor.hpp"
#include "cli/import_command.hpp"
#include "cli/secret_file.hpp"
#include "cli/terminal.hpp"

namespace vigie::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(CliTable, AlignsByColumnsNotBytes) {
    Table table({"name", "n"});
    table.add({"Éé", "1"});
    table.add({"longer", "2"});
    std::ostringstream out;
    table.print(out);
    EXPECT_EQ(out.str(), "name    n\nÉé      1\nlonger  2\n");
}

TEST(CliBar, IsHonestAtBothEnds) {
    EXPECT_EQ(bar_text(0, 100), "[..............................] 0 %");
    EXPECT_EQ(bar_text(99, 100), "[#############################.] 99 %");
    EXPECT_EQ(bar_text(100, 100), "[##############################] 100 %");
    EXPECT_EQ(bar_text(0, 0), "[##############################] 100 %");
}

TEST(CliTarget, EscapesWhatItIsGiven) {
    EXPECT_EQ(target("/a", {}), "/a");
    EXPECT_EQ(target("/a", {{"map", "CAR LIEU=street"}, {"q", "é&1"}}),
              "/a?map=CAR%20LIEU%3Dstreet&q=%C3%A9%261");
}

TEST(CliReport, SaysWhatWasRefusedAndThatNothingWasStored) {
    const json report = json::parse(R"({"new":1,"changed":0,"unchanged":2,"refused":4,"refusals":[
        {"line":4,"code":"P-2","reason":"no position"},{"line":5,"reason":"has no code"},
        {"line":9,"feature":3,"reason":"no geometry"}],
        "ignored_fields":["NOM"],"assets_moved":7,"stored":false,"dry_run":false})");
    EXPECT_EQ(report_text(report),
              "1 new, 0 changed, 2 unchanged, 4 refused\n"
              "  line 4 (P-2): no position\n"
              "  line 5: has no code\n"
              "  line 9, feature 3: no geometry\n"
              "  ... and 1 more: --json lists the first 3\n"
              "fields nothing was taken from: NOM (--map FIELD=PROPERTY)\n"
              "7 assets got their commune or street from this\n"
              "nothing was stored; --partial takes what is good\n");
    json dry = report;
    dry["dry_run"] = true;
    EXPECT_THAT(report_text(dry), HasSubstr("nothing was stored: --dry-run"));
    json stored = report;
    stored["stored"] = true;
    EXPECT_THAT(report_text(stored), testing::Not(HasSubstr("nothing was stored")));
}

TEST(CliReport, ShowsTheFirstHundredAndHowToLearnTheOthers) {
    json report{{"refused", 0}, {"refusals", json::array()}, {"stored", true}};
    const auto with = [&report](std::size_t refused) {
        while (report["refusals"].size() < refused)
            report["refusals"].push_back(
                {{"line", report["refusals"].size() + 2}, {"reason", "x"}});
        report["refused"] = refused;
        return report_text(report);
    };
    const std::string hundred = with(100);
    EXPECT_THAT(hundred, HasSubstr("  line 101: x\n"));
    EXPECT_THAT(hundred, testing::Not(HasSubstr("more")));
    const std::string one_more = with(101);
    EXPECT_THAT(one_more, testing::Not(HasSubstr("line 102")));
    EXPECT_THAT(one_more, HasSubstr("  ... and 1 more: --json lists all of them\n"));
}

std::string verdicts(const std::vector<Finding>& findings, const std::string& subject) {
    std::string text;
    for (const Finding& finding : findings) {
        if (finding.subject == subject) text += std::string(to_string(finding.verdict)) + ";";
    }
    return text;
}

TEST(Doctor, JudgesDoorsByWhoCanReachThem) {
    json status = json::parse(R"({"ready":true,"obstacles":[],"assets":10,
        "ingestion":{"observations":5,"refused":0,"database_away":false},"doors":{
        "admin":{"socket":"/run/admin.sock"},
        "a":{"address":"127.0.0.1","port":1,"tls":false,"behind_proxy":false,"loopback":true},
        "b":{"address":"0.0.0.0","port":2,"tls":true,"behind_proxy":false,"loopback":false},
        "c":{"address":"0.0.0.0","port":3,"tls":false,"behind_proxy":true,"loopback":false},
        "d":{"address":"0.0.0.0","port":4,"tls":false,"behind_proxy":false,"loopback":false}}})");
    const auto findings = examine(status, std::nullopt);
    EXPECT_EQ(verdicts(findings, "door admin"), "ok;");
    EXPECT_EQ(verdicts(findings, "door a"), "ok;");
    EXPECT_EQ(verdicts(findings, "door b"), "ok;");
    EXPECT_EQ(verdicts(findings, "door c"), "warning;");
    EXPECT_EQ(verdicts(findings, "door d"), "FAILURE;");
    EXPECT_EQ(verdicts(findings, "ready"), "ok;");
    EXPECT_EQ(verdicts(findings, "assets"), "ok;");
    EXPECT_EQ(verdicts(findings, "observations"), "ok;");
}

TEST(Doctor, SeesObstaclesRefusalsAndAFullDisk) {
    const json status = json::parse(R"({"obstacles":["fsync is off"],"assets":0,
        "ingestion":{"observations":5,"refused":2,"database_away":true}})");
    constexpr std::uint64_t gib = 1ULL << 30U;
    const auto findings = examine(status, DiskSpace{"/var/lib/vigie", gib, 100 * gib});
    EXPECT_EQ(verdicts(findings, "ready"), "FAILURE;");
    EXPECT_EQ(verdicts(findings, "database"), "FAILURE;");
    EXPECT_EQ(verdicts(findings, "assets"), "warning;");
    EXPECT_EQ(verdicts(findings, "observations"), "warning;");
    EXPECT_EQ(verdicts(findings, "disk"), "warning;");
    const auto disk = [&](std::uint64_t free_bytes) {
        return verdicts(examine(status, DiskSpace{"/", free_bytes, 10 * gib}), "disk");
    };
    EXPECT_EQ(disk(2 * gib), "ok;");
    EXPECT_EQ(disk(2 * gib - 1), "warning;");
    EXPECT_EQ(disk(gib / 4 - 1), "FAILURE;");
}

TEST(SecretFile, IsForItsOwnerOnlyAlsoWhenItReplacesAnother) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("vigie-secrets-" + std::to_string(::getpid()) + ".json");
    std::ofstream(path) << "old, and longer than what follows";
    std::filesystem::permissions(path, std::filesystem::perms::all);
    write_secret_file(path.string(), "new\n");
    EXPECT_EQ(read_file(path.string()), "new\n");
    struct stat found{};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U);
    std::filesystem::remove(path);
    EXPECT_THROW((void)read_file(path.string()), std::runtime_error);
    EXPECT_THROW(write_secret_file("/nonexistent/secrets", "x"), std::runtime_error);
}

}  // namespace
}  // namespace vigie::cli
