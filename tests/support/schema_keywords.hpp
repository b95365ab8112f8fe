// The keywords of JSON Schema that the contract uses, and any other that stands in it: a comma that
// YAML takes for the end of a description makes one.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace vigie::test {

// Those of this one schema that tests/support/json_schema.hpp does not know.
inline std::vector<std::string> odd_keywords(const nlohmann::json& schema) {
    static const std::set<std::string> known{
        "$ref",    "type",     "enum",     "required",  "properties", "additionalProperties",
        "items",   "minItems", "maxItems", "minLength", "maxLength",  "minimum",
        "maximum", "format",   "oneOf",    "allOf",     "default",    "description"};
    std::vector<std::string> odd;
    for (const auto& [keyword, ignored] : schema.items())
        if (!known.contains(keyword)) odd.push_back(keyword);
    return odd;
}

namespace keyword_detail {

using nlohmann::json;

inline void walk(const json& schema, const std::string& at, std::vector<std::string>& found) {
    for (const auto& odd : odd_keywords(schema))
        found.push_back(at + ": " + odd);
    for (const auto& [name, member] : schema.value("properties", json::object()).items())
        walk(member, at + "/" + name, found);
    for (const char* list : {"oneOf", "allOf"})
        for (const auto& part : schema.value(list, json::array()))
            walk(part, at, found);
    for (const char* one : {"items", "additionalProperties"})
        if (schema.contains(one) && schema[one].is_object())
            walk(schema[one], at + "/" + one, found);
}

inline void walk_bodies(const json& part, const std::string& at, std::vector<std::string>& found) {
    if (!part.is_structured()) return;
    for (const auto& [name, member] : part.items()) {
        if (name == "schema")
            walk(member, at, found);
        else
            walk_bodies(member, at + "/" + name, found);
    }
}

}  // namespace keyword_detail

// Those of every schema of the contract, with its place.
inline std::vector<std::string> odd_keywords_everywhere(const nlohmann::json& contract) {
    std::vector<std::string> found;
    for (const auto& [name, schema] : contract.at("components").at("schemas").items())
        keyword_detail::walk(schema, name, found);
    keyword_detail::walk_bodies(contract.at("paths"), "paths", found);
    return found;
}

}  // namespace vigie::test
