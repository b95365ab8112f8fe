#include "vigie/assets/asset_json.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace vigie::assets {

namespace {

using nlohmann::json;

constexpr std::array<const char*, 4> property_types{"number", "boolean", "code", "position"};
constexpr std::array<const char*, 4> attribute_types{"number", "boolean", "text", "code"};
constexpr std::array<const char*, 3> parameter_types{"number", "boolean", "code"};
constexpr std::array<const char*, 4> conditions{"above", "below", "is", "silent"};

json text_json(const base::Text& text) {
    return {{"en", text.en}, {"fr", text.fr}};
}

// What properties and attributes have in common.
template <typename T>
json field_json(const T& field, const char* type) {
    json row{{"code", field.code}, {"name", text_json(field.name)}, {"type", type}};
    if (!field.unit.empty()) row["unit"] = field.unit;
    if (field.min) row["min"] = *field.min;
    if (field.max) row["max"] = *field.max;
    for (std::size_t i = 0; i < field.codes.size(); ++i)
        row["codes"].push_back(
            {{"code", field.codes[i]}, {"name", text_json(field.code_names[i])}});
    return row;
}

json rule_json(const Rule& rule) {
    json row{{"code", rule.code},
             {"name", text_json(rule.name)},
             {"response", text_json(rule.response)},
             {"condition", conditions[static_cast<std::size_t>(rule.condition)]},
             {"raises", rule.raises == Raises::alarm ? "alarm" : "maintenance"},
             {"priority", rule.priority}};
    if (!rule.property.empty()) row["property"] = rule.property;
    return row;
}

json command_json(const Command& command) {
    json row{{"code", command.code},
             {"name", text_json(command.name)},
             {"parameters", json::array()},
             {"expires_s", command.expires.count()},
             {"expires_s_max", command.expires_max.count()}};
    for (const Parameter& parameter : command.parameters) {
        row["parameters"].push_back(
            field_json(parameter, parameter_types[static_cast<std::size_t>(parameter.type)]));
        row["parameters"].back()["required"] = parameter.required;
    }
    return row;
}

}  // namespace

json kind_json(const Kind& kind) {
    json row{{"code", kind.code},           {"name", text_json(kind.name)},
             {"desk", kind.desk},           {"reporting_period_s", kind.reporting_period.count()},
             {"mobile", kind.mobile},       {"properties", json::array()},
             {"attributes", json::array()}, {"rules", json::array()},
             {"commands", json::array()}};
    for (const Property& property : kind.properties)
        row["properties"].push_back(
            field_json(property, property_types[static_cast<std::size_t>(property.type)]));
    for (const Attribute& attribute : kind.attributes)
        row["attributes"].push_back(
            field_json(attribute, attribute_types[static_cast<std::size_t>(attribute.type)]));
    for (const Rule& rule : kind.rules)
        row["rules"].push_back(rule_json(rule));
    for (const Command& command : kind.commands)
        row["commands"].push_back(command_json(command));
    return row;
}

json asset_json(const Catalogue& catalogue, const Asset& asset) {
    json row{{"code", asset.code},
             {"kind", asset.kind->code},
             {"position", {asset.place.lon, asset.place.lat}},
             {"life_stage", to_string(asset.life_stage)},
             {"attributes", json::parse(asset.attributes)},
             {"version", asset.version}};
    if (!asset.commune.empty()) row["commune"] = asset.commune;
    if (!asset.street.empty()) row["street"] = asset.street;
    if (const Asset* parent = catalogue.find(asset.power_parent))
        row["power_parent"] = parent->code;
    if (const Asset* parent = catalogue.find(asset.communication_parent))
        row["communication_parent"] = parent->code;
    return row;
}

json asset_feature(const Catalogue& catalogue, const Asset& asset) {
    json properties = asset_json(catalogue, asset);
    properties.erase("position");
    return {{"type", "Feature"},
            {"id", asset.code},
            {"geometry", {{"type", "Point"}, {"coordinates", {asset.place.lon, asset.place.lat}}}},
            {"properties", std::move(properties)}};
}

json zone_json(const Zone& zone) {
    json row{{"code", zone.code},
             {"name", zone.name},
             {"zone_type", to_string(zone.type)},
             {"position", {zone.place.lon, zone.place.lat}}};
    if (zone.population) row["population"] = *zone.population;
    return row;
}

json report_json(const ImportReport& report, bool dry_run, bool french,
                 std::size_t refusals_bytes_max) {
    json refused = json::array();
    std::size_t bytes = 0;
    for (const Refusal& refusal : report.refused) {
        json row{{"reason", french ? refusal.reason.fr : refusal.reason.en}};
        if (!report.csv) row["feature"] = refusal.number;
        if (refusal.line > 0) row["line"] = refusal.line;
        if (!refusal.code.empty()) row["code"] = refusal.code;
        bytes += row.dump().size() + 1;
        if (bytes > refusals_bytes_max) break;
        refused.push_back(std::move(row));
    }
    return {{"new", report.added},
            {"changed", report.changed},
            {"unchanged", report.unchanged},
            {"refused", report.refused.size()},
            {"refusals", std::move(refused)},
            {"ignored_fields", report.ignored_fields},
            {"assets_moved", report.assets_moved},
            {"stored", report.stored},
            {"dry_run", dry_run}};
}

}  // namespace vigie::assets
