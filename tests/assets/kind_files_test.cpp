#include "vigie/assets/kind_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace vigie::assets {
namespace {

const std::string kind_head = R"(code = "lamp"
name = { en = "Lamp", fr = "Lampe" }
desk = "video"
reporting_period_s = 60
)";

std::string kind_with(const std::string& more) {
    return kind_head + more;
}

TEST(KindFiles, ReadsEveryKindOfTheProduct) {
    const auto kinds = read_kinds(std::string(VIGIE_SOURCE_DIR) + "/config/kinds");
    ASSERT_TRUE(kinds.ok()) << kinds.error().detail.en;
    std::vector<std::string> codes;
    for (const Kind& kind : *kinds) {
        codes.push_back(kind.code);
        EXPECT_FALSE(kind.name.en.empty());
        EXPECT_FALSE(kind.name.fr.empty());
        EXPECT_GE(kind.unknown_after, kind.stale_after);
    }
    EXPECT_THAT(codes,
                testing::ElementsAre("air_station", "camera", "car_park", "light_point",
                                     "lighting_cabinet", "lighting_circuit", "signal_junction",
                                     "traffic_detector", "vehicle", "weather_station"));
}

TEST(KindFiles, ReadsValuesOfRulesAsNumbers) {
    const auto kinds = read_kinds(std::string(VIGIE_SOURCE_DIR) + "/config/kinds");
    ASSERT_TRUE(kinds.ok());
    const Kind& light = (*kinds)[3];
    EXPECT_TRUE(light.switched_feeder);
    EXPECT_EQ(light.reporting_period, std::chrono::seconds{900});
    EXPECT_THAT(light.rules[0].values, testing::ElementsAre(1.0, 2.0));
    EXPECT_EQ(light.rules[0].raises, Raises::maintenance);
    EXPECT_EQ(light.rules[1].delay_on, std::chrono::seconds{10});
    EXPECT_EQ(light.rules[2].silent_periods, 3.0);
    const Kind& cabinet = (*kinds)[4];
    EXPECT_EQ(cabinet.feeder_property, "feeder_on");
    EXPECT_THAT(cabinet.rules[0].values, testing::ElementsAre(1.0));
    EXPECT_EQ(cabinet.rules[0].suppresses, Suppresses::fed);
    const Kind& vehicle = (*kinds)[8];
    EXPECT_TRUE(vehicle.mobile);
    EXPECT_EQ(vehicle.properties[0].type, PropertyType::position);
}

struct WrongKind {
    std::string text;
    std::string pointer;
    std::string reason;
    std::string line;
};

TEST(KindFiles, AnswersWhatIsWrongWithFileLineAndPointer) {
    const std::string number =
        "[[property]]\ncode = \"w\"\nname = { en = \"W\", fr = \"W\" }\n"
        "type = \"number\"\n";
    const std::string coded =
        "[[property]]\ncode = \"f\"\nname = { en = \"F\", fr = \"F\" }\n"
        "type = \"code\"\ncodes = [{ code = \"a\", en = \"a\", fr = \"a\" }]\n";
    const std::string rule =
        "[[rule]]\ncode = \"r\"\nname = { en = \"R\", fr = \"R\" }\n"
        "response = { en = \"R\", fr = \"R\" }\nraises = \"alarm\"\n"
        "priority = 1\n";
    const std::vector<WrongKind> cases{
        {kind_with("colour = 3\n"), "/colour", "not a known key", "5"},
        {kind_with(number + "unit = 3\n"), "/property/0/unit", "must be a text", "9"},
        {kind_with(number + "volume = 3\n"), "/property/0/volume", "not a known key", "9"},
        {kind_with(number + "min = \"x\"\n"), "/property/0/min", "must be a number", "9"},
        {kind_with(number + "min = 3\nmax = 2\n"), "/property/0/max", "greater than min", "10"},
        {kind_with(number + number), "/property/1/code", "is there twice", ""},
        {kind_with(number + rule + "condition = \"above\"\nproperty = \"v\"\nlimit = 3\n"),
         "/rule/0/property", "not a property of this kind", "16"},
        {kind_with(number + rule + "condition = \"above\"\nproperty = \"w\"\n"), "/rule/0/limit",
         "a number is demanded", "9"},
        {kind_with(number + rule + "condition = \"is\"\nproperty = \"w\"\nvalues = [1]\n"),
         "/rule/0/condition", "does not suit", "15"},
        {kind_with(coded + rule + "condition = \"is\"\nproperty = \"f\"\nvalues = [\"b\"]\n"),
         "/rule/0/values/0", "not a value of f", "18"},
        {kind_with(rule + "condition = \"silent\"\n"), "/rule/0/silent_periods", "from 1", ""},
        {kind_with("feeder_property = \"on\"\n"), "/feeder_property", "boolean property", "5"},
        {kind_with("stale_after_s = 90\nunknown_after_s = 80\n"), "/unknown_after_s", "not be less",
         "6"},
        {kind_with("raw_days = 30\npast_limit_h = 697\n"), "/past_limit_h", "a day less", "6"},
        {"name = { en = \"L\", fr = \"L\" }\ndesk = \"video\"\n", "/code", "is missing", ""},
        {"code = \"a\"\nname = { en = \"L\" }\ndesk = \"video\"\n", "/name/fr", "is missing", "2"},
        {"code = \"a\"\nname = { en = \"L\", fr = \"L\" }\ndesk = \"roof\"\n", "/desk",
         "must be one of security", "3"},
        {"code = \"A b\"\nname = { en = \"L\", fr = \"L\" }\ndesk = \"video\"\n", "/code",
         "beginning with a letter", "1"},
        {"code = \"a\nname", "", "not TOML", "1"},
    };
    for (const WrongKind& each : cases) {
        const auto kind = parse_kind(each.text, "lamp.toml");
        ASSERT_FALSE(kind.ok()) << each.text;
        ASSERT_EQ(kind.error().fields.size(), 1U) << kind.error().detail.en;
        EXPECT_EQ(kind.error().fields[0].pointer, each.pointer) << kind.error().detail.en;
        EXPECT_THAT(kind.error().detail.en, testing::HasSubstr(each.reason));
        EXPECT_THAT(kind.error().detail.en, testing::StartsWith("lamp.toml:" + each.line));
        EXPECT_FALSE(kind.error().detail.fr.empty());
    }
}

// What comes later than that would find its day forgotten, and count in no roll-up.
TEST(KindFiles, TakesNothingOlderThanItsKindIsKept) {
    const auto past_limit = [](const std::string& more) {
        const auto kind = parse_kind(kind_with(more), "lamp.toml");
        EXPECT_TRUE(kind.ok()) << kind.error().detail.en;
        return kind.ok() ? kind->past_limit.count() : 0;
    };
    EXPECT_EQ(past_limit(""), 720);
    EXPECT_EQ(past_limit("raw_days = 31\n"), 720);
    EXPECT_EQ(past_limit("raw_days = 30\n"), 696);
    EXPECT_EQ(past_limit("raw_days = 3\n"), 48);
    EXPECT_EQ(past_limit("raw_days = 30\npast_limit_h = 696\n"), 696);
}

const std::string dim_command = R"([[command]]
code = "dim"
name = { en = "Dim", fr = "Graduer" }
expires_s = 60
)";
const std::string level_parameter = R"([[command.parameter]]
code = "level"
name = { en = "Level", fr = "Niveau" }
type = "number"
unit = "%"
min = 0
max = 100
)";

TEST(KindFiles, ReadsCommandsWithTheirParameters) {
    const auto kind = parse_kind(
        kind_with(dim_command + "expires_s_max = 600\n" + level_parameter +
                  "[[command.parameter]]\ncode = \"mode\"\nname = { en = \"M\", fr = \"M\" }\n"
                  "type = \"code\"\nrequired = false\n"
                  "codes = [{ code = \"slow\", en = \"s\", fr = \"l\" }]\n"),
        "lamp.toml");
    ASSERT_TRUE(kind.ok()) << kind.error().detail.en;
    const Command* dim = kind->command("dim");
    ASSERT_NE(dim, nullptr);
    EXPECT_EQ(dim->expires, std::chrono::seconds{60});
    EXPECT_EQ(dim->expires_max, std::chrono::seconds{600});
    ASSERT_EQ(dim->parameters.size(), 2U);
    EXPECT_EQ(dim->parameters[0].max, 100);
    EXPECT_TRUE(dim->parameters[0].required);
    EXPECT_FALSE(dim->parameters[1].required);
    EXPECT_THAT(dim->parameters[1].codes, testing::ElementsAre("slow"));
    EXPECT_EQ(kind->command("jump"), nullptr);
}

TEST(KindFiles, AnswersWhatIsWrongWithACommand) {
    const std::string no_expiry = "[[command]]\ncode = \"r\"\nname = { en = \"R\", fr = \"R\" }\n";
    const std::string bare =
        "[[command.parameter]]\ncode = \"p\"\nname = { en = \"P\", fr = \"P\" }\n";
    const std::vector<WrongKind> cases{
        {kind_with(no_expiry), "/command/0/expires_s", "is missing", "5"},
        {kind_with(no_expiry + "expires_s = 0\n"), "/command/0/expires_s", "from 1 to 86400", "8"},
        {kind_with(no_expiry + "expires_s = 86401\n"), "/command/0/expires_s", "from 1 to 86400",
         "8"},
        {kind_with(dim_command + "expires_s_max = 59\n"), "/command/0/expires_s_max", "not be less",
         "9"},
        {kind_with(dim_command + "danger = true\n"), "/command/0/danger", "not a known key", "9"},
        {kind_with(dim_command + dim_command), "/command/1/code", "is there twice", ""},
        {kind_with(dim_command + level_parameter + level_parameter), "/command/0/parameter/1/code",
         "is there twice", ""},
        {kind_with(dim_command + bare + "type = \"position\"\n"), "/command/0/parameter/0/type",
         "must be one of number, boolean, code", "12"},
        {kind_with(dim_command + bare + "type = \"number\"\nmin = 0\n"),
         "/command/0/parameter/0/max", "is missing", "9"},
        {kind_with(dim_command + bare + "type = \"code\"\n"), "/command/0/parameter/0/codes",
         "at least one code", "9"},
    };
    for (const WrongKind& each : cases) {
        const auto kind = parse_kind(each.text, "lamp.toml");
        ASSERT_FALSE(kind.ok()) << each.text;
        ASSERT_EQ(kind.error().fields.size(), 1U) << kind.error().detail.en;
        EXPECT_EQ(kind.error().fields[0].pointer, each.pointer) << kind.error().detail.en;
        EXPECT_THAT(kind.error().detail.en, testing::HasSubstr(each.reason));
        EXPECT_THAT(kind.error().detail.en, testing::StartsWith("lamp.toml:" + each.line));
    }
}

TEST(KindFiles, OverridesEndByThemselves) {
    const auto kinds = read_kinds(std::string(VIGIE_SOURCE_DIR) + "/config/kinds");
    ASSERT_TRUE(kinds.ok());
    std::vector<std::string> known;
    for (const Kind& kind : *kinds) {
        for (const Command& command : kind.commands) {
            known.push_back(kind.code + "." + command.code);
            if (command.code == "report") continue;
            // What changes how a device behaves says for how long.
            const auto lasts = std::ranges::find(command.parameters, "for_s", &Parameter::code);
            ASSERT_NE(lasts, command.parameters.end()) << known.back();
            EXPECT_TRUE(lasts->required) << known.back();
        }
    }
    EXPECT_THAT(known, testing::ElementsAre("air_station.report", "car_park.report",
                                            "light_point.set_level", "light_point.report",
                                            "signal_junction.report"));
}

TEST(KindFiles, ListsAllThatIsWrongAtOnce) {
    const auto kind = parse_kind(kind_with("colour = 3\nmobile = \"yes\"\n"), "lamp.toml");
    ASSERT_FALSE(kind.ok());
    EXPECT_EQ(kind.error().fields.size(), 2U) << kind.error().detail.en;
}

TEST(KindFiles, NamesEveryWrongFileAtOnce) {
    const auto folder =
        std::filesystem::temp_directory_path() / ("vigie-kinds-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    const auto write = [&](const char* name, const std::string& text) {
        std::ofstream(folder / name) << text;
    };
    write("a.toml", kind_with("colour = 3\n"));
    write("b.toml", "code = \"a\nname");
    write("c.toml", kind_with(""));
    write("d.toml", kind_with(""));
    const auto kinds = read_kinds(folder);
    std::filesystem::remove_all(folder);
    ASSERT_FALSE(kinds.ok());
    const std::string place = folder.string() + "/";
    std::vector<std::string> pointers;
    for (const auto& field : kinds.error().fields)
        pointers.push_back(field.pointer);
    EXPECT_THAT(pointers, testing::ElementsAre(place + "a.toml#/colour", place + "b.toml#",
                                               place + "d.toml#/code"));
    for (const std::string& said : {place + "a.toml:5: /colour: is not a known key",
                                    place + "b.toml:1: : not TOML", place + "d.toml: /code:"})
        EXPECT_THAT(kinds.error().detail.en, testing::HasSubstr(said));
    EXPECT_EQ(std::ranges::count(kinds.error().detail.fr, '\n'), 2);
}

TEST(KindFiles, RefusesAFolderWithoutKinds) {
    EXPECT_FALSE(read_kinds(std::string(VIGIE_SOURCE_DIR) + "/config/nothing").ok());
}

}  // namespace
}  // namespace vigie::assets
