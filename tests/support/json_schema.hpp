// Holds JSON against the schemas of docs/openapi.yaml: the subset of JSON Schema that the contract
// uses, and not a keyword more. One that this does not know is a fault of the schema: nothing is
// passed over in silence.
//
// An object may hold only what its schema names (a program written against the contract knows no
// other member), unless the schema says additionalProperties, or names nothing at all.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/schema_keywords.hpp"
#include "vigie/base/time.hpp"

namespace vigie::test {

class JsonSchemas {
public:
    using json = nlohmann::json;

    explicit JsonSchemas(json contract) : contract_(std::move(contract)) {}

    // Each fault with the pointer to its place in `value`; none: it is as the schema says.
    [[nodiscard]] std::vector<std::string> faults(const json& schema, const json& value) const {
        std::vector<std::string> found;
        check(schema, value, "", found);
        if (value.is_object()) check_names(schema, value, "", found);
        return found;
    }
    [[nodiscard]] const json& resolved(const json& schema) const {
        const auto ref = schema.find("$ref");
        if (ref == schema.end()) return schema;
        return resolved(contract_.at(json::json_pointer(ref->get<std::string>().substr(1))));
    }

private:
    using Faults = std::vector<std::string>;

    void check(const json& schema, const json& value, const std::string& at, Faults& found) const {
        if (schema.contains("$ref")) return check(resolved(schema), value, at, found);
        for (const auto& odd : odd_keywords(schema))
            found.push_back(at + ": schema says " + odd);
        if (schema.contains("type") && !is_a(schema["type"], value)) {
            found.push_back(at + ": is " + value.dump().substr(0, 60) + ", not " +
                            schema["type"].dump());
            return;
        }
        if (schema.contains("enum") &&
            std::ranges::find(schema["enum"], value) == schema["enum"].end())
            found.push_back(at + ": " + value.dump() + " is none of " + schema["enum"].dump());
        if (value.is_string()) check_text(schema, value, at, found);
        if (value.is_number()) check_number(schema, value, at, found);
        if (value.is_array()) check_array(schema, value, at, found);
        if (value.is_object()) check_object(schema, value, at, found);
        for (const auto& part : schema.value("allOf", json::array()))
            check(part, value, at, found);
        if (schema.contains("oneOf")) check_one_of(schema["oneOf"], value, at, found);
    }

    static bool is_a(const json& type, const json& value) {
        if (type.is_array())
            return std::ranges::any_of(type, [&](const json& one) { return is_a(one, value); });
        if (type == "object") return value.is_object();
        if (type == "array") return value.is_array();
        if (type == "string") return value.is_string();
        if (type == "integer") return value.is_number_integer();
        if (type == "number") return value.is_number();
        if (type == "boolean") return value.is_boolean();
        return type == "null" && value.is_null();
    }

    static void check_text(const json& schema, const json& value, const std::string& at,
                           Faults& found) {
        const auto& text = value.get_ref<const std::string&>();
        const auto chars = static_cast<std::size_t>(std::ranges::count_if(
            text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
        if (chars < schema.value("minLength", std::size_t{0}) ||
            chars > schema.value("maxLength", chars))
            found.push_back(at + ": is " + std::to_string(chars) + " characters long");
        const std::string format = schema.value("format", "");
        if (format == "date-time" && !base::parse_rfc3339(text))
            found.push_back(at + ": " + text + " is no time");
        else if (!format.empty() && format != "date-time" && format != "password")
            found.push_back(at + ": schema says format " + format);
    }

    static void check_number(const json& schema, const json& value, const std::string& at,
                             Faults& found) {
        const auto number = value.get<double>();
        if (number < schema.value("minimum", number) || number > schema.value("maximum", number))
            found.push_back(at + ": " + value.dump() + " is out of bounds");
    }

    void check_array(const json& schema, const json& value, const std::string& at,
                     Faults& found) const {
        if (value.size() < schema.value("minItems", std::size_t{0}) ||
            value.size() > schema.value("maxItems", value.size()))
            found.push_back(at + ": has " + std::to_string(value.size()) + " items");
        if (!schema.contains("items")) return;
        for (std::size_t i = 0; i < value.size(); ++i)
            check_member(schema["items"], value[i], at + "/" + std::to_string(i), found);
    }

    void check_object(const json& schema, const json& value, const std::string& at,
                      Faults& found) const {
        for (const auto& name : schema.value("required", json::array()))
            if (!value.contains(name.get_ref<const std::string&>()))
                found.push_back(at + "/" + name.get<std::string>() + ": is missing");
        const json properties = schema.value("properties", json::object());
        for (const auto& [name, member] : value.items()) {
            if (const auto property = properties.find(name); property != properties.end()) {
                check_member(*property, member, at + "/" + name, found);
            } else if (const auto more = schema.find("additionalProperties");
                       more != schema.end() && more->is_object()) {
                check_member(*more, member, at + "/" + name, found);
            }
        }
    }

    void check_member(const json& schema, const json& value, const std::string& at,
                      Faults& found) const {
        check(schema, value, at, found);
        if (value.is_object()) check_names(schema, value, at, found);
    }

    // Exactly one of them.
    void check_one_of(const json& choices, const json& value, const std::string& at,
                      Faults& found) const {
        const auto fits = std::ranges::count_if(choices, [&](const json& choice) {
            Faults ignored;
            check_member(choice, value, at, ignored);
            return ignored.empty();
        });
        if (fits != 1) found.push_back(at + ": fits " + std::to_string(fits) + " of oneOf");
    }

    // Whether the schema lets members in that it does not name; `names` learns those it does.
    bool is_open(const json& given, std::set<std::string>& names) const {
        const json& schema = resolved(given);
        bool open = false;
        for (const auto& part : schema.value("allOf", json::array()))
            open |= is_open(part, names);
        for (const auto& [name, ignored] : schema.value("properties", json::object()).items())
            names.insert(name);
        const auto more = schema.find("additionalProperties");
        if (more != schema.end()) return open || more->is_object() || *more == true;
        return open || schema.contains("oneOf") ||
               (!schema.contains("properties") && !schema.contains("allOf"));
    }

    void check_names(const json& schema, const json& value, const std::string& at,
                     Faults& found) const {
        std::set<std::string> names;
        if (is_open(schema, names)) return;
        for (const auto& [name, ignored] : value.items())
            if (!names.contains(name))
                found.push_back(at + "/" + name + ": the contract does not name it");
    }

    json contract_;
};

}  // namespace vigie::test
