#include "vigie/assets/kind_files.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "assets/toml_table.hpp"

namespace vigie::assets {

namespace {

using base::Text;

constexpr std::int64_t year_s = 366LL * 24 * 3600;

// Reads `codes`: [{ code, en, fr }].
void read_codes(TomlTable& from, std::vector<std::string>& codes, std::vector<Text>& names) {
    std::set<std::string> seen;
    for (TomlTable& each : from.tables("codes")) {
        std::string code = each.code("code");
        if (!seen.insert(code).second) {
            each.wrong("code", "\"" + code + "\" is there twice",
                       "« " + code + " » figure deux fois");
        }
        codes.push_back(std::move(code));
        names.push_back({each.text("en"), each.text("fr")});
        each.refuse_unknown();
    }
    if (codes.empty()) from.wrong("codes", "must hold at least one code", "doit contenir un code");
}

// unit, min and max: of numbers only.
template <typename T>
void read_range(TomlTable& from, T& into) {
    into.unit = from.text_or("unit", "");
    into.min = from.number("min");
    into.max = from.number("max");
    if (into.min && into.max && *into.min >= *into.max)
        from.wrong("max", "must be greater than min", "doit être supérieur à min");
}

template <typename T>
void refuse_twice(TomlTable& from, const char* section, const std::vector<T>& listed) {
    std::map<std::string, std::size_t> first;
    for (std::size_t i = 0; i < listed.size(); ++i) {
        if (first.emplace(listed[i].code, i).second) continue;
        from.wrong(std::string(section) + "/" + std::to_string(i) + "/code",
                   "\"" + listed[i].code + "\" is there twice",
                   "« " + listed[i].code + " » figure deux fois");
    }
}

Property read_property(TomlTable& from) {
    Property property;
    property.code = from.code("code");
    property.name = from.bilingual("name");
    const auto type = from.word("type", {"number", "boolean", "code", "position"}, true);
    if (!type) from.overlook({"unit", "min", "max", "codes"});
    if (type) property.type = static_cast<PropertyType>(*type);
    if (type && property.type == PropertyType::number) read_range(from, property);
    if (type && property.type == PropertyType::code)
        read_codes(from, property.codes, property.code_names);
    from.refuse_unknown();
    return property;
}

Attribute read_attribute(TomlTable& from) {
    Attribute attribute;
    attribute.code = from.code("code");
    attribute.name = from.bilingual("name");
    const auto type = from.word("type", {"number", "boolean", "text", "code"}, true);
    if (!type) from.overlook({"unit", "min", "max", "codes"});
    if (type) attribute.type = static_cast<AttributeType>(*type);
    if (type && attribute.type == AttributeType::number) read_range(from, attribute);
    if (type && attribute.type == AttributeType::code)
        read_codes(from, attribute.codes, attribute.code_names);
    attribute.required = from.boolean_or("required", false);
    from.refuse_unknown();
    return attribute;
}

// The values an "is" rule waits for, as the numbers observations carry.
void read_values(TomlTable& from, const Property& property, Rule& rule) {
    const toml::array* values = from.array("values");
    for (std::size_t i = 0; values && i < values->size(); ++i) {
        const toml::node& node = (*values)[i];
        const std::string pointer = from.at("values") + "/" + std::to_string(i);
        if (property.type == PropertyType::boolean && node.is_boolean()) {
            rule.values.push_back(*node.value<bool>() ? 1.0 : 0.0);
            continue;
        }
        const auto word = node.value<std::string>();
        const auto found = std::ranges::find(property.codes, word.value_or(""));
        if (property.type == PropertyType::code && word && found != property.codes.end()) {
            rule.values.push_back(static_cast<double>(found - property.codes.begin()));
            continue;
        }
        from.wrong_at(pointer, node, "is not a value of " + property.code,
                      "n'est pas une valeur de " + property.code);
    }
    if (!values || values->empty())
        from.wrong("values", "must hold at least one value", "doit contenir au moins une valeur");
}

void read_threshold(TomlTable& from, Rule& rule) {
    const auto limit = from.number("limit");
    if (!limit) from.wrong("limit", "a number is demanded", "un nombre est exigé");
    rule.limit = limit.value_or(0.0);
    rule.dead_band = from.number("dead_band").value_or(0.0);
    if (rule.dead_band < 0) from.wrong("dead_band", "must not be negative", "doit être positif");
}

void read_on_property(TomlTable& from, const Kind& kind, Rule& rule) {
    rule.property = from.text("property");
    const Property* property = kind.property(rule.property);
    if (!property) {
        if (!rule.property.empty())
            from.wrong("property", "\"" + rule.property + "\" is not a property of this kind",
                       "« " + rule.property + " » n'est pas une propriété de ce type");
        return from.overlook({"values", "limit", "dead_band"});
    }
    const bool threshold = rule.condition != Condition::is;
    const bool number = property->type == PropertyType::number;
    if (property->type == PropertyType::position || threshold != number) {
        from.wrong("condition", "does not suit the type of " + rule.property,
                   "ne convient pas au type de " + rule.property);
        return from.overlook({"values", "limit", "dead_band"});
    }
    if (threshold) {
        read_threshold(from, rule);
    } else {
        read_values(from, *property, rule);
    }
}

void read_condition(TomlTable& from, const Kind& kind, Rule& rule) {
    const auto condition = from.word("condition", {"above", "below", "is", "silent"}, true);
    if (!condition)
        return from.overlook({"property", "values", "limit", "dead_band", "silent_periods"});
    rule.condition = static_cast<Condition>(*condition);
    if (rule.condition != Condition::silent) return read_on_property(from, kind, rule);
    rule.silent_periods = from.number("silent_periods").value_or(0.0);
    if (rule.silent_periods < 1)
        from.wrong("silent_periods", "must be a number from 1",
                   "doit être un nombre à partir de 1");
    if (kind.reporting_period.count() == 0)
        from.wrong("condition", "silence needs a reporting_period_s",
                   "le silence exige un reporting_period_s");
}

Rule read_rule(TomlTable& from, const Kind& kind) {
    Rule rule;
    rule.code = from.code("code");
    rule.name = from.bilingual("name");
    rule.response = from.bilingual("response");
    read_condition(from, kind, rule);
    rule.delay_on = std::chrono::seconds{from.integer_or("delay_on_s", 0, 0, 24 * 3600)};
    rule.delay_off = std::chrono::seconds{from.integer_or("delay_off_s", 0, 0, 24 * 3600)};
    const auto raises = from.word("raises", {"alarm", "maintenance"}, true);
    if (raises) rule.raises = static_cast<Raises>(*raises);
    if (!from.has("priority")) from.wrong("priority", "is missing", "est absent");
    rule.priority = static_cast<int>(from.integer_or("priority", 4, 1, 4));
    if (const auto word = from.word("suppresses", {"nothing", "fed", "connected"}, false))
        rule.suppresses = static_cast<Suppresses>(*word);
    rule.suppressible = from.boolean_or("suppressible", true);
    from.refuse_unknown();
    return rule;
}

// A device gets no number of which nobody said how far it may go.
void read_bounds(TomlTable& from, Parameter& parameter) {
    read_range(from, parameter);
    if (!from.has("min")) from.wrong("min", "is missing", "est absent");
    if (!from.has("max")) from.wrong("max", "is missing", "est absent");
}

Parameter read_parameter(TomlTable& from) {
    Parameter parameter;
    parameter.code = from.code("code");
    parameter.name = from.bilingual("name");
    const auto type = from.word("type", {"number", "boolean", "code"}, true);
    if (!type) from.overlook({"unit", "min", "max", "codes"});
    if (type) parameter.type = static_cast<ParameterType>(*type);
    if (type && parameter.type == ParameterType::number) read_bounds(from, parameter);
    if (type && parameter.type == ParameterType::code)
        read_codes(from, parameter.codes, parameter.code_names);
    parameter.required = from.boolean_or("required", true);
    from.refuse_unknown();
    return parameter;
}

constexpr std::int64_t expires_s_max = 24 * 3600;

Command read_command(TomlTable& from) {
    Command command;
    command.code = from.code("code");
    command.name = from.bilingual("name");
    for (TomlTable& each : from.tables("parameter"))
        command.parameters.push_back(read_parameter(each));
    refuse_twice(from, "parameter", command.parameters);
    if (!from.has("expires_s")) from.wrong("expires_s", "is missing", "est absent");
    const std::int64_t expires = from.integer_or("expires_s", 60, 1, expires_s_max);
    command.expires = std::chrono::seconds{expires};
    command.expires_max =
        std::chrono::seconds{from.integer_or("expires_s_max", expires, 1, expires_s_max)};
    if (command.expires_max < command.expires)
        from.wrong("expires_s_max", "must not be less than expires_s",
                   "ne doit pas être inférieur à expires_s");
    from.refuse_unknown();
    return command;
}

constexpr std::int64_t kept_days_max = 36'525;  // a century

void read_times(TomlTable& from, Kind& kind) {
    using std::chrono::seconds;
    const std::int64_t period = from.integer_or("reporting_period_s", 0, 1, year_s);
    kind.reporting_period = seconds{period};
    kind.stale_after = seconds{from.integer_or("stale_after_s", 2 * period, 1, year_s)};
    kind.unknown_after = seconds{from.integer_or("unknown_after_s", 3 * period, 1, year_s)};
    kind.late_limit =
        seconds{from.integer_or("late_limit_s", std::max(3600L, 4 * period), 1, year_s)};
    // Where people go stays no longer than it is needed (CNIL, deliberation 2015-165: two months).
    kind.raw_kept =
        std::chrono::days{from.integer_or("raw_days", kind.mobile ? 60 : 400, 3, kept_days_max)};
    kind.rollups_kept = std::chrono::days{
        from.integer_or("rollup_days", kind.mobile ? 60 : 4'383, 3, kept_days_max)};
    // What is taken in is rolled up before its day is forgotten.
    const std::chrono::hours taken_max = kind.raw_kept - std::chrono::days{1};
    kind.past_limit = std::chrono::hours{from.integer_or(
        "past_limit_h", std::min<std::int64_t>(24 * 30, taken_max.count()), 1, 24 * 366)};
    if (kind.past_limit > taken_max)
        from.wrong("past_limit_h", "must be a day less than raw_days, at most",
                   "doit rester inférieur d'un jour au moins à raw_days");
    if (kind.unknown_after < kind.stale_after)
        from.wrong("unknown_after_s", "must not be less than stale_after_s",
                   "ne doit pas être inférieur à stale_after_s");
    if (!kind.properties.empty() && !from.has("reporting_period_s"))
        from.wrong("reporting_period_s", "is missing", "est absent");
}

Kind read_kind(TomlTable& from) {
    Kind kind;
    kind.code = from.code("code");
    kind.name = from.bilingual("name");
    const std::vector<std::string> desks{"security", "police", "video",
                                         "traffic",  "winter", "citizen"};
    if (const auto desk = from.word("desk", desks, true)) kind.desk = desks[*desk];
    kind.switched_feeder = from.boolean_or("switched_feeder", false);
    kind.mobile = from.boolean_or("mobile", false);
    kind.feeder_property = from.text_or("feeder_property", "");
    for (TomlTable& each : from.tables("property"))
        kind.properties.push_back(read_property(each));
    for (TomlTable& each : from.tables("attribute"))
        kind.attributes.push_back(read_attribute(each));
    read_times(from, kind);
    for (TomlTable& each : from.tables("rule"))
        kind.rules.push_back(read_rule(each, kind));
    for (TomlTable& each : from.tables("command"))
        kind.commands.push_back(read_command(each));
    refuse_twice(from, "property", kind.properties);
    refuse_twice(from, "attribute", kind.attributes);
    refuse_twice(from, "rule", kind.rules);
    refuse_twice(from, "command", kind.commands);
    const Property* feeder = kind.property(kind.feeder_property);
    if (!kind.feeder_property.empty() && (!feeder || feeder->type != PropertyType::boolean))
        from.wrong("feeder_property", "must name a boolean property of this kind",
                   "doit nommer une propriété booléenne de ce type");
    from.refuse_unknown();
    return kind;
}

base::Result<std::string> text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (file.is_open() && !file.bad()) return text;
    return base::fail(base::Errc::unavailable, "cannot read " + path.string(),
                      "impossible de lire " + path.string());
}

// `files`: which file has which code, so far.
base::Result<Kind> read_kind_file(const std::filesystem::path& path,
                                  std::map<std::string, std::string>& files) {
    auto text = text_of(path);
    if (!text) return std::move(text).error();
    auto kind = parse_kind(*text, path.string());
    if (!kind) return kind;
    const auto [other, fresh] = files.emplace(kind->code, path.string());
    if (fresh) return kind;
    return base::fail_at(
        base::Errc::invalid, "/code",
        path.string() + ": /code: \"" + kind->code + "\" is already in " + other->second,
        path.string() + " : /code : « " + kind->code + " » figure déjà dans " + other->second);
}

// One error for all files: whoever mends them sees everything at once.
void add_wrong_file(std::optional<base::Error>& all, const std::string& file,
                    const base::Error& one) {
    if (all) {
        all->detail.en += "\n" + one.detail.en;
        all->detail.fr += "\n" + one.detail.fr;
    } else {
        all = base::Error{one.code, one.detail};
    }
    for (const base::FieldError& field : one.fields)
        all->fields.push_back({file + "#" + field.pointer, field.message});
}

}  // namespace

base::Result<Kind> parse_kind(std::string_view toml_text, const std::string& file) {
    TomlFindings findings(file);
    try {
        const toml::table parsed = toml::parse(toml_text, file);
        TomlTable from(parsed, "", findings);
        Kind kind = read_kind(from);
        if (findings.empty()) return kind;
    } catch (const toml::parse_error& error) {
        const std::string reason(error.description());
        findings.add("", error.source().begin.line,
                     {"not TOML: " + reason, "n'est pas du TOML : " + reason});
    }
    return findings.error();
}

base::Result<std::vector<Kind>> read_kinds(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> paths;
    std::error_code refused;
    for (const auto& entry : std::filesystem::directory_iterator(folder, refused)) {
        if (entry.path().extension() == ".toml") paths.push_back(entry.path());
    }
    if (paths.empty())
        return base::fail(base::Errc::unavailable,
                          folder.string() + ": no kind file (*.toml) there",
                          folder.string() + " : aucun fichier de type (*.toml)");
    std::ranges::sort(paths);
    std::vector<Kind> kinds;
    std::map<std::string, std::string> files;
    std::optional<base::Error> wrong;
    for (const auto& path : paths) {
        auto kind = read_kind_file(path, files);
        if (kind) {
            kinds.push_back(std::move(*kind));
        } else {
            add_wrong_file(wrong, path.string(), kind.error());
        }
    }
    if (wrong) return *std::move(wrong);
    return kinds;
}

}  // namespace vigie::assets
