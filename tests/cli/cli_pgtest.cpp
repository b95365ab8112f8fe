#include "tests/cli/cli_bench.hpp"

namespace vigie::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST_F(Cli, ImportsListsAndShowsAssets) {
    const std::string csv =
        file("p.csv", "ID;X;Y;places\n1;5,04;47,32;474\n2;5,05;47,32;\n3;5,06;47,32;20\n");
    const std::vector<std::string> import{
        "asset", "import", csv,     "--kind", "car_park", "--code-from",    "ID",
        "--map", "X=lon",  "--map", "Y=lat",  "--map",    "places=capacity"};
    const Ran refused = vigie(import);
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.out, HasSubstr("2 new, 0 changed, 0 unchanged, 1 refused"));
    EXPECT_THAT(refused.out, HasSubstr("line 3 (2): /attributes/capacity: is demanded"));
    EXPECT_THAT(refused.out, HasSubstr("nothing was stored"));
    auto partial = import;
    partial.emplace_back("--partial");
    EXPECT_EQ(answer(partial)["new"], 2);
    EXPECT_EQ(answer(partial)["unchanged"], 2);
    const Ran list = vigie({"asset", "list", "--kind", "car_park", "--limit", "1"});
    EXPECT_EQ(list.code, 0);
    EXPECT_THAT(list.out, HasSubstr("and more"));
    EXPECT_EQ(answer({"asset", "list", "--limit", "0"})["rows"].size(), 2U);
    EXPECT_EQ(answer({"asset", "show", "3"})["attributes"]["capacity"], 20);
    const Ran unknown = vigie({"asset", "show", "NOPE"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_THAT(unknown.err, HasSubstr("there is no asset NOPE"));
    EXPECT_EQ(answer({"live", "3"})["rows"][0]["freshness"], "unknown");
    EXPECT_EQ(vigie({"tail", "--kind", "car_park", "--for", "0.001"}).code, 0);
    EXPECT_EQ(vigie({"tail", "--kind", "boat"}).code, 1);
}

TEST_F(Cli, SaysOfEveryRefusedRowWhereItIsAndWhy) {
    std::string csv = "code,lon,lat\n";
    for (int number = 1; number <= 2'000; ++number)
        csv += "V" + std::to_string(number) + ",5,\n";
    const std::string wrong = file("wrong.csv", csv);
    const Ran all = vigie({"asset", "import", wrong, "--kind", "camera", "--json"});
    EXPECT_EQ(all.code, 1);
    const auto report = json::parse(all.out, nullptr, false);
    ASSERT_TRUE(report.is_object()) << all.out.substr(0, 200);
    EXPECT_EQ(report["refused"], 2'000);
    ASSERT_EQ(report["refusals"].size(), 2'000U);
    EXPECT_EQ(report["refusals"][1'999]["line"], 2'001);
    const Ran shown = vigie({"asset", "import", wrong, "--kind", "camera"});
    EXPECT_EQ(shown.code, 1);
    EXPECT_THAT(shown.out, HasSubstr("  line 101"));
    EXPECT_THAT(shown.out, testing::Not(HasSubstr("  line 102")));
    EXPECT_THAT(shown.out, HasSubstr("  ... and 1900 more: --json lists all of them\n"));
}

TEST_F(Cli, ImportsZonesAndStreets) {
    const std::string outline = file(
        "z.geojson",
        R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"21231","nom":"Dijon"},
"geometry":{"type":"Polygon","coordinates":[[[5,47.3],[5.1,47.3],[5.1,47.4],[5,47.4],[5,47.3]]]}}]})");
    EXPECT_EQ(answer({"zone", "import", outline})["new"], 1);
    const std::string line = file(
        "s.geojson",
        R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"LIB":"Rue Monge"},
"geometry":{"type":"LineString","coordinates":[[5.04,47.32],[5.05,47.32]]}}]})");
    EXPECT_EQ(vigie({"street", "import", line}).code, 1);
    EXPECT_EQ(answer({"street", "import", line, "--map", "LIB=name", "--dry-run"})["stored"],
              false);
    EXPECT_EQ(answer({"street", "import", line, "--map", "LIB=name"})["new"], 1);
    EXPECT_EQ(streets_.current()->all().at(0).commune, "21231");
}

TEST_F(Cli, MakesListsAndRevokesCredentials) {
    answer(
        {"asset", "import", file("c.csv", "code,lon,lat\nV1,5,47\nV2,5,47\n"), "--kind", "camera"});
    const auto made =
        answer({"credential", "create", "gw", "--asset", "V1", "--backfill"})["rows"][0];
    const auto sender = credentials_.verify("gw", made["password"].get<std::string>());
    ASSERT_TRUE(sender.ok());
    EXPECT_TRUE((*sender)->may_backfill());
    EXPECT_EQ(vigie({"credential", "create", "gw", "--asset", "V1"}).code, 1);
    EXPECT_EQ(vigie({"credential", "create"}).code, 2);
    const std::string out = (folder_ / "secrets.json").string();
    const std::string from =
        file("credentials.json", R"([{"name":"a","assets":["V1"]},{"name":"b","assets":["V2"]}])");
    EXPECT_EQ(vigie({"credential", "create", "--from-file", from}).code, 2);
    const Ran many = vigie({"credential", "create", "--from-file", from, "--secrets-out", out});
    EXPECT_EQ(many.code, 0) << many.err;
    std::ifstream secrets(out);
    const auto rows = json::parse(secrets);
    EXPECT_TRUE(credentials_.verify("b", rows.at(1)["password"].get<std::string>()).ok());
    EXPECT_THAT(many.out, testing::Not(HasSubstr(rows.at(1)["password"].get<std::string>())));
    EXPECT_EQ(vigie({"credential", "revoke", "b"}).code, 0);
    EXPECT_FALSE(credentials_.verify("b", rows.at(1)["password"].get<std::string>()).ok());
    EXPECT_THAT(vigie({"credential", "list"}).out, HasSubstr("2026"));
    EXPECT_THAT(vigie({"credential", "set-limits", "a", "--messages-per-s", "0.5",
                       "--message-bytes", "4096"})
                    .out,
                HasSubstr("messages/s 0.5*, burst 5.0, values/s any, bytes 4096*"));
    const auto limited = answer({"credential", "list"})["rows"][0];
    EXPECT_EQ(limited["own_limits"],
              nlohmann::json({{"messages_per_s", 0.5}, {"message_bytes_max", 4'096}}));
    EXPECT_EQ(limited["limits"]["message_bytes_max"], 4'096);
    EXPECT_EQ(vigie({"credential", "set-limits", "a", "--values-per-s", "many"}).code, 1);
    EXPECT_EQ(vigie({"credential", "set-limits", "a", "--messages-burst", "0"}).code, 1);
    EXPECT_EQ(vigie({"credential", "set-limits", "a"}).code, 0);
    EXPECT_THAT(vigie({"credential", "list"}).out, testing::Not(HasSubstr("4096")));
    EXPECT_EQ(vigie({"credential", "revoke", "b"}).code, 1);
}

TEST_F(Cli, BindsACredentialToACertificate) {
    const auto pem =
        file("cabinet.pem", "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n");
    const Ran made = vigie({"credential", "create", "cabinet", "--all", "--certificate", pem});
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("signs in by its certificate, sha256:ba7816bf"));
    EXPECT_THAT(made.out, testing::Not(HasSubstr("password")));
    const auto fleet = answer({"credential", "create", "fleet", "--all", "--certificate-subject",
                               "CN=fleet,O=City"})["rows"][0];
    EXPECT_EQ(fleet["certificate"], "subject:CN=fleet,O=City");
    EXPECT_EQ(credentials_.certified()({"", "CN=fleet,O=City"})->name(), "fleet");
    EXPECT_EQ(vigie({"credential", "create", "x", "--all", "--certificate", pem}).code, 1)
        << "it signs in another";
    EXPECT_EQ(vigie({"credential", "create", "x", "--all", "--certificate", pem,
                     "--certificate-subject", "CN=x"})
                  .code,
              2);
}

TEST_F(Cli, LooksAfterPeople) {
    const auto made = answer({"user", "add", "lea", "--name", "Léa", "--employer", "Métropole"});
    EXPECT_FALSE(made["password"].get<std::string>().empty());
    EXPECT_EQ(made["role"], "operator");
    EXPECT_EQ(vigie({"user", "add", "lea", "--employer", "M"}).code, 1);
    EXPECT_EQ(vigie({"user", "add", "max", "--employer", "M", "--role", "king"}).code, 2);
    EXPECT_THAT(vigie({"user", "disable", "lea"}).out, HasSubstr("is disabled"));
    EXPECT_EQ(answer({"user", "list"})["rows"][0]["disabled"], true);
    EXPECT_NE(answer({"user", "set-password", "lea"})["password"], made["password"]);
}

TEST_F(Cli, MakesCrewsAndVerifiesTheRecord) {
    answer({"asset", "import", file("v.csv", "code,lon,lat\nVEH-1,5,47\n"), "--kind", "vehicle"});
    const auto crew = answer({"crew", "add", "EQ1", "--name", "Équipe 1", "--vehicle", "VEH-1"});
    EXPECT_EQ(crew["code"], "EQ1");
    EXPECT_EQ(vigie({"crew", "add", "EQ1"}).code, 1);
    EXPECT_EQ(answer({"crew", "list"})["rows"].size(), 1U);
    EXPECT_EQ(vigie({"logbook", "show"}).code, 0);
    const auto verified = answer({"logbook", "verify"});
    EXPECT_EQ(verified["whole"], true);
    EXPECT_EQ(verified["audit"]["entries"], 2);

    // A superuser who bends the past is found out.
    static constexpr store::Query bend{"test_bend",
                                       "update audit set status = 200 where number = 2"};
    store::Pool superuser(database_.superuser_url(), 1);
    superuser.write_now([&](store::Transaction& tx) { tx.execute(bend); });
    const Ran broken = vigie({"logbook", "verify"});
    EXPECT_EQ(broken.code, 1);
    EXPECT_THAT(broken.out, HasSubstr("BROKEN at entry 2"));
}

TEST_F(Cli, ListsShowsAndReplaysQuarantine) {
    static constexpr store::Query keep{
        "test_keep",
        "insert into quarantine (received_at, credential, channel, topic, reason, detail, payload) "
        "values ($1::timestamptz, 'gw', 'mqtt', 'vigie/v1/V1/observations', 'unknown_asset', "
        "'there is no asset V1', '{\"values\":{\"online\":true}}')"};
    pool_.write_now([&](store::Transaction& tx) { tx.execute(keep, clock_.now()); });
    writer_.start();
    EXPECT_THAT(vigie({"quarantine", "list"}).out, HasSubstr("unknown_asset"));
    EXPECT_TRUE(answer({"quarantine", "list", "--reason", "not_json"})["rows"].empty());
    const auto id = answer({"quarantine", "list"})["rows"][0]["id"].get<std::string>();
    EXPECT_THAT(vigie({"quarantine", "show", id}).out, HasSubstr("online"));
    EXPECT_EQ(vigie({"quarantine", "replay", id}).code, 1) << "the asset is still unknown";
    answer({"asset", "import", file("c.csv", "code,lon,lat\nV1,5,47\n"), "--kind", "camera"});
    EXPECT_EQ(vigie({"quarantine", "replay", id}).code, 0);
    EXPECT_TRUE(answer({"quarantine", "list"})["rows"].empty());
    EXPECT_EQ(vigie({"quarantine", "show", id}).code, 1);
    EXPECT_TRUE(writer_.stop(std::chrono::seconds{10}));
    EXPECT_EQ(writer_.counters().frames.load(), 1U);
}

TEST_F(Cli, NamesWhoSpeaksOfUnknownProperties) {
    static constexpr store::Query keep{
        "test_keep_unknown",
        "insert into quarantine (received_at, credential, channel, topic, reason, detail, payload) "
        "values ($1::timestamptz, 'gw', 'mqtt', 'vigie/v1/V1/observations', 'unknown_asset', '', "
        "'{\"values\":{\"online\":true,\"colour\":1}}')"};
    pool_.write_now([&](store::Transaction& tx) { tx.execute(keep, clock_.now()); });
    answer({"asset", "import", file("c.csv", "code,lon,lat\nV1,5,47\n"), "--kind", "camera"});
    EXPECT_TRUE(answer({"quarantine", "unknown"})["rows"].empty());
    writer_.start();
    const auto id = answer({"quarantine", "list"})["rows"][0]["id"].get<std::string>();
    EXPECT_EQ(vigie({"quarantine", "replay", id}).code, 0);
    const auto row = answer({"quarantine", "unknown"})["rows"].at(0);
    EXPECT_EQ(row["asset"], "V1");
    EXPECT_EQ(row["property"], "colour");
    EXPECT_EQ(row["values"], 1);
    EXPECT_THAT(row["last_at"].get<std::string>(), testing::StartsWith("2026-11-22T18:00:00"));
    EXPECT_THAT(vigie({"quarantine", "unknown"}).out, HasSubstr("colour"));
    EXPECT_TRUE(writer_.stop(std::chrono::seconds{10}));
}

TEST_F(Cli, ClosesDaysAndVerifiesThem) {
    store::Pool owner(database_.owner_url(), 0);
    static constexpr store::Query day{
        "cli_day",
        "create table frame_20261118 partition of frame for values from ('2026-11-18T00:00:00Z') "
        "to ('2026-11-19T00:00:00Z')"};
    static constexpr store::Query frames{
        "cli_frames",
        "insert into frame select '2026-11-18T00:00:00Z'::timestamptz + i * interval '1 minute', "
        "now(), 1, 1, array[i, 2] from generate_series(0, 99) as i"};
    static constexpr store::Query bend{
        "cli_bend_chunk", "update chunk set body = set_byte(body, 9, get_byte(body, 9) # 1)"};
    owner.write_now([](store::Transaction& tx) {
        tx.execute(day);
        tx.execute(frames);
    });
    EXPECT_THAT(vigie({"storage", "status"}).out, HasSubstr("frame_20261118"));
    EXPECT_EQ(vigie({"storage", "close", "2026-11-21"}).code, 1) << "not old enough";
    EXPECT_THAT(vigie({"storage", "close", "2026-11-18"}).out,
                HasSubstr("2026-11-18 closed: 100 frames, 200 values"));
    EXPECT_THAT(vigie({"storage", "close"}).out, HasSubstr("no day is due"));
    EXPECT_EQ(answer({"storage", "status"})["closed"]["values"], 200);
    EXPECT_EQ(answer({"storage", "verify", "--all"})["chunks"], 1);
    owner.write_now([](store::Transaction& tx) { tx.execute(bend); });
    const Ran broken = vigie({"storage", "verify"});
    EXPECT_EQ(broken.code, 1);
    EXPECT_THAT(broken.out, HasSubstr("NOT WHOLE"));
}

TEST_F(Cli, TellsItsExitCodesApart) {
    EXPECT_EQ(run_words({"status", "--socket", (folder_ / "none").string()}).code, 3);
    EXPECT_EQ(run_words({"status", "--socket", std::string(200, 'x')}).code, 3);
    EXPECT_EQ(run_words({"frob"}).code, 2);
    EXPECT_EQ(run_words({}).code, 2);
    EXPECT_EQ(run_words({"asset", "import"}).code, 2);
}

TEST_F(Cli, AnswersEveryFailureAsJsonWhenAskedFor) {
    const auto failed = [](std::vector<std::string> words, int code) {
        words.emplace_back("--json");
        const Ran ran = run_words(std::move(words));
        EXPECT_EQ(ran.code, code) << ran.out;
        EXPECT_EQ(ran.err, "");
        const json said = json::parse(ran.out, nullptr, false);
        EXPECT_TRUE(said.is_object() && !said.value("detail", "").empty()) << ran.out;
        return said.is_object() ? said : json::object();
    };
    const std::string none = (folder_ / "none").string();
    EXPECT_EQ(failed({"status", "--socket", none}, 3)["exit_code"], 3);
    EXPECT_EQ(failed({"asset", "import", none, "--kind", "camera"}, 1)["exit_code"], 1)
        << "no such file: an exception";
    EXPECT_EQ(failed({"migrate", "--dry-run", "--data", none, "--socket", none}, 1)["exit_code"], 1)
        << "refused by the tool itself";
    failed({"asset", "show", "NOPE", "--socket", socket()}, 1);
    failed({"config", "check", "--config", file("wrong.toml", "[log]\nlevel = 1\n")}, 1);
}

TEST_F(Cli, ChecksSettingsWithoutAServer) {
    const std::string good =
        file("good.toml", "[paths]\nkinds_folder = \"" VIGIE_SOURCE_DIR "/config/kinds\"\n");
    EXPECT_EQ(run_words({"config", "check", "--config", good}).code, 0);
    const Ran zone = run_words({"config", "check", "--config",
                                file("zone.toml", "[city]\n\ntime_zone = \"Mars/Tharsis\"\n")});
    EXPECT_EQ(zone.code, 1);
    EXPECT_THAT(zone.err, HasSubstr("zone.toml:3: \"Mars/Tharsis\" is not a time zone"));
    const Ran wrong =
        run_words({"config", "check", "--config", file("wrong.toml", "[control]\ncolour = 1\n")});
    EXPECT_EQ(wrong.code, 1);
    EXPECT_THAT(wrong.err, HasSubstr("colour"));
    std::filesystem::create_directory(folder_ / "kinds");
    (void)file("kinds/lamp.toml", "code = \"lamp\"\n");
    const Ran kinds = run_words(
        {"config", "check", "--config",
         file("kinds.toml", "[paths]\nkinds_folder = \"" + (folder_ / "kinds").string() + "\"\n")});
    EXPECT_EQ(kinds.code, 1);
    EXPECT_THAT(kinds.err, HasSubstr("lamp.toml:1: /name: is missing"));
}

TEST_F(Cli, MigratesADatabaseOfItsOwn) {
    const std::string config =
        file("external.toml", "[database]\nurl = \"" + database_.app_url() + "\"\nowner_url = \"" +
                                  database_.owner_url() + "\"\n");
    const Ran ran = run_words({"migrate", "--config", config});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("0001_ground.sql"));
    EXPECT_THAT(ran.out, testing::Not(HasSubstr("to be applied")));
}

}  // namespace
}  // namespace vigie::cli
