#include "vigie/api/body.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vigie::api {
namespace {

std::vector<std::string> pointers_of(const base::Result<void>& read) {
    std::vector<std::string> out;
    if (!read.ok())
        for (const auto& field : read.error().fields)
            out.push_back(field.pointer);
    return out;
}

using Pointers = std::vector<std::string>;

TEST(Body, ReadsEveryType) {
    const auto json = nlohmann::json::parse(R"({"title": "Panne", "priority": 2, "share": 0.5,
        "open": true, "at": "2026-11-22T19:04:05+01:00", "position": [5.04, 47.32], "code": "LP-1",
        "desk": "police", "skills": ["a", "b"], "nothing": null, "whole": 3.0})");
    Body body(json);
    EXPECT_EQ(body.text("title", {1, 5}), "Panne");
    EXPECT_EQ(body.integer("priority", 1, 4), 2);
    EXPECT_EQ(body.integer("whole", 1, 4), 3);
    EXPECT_EQ(body.number("share", 0, 1), 0.5);
    EXPECT_TRUE(body.boolean("open"));
    EXPECT_EQ(base::to_rfc3339(body.instant("at")), "2026-11-22T18:04:05Z");
    EXPECT_EQ(body.position("position"), (base::LonLat{5.04, 47.32}));
    EXPECT_EQ(body.code("code"), "LP-1");
    EXPECT_EQ(body.choice("desk", {"police", "traffic"}), "police");
    EXPECT_EQ(body.texts("skills", 2), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(body.optional_text("nothing"), std::nullopt);
    EXPECT_TRUE(body.given_null("nothing"));
    EXPECT_EQ(body.optional_integer("absent", 0, 1), std::nullopt);
    EXPECT_TRUE(body.finish().ok());
}

TEST(Body, NamesEveryFaultByItsPointer) {
    const auto json = nlohmann::json::parse(R"({"title": "", "priority": 5, "share": "x",
        "open": 1, "at": "yesterday", "position": [200, 47], "code": "a b", "desk": "harbour",
        "skills": ["a", 1], "half": 1.5, "a/b~c": 1, "big": 18446744073709551615})");
    Body body(json);
    body.text("title");
    body.text("absent");
    body.integer("priority", 1, 4);
    body.integer("half", 1, 4);
    body.integer("big", 0, INT64_MAX);
    body.number("share", 0, 1);
    body.boolean("open");
    body.instant("at");
    body.position("position");
    body.code("code");
    body.choice("desk", {"police", "traffic"});
    body.texts("skills", 5);
    const auto read = body.finish();
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, base::Errc::invalid);
    EXPECT_EQ(pointers_of(read),
              (Pointers{"/title", "/absent", "/priority", "/half", "/big", "/share", "/open", "/at",
                        "/position", "/code", "/desk", "/skills/1", "/a~1b~0c"}));
}

TEST(Body, HoldsTextToItsLimitsInCharacters) {
    const auto json = nlohmann::json::parse(R"({"n": "éàü", "m": "éàüö", "nul": "a\u0000b",
        "lines": "a\n\tb", "blank": "   "})");
    Body body(json);
    EXPECT_EQ(body.text("n", {3, 3}), "éàü");
    EXPECT_EQ(body.text("lines"), "a\n\tb");
    body.text("m", {3, 3});
    body.text("nul");
    body.text("blank");
    EXPECT_EQ(pointers_of(body.finish()), (Pointers{"/m", "/nul", "/blank"}));
}

TEST(Body, GoesIntoObjectsAndArrays) {
    const auto json = nlohmann::json::parse(R"({"place": {"street": 1, "extra": 2},
        "rows": [{"n": 1}, {"n": 9}, 7]})");
    Body body(json);
    body.object("place", [](Body& place) { place.text("street"); });
    std::vector<std::int64_t> seen;
    body.objects("rows", 1, 3, [&](Body& row) { seen.push_back(row.integer("n", 0, 5)); });
    EXPECT_EQ(seen.front(), 1);
    EXPECT_EQ(pointers_of(body.finish()),
              (Pointers{"/place/street", "/place/extra", "/rows/1/n", "/rows/2"}));
}

TEST(Body, RefusesWhatIsNoObjectAndListsThatAreTooLong) {
    const auto number = nlohmann::json::parse("7");
    Body body(number);
    body.text("title");
    EXPECT_EQ(pointers_of(body.finish()), Pointers{""});
    const auto list = nlohmann::json::parse(R"({"t": ["a", "b", "c"], "o": []})");
    Body lists(list);
    lists.texts("t", 2);
    lists.objects("o", 1, 2, [](Body&) {});
    EXPECT_EQ(pointers_of(lists.finish()), (Pointers{"/t", "/o"}));
}

TEST(ParseJson, SaysWhereItStopsBeingJson) {
    struct Case {
        const char* text;
        const char* detail;
    };
    const Case cases[] = {
        {"{\n  \"a\": ]", "not JSON, at line 2, column 8"},
        {"", "not JSON, at line 1, column 1"},
        {"{\"a\": 1} x", "not JSON, at line 1, column 10"},
        {"{\"a\": 1e999}", "a number is out of range"},
        {"{\"a\": \"\xff\"}", "not UTF-8"},
        {"{\"a\": NaN}", "not JSON, at line 1, column 7"},
    };
    for (const auto& [text, detail] : cases) {
        const auto parsed = parse_json(text);
        ASSERT_FALSE(parsed.ok()) << text;
        EXPECT_EQ(parsed.error().code, base::Errc::malformed);
        EXPECT_EQ(parsed.error().detail.en, detail) << text;
    }
    EXPECT_TRUE(parse_json(" [1, {\"a\": \"]]\\\"[[\"}] ").ok());
}

TEST(ParseJson, LimitsDepth) {
    const std::string deepest = std::string(json_depth_max, '[') + std::string(json_depth_max, ']');
    EXPECT_TRUE(parse_json(deepest).ok());
    EXPECT_FALSE(parse_json("[" + deepest + "]").ok());
    EXPECT_FALSE(parse_json(std::string(1'000'000, '[')).ok());
}

}  // namespace
}  // namespace vigie::api
