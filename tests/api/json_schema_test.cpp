// The instrument that holds answers against the contract: it must see what is wrong, and where.
#include "tests/support/json_schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigie::test {
namespace {

using nlohmann::json;

const JsonSchemas& schemas() {
    static const JsonSchemas made(json::parse(R"({"components": {"schemas": {
        "Text": {"type": "object", "required": ["en"], "properties": {"en": {"type": "string"}}},
        "Row": {"type": "object", "required": ["id", "at"], "properties": {
            "id": {"type": "string", "minLength": 2, "maxLength": 3},
            "at": {"type": "string", "format": "date-time"},
            "desk": {"type": "string", "enum": ["police", "traffic"]},
            "count": {"type": "integer", "minimum": 1, "maximum": 4},
            "maybe": {"type": ["number", "null"]},
            "place": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
            "text": {"$ref": "#/components/schemas/Text"},
            "any": {"type": "object"},
            "open": {"type": "object", "properties": {"a": {"type": "string"}},
                     "additionalProperties": true},
            "numbers": {"type": "object", "additionalProperties": {"type": "number"}},
            "closed": {"type": "object", "additionalProperties": false},
            "choice": {"oneOf": [{"type": "number"}, {"$ref": "#/components/schemas/Text"}]}}},
        "Detail": {"allOf": [{"$ref": "#/components/schemas/Row"},
            {"type": "object", "required": ["rows"], "properties": {
                "rows": {"type": "array", "items": {"$ref": "#/components/schemas/Text"}}}}]},
        "Odd": {"type": "string", "pattern": "x"}}}})"));
    return made;
}

std::vector<std::string> faults(const char* name, json value) {
    const json schema{{"$ref", std::string("#/components/schemas/") + name}};
    return schemas().faults(schema, value);
}

json row(json more = json::object()) {
    json made{{"id", "ab"}, {"at", "2026-11-22T18:00:00Z"}};
    made.update(more);
    return made;
}

TEST(JsonSchema, AcceptsWhatIsSaid) {
    EXPECT_THAT(faults("Row", row()), testing::IsEmpty());
    EXPECT_THAT(faults("Row", row({{"desk", "police"},
                                   {"count", 4},
                                   {"maybe", nullptr},
                                   {"place", {5.04, 47.32}},
                                   {"text", {{"en", "x"}}},
                                   {"any", {{"a", 1}}},
                                   {"open", {{"a", "x"}, {"b", 1}}},
                                   {"numbers", {{"a", 1.5}}},
                                   {"closed", json::object()},
                                   {"choice", 7}})),
                testing::IsEmpty());
    EXPECT_THAT(faults("Row", row({{"id", "éé"}})), testing::IsEmpty()) << "characters, not bytes";
    EXPECT_THAT(faults("Detail", row({{"rows", {{{"en", "x"}}}}})), testing::IsEmpty());
}

TEST(JsonSchema, PointsToWhatIsWrong) {
    struct Case {
        const char* schema;
        json value;
        const char* pointer;
    };
    const Case cases[] = {
        {"Row", json::array(), ": is []"},
        {"Row", json{{"id", "ab"}}, "/at: is missing"},
        {"Row", row({{"id", 7}}), "/id: is 7"},
        {"Row", row({{"id", "a"}}), "/id: "},
        {"Row", row({{"id", "abcd"}}), "/id: "},
        {"Row", row({{"at", "yesterday"}}), "/at: "},
        {"Row", row({{"at", nullptr}}), "/at: is null"},
        {"Row", row({{"desk", "winter"}}), "/desk: "},
        {"Row", row({{"count", 5}}), "/count: "},
        {"Row", row({{"count", 0}}), "/count: "},
        {"Row", row({{"count", 1.5}}), "/count: "},
        {"Row", row({{"maybe", "x"}}), "/maybe: "},
        {"Row", row({{"place", {5.04}}}), "/place: "},
        {"Row", row({{"place", {5.04, "x"}}}), "/place/1: "},
        {"Row", row({{"text", json::object()}}), "/text/en: is missing"},
        {"Row", row({{"text", {{"en", "x"}, {"fr", "y"}}}}), "/text/fr: the contract"},
        {"Row", row({{"open", {{"a", 1}}}}), "/open/a: "},
        {"Row", row({{"numbers", {{"a", "x"}}}}), "/numbers/a: "},
        {"Row", row({{"closed", {{"a", 1}}}}), "/closed/a: the contract"},
        {"Row", row({{"choice", "x"}}), "/choice: fits 0"},
        {"Row", row({{"choice", {{"fr", "x"}}}}), "/choice: fits 0"},
        {"Row", row({{"more", 1}}), "/more: the contract"},
        {"Detail", row(), "/rows: is missing"},
        {"Detail", row({{"rows", {{{"fr", "x"}}}}}), "/rows/0/en: is missing"},
        {"Detail", row({{"rows", json::array()}, {"more", 1}}), "/more: the contract"},
        {"Odd", "x", ": schema says pattern"},
    };
    for (const Case& c : cases) {
        EXPECT_THAT(faults(c.schema, c.value), testing::Contains(testing::StartsWith(c.pointer)))
            << c.value.dump();
    }
}

TEST(JsonSchema, FindsOddKeywordsWhereverTheyStand) {
    const auto contract = json::parse(R"({
        "components": {"schemas": {"Row": {"type": "object", "properties": {
            "at": {"type": "array", "items": {"type": "string", "as they said": null}}}}}},
        "paths": {"/a": {"get": {"parameters": [{"schema": {"type": "string"}}], "responses":
            {"200": {"content": {"application/json": {"schema": {"allOf": [{"odd": 1}]}}}}}}}}})");
    EXPECT_THAT(odd_keywords_everywhere(contract),
                testing::ElementsAre("Row/at/items: as they said",
                                     "paths//a/get/responses/200/content/application/json: odd"));
}

}  // namespace
}  // namespace vigie::test
