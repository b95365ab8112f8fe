#include "vigie/assets/geojson.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace vigie::assets {

namespace {

using nlohmann::json;

bool read_position(const json& from, base::LonLat& into) {
    if (!from.is_array() || from.size() < 2 || !from[0].is_number() || !from[1].is_number())
        return false;
    into = {from[0].get<double>(), from[1].get<double>()};
    return base::valid(into);
}

bool read_line(const json& from, std::vector<base::LonLat>& into) {
    if (!from.is_array() || from.empty()) return false;
    into.resize(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
        if (!read_position(from[i], into[i])) return false;
    }
    return true;
}

// `each` reads one member of the array into one member of the list.
template <typename T, typename F>
bool read_list(const json& from, std::vector<T>& into, F each) {
    if (!from.is_array() || from.empty()) return false;
    into.resize(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
        if (!each(from[i], into[i])) return false;
    }
    return true;
}

bool read_polygon(const json& from, base::Polygon& into) {
    return read_list(from, into, read_line);
}

bool read_geometry(const json& from, Geometry& into) {
    const std::string type = from.value("type", "");
    const auto found = from.find("coordinates");
    if (found == from.end()) return false;
    if (type == "Point") return read_position(*found, into.point.emplace());
    if (type == "LineString") return read_line(*found, into.lines.emplace_back());
    if (type == "MultiLineString") return read_list(*found, into.lines, read_line);
    if (type == "Polygon") return read_polygon(*found, into.polygons.emplace_back());
    if (type == "MultiPolygon") return read_list(*found, into.polygons, read_polygon);
    return false;
}

void read_fields(const json& properties, SourceRow& row) {
    for (const auto& [name, value] : properties.items()) {
        if (value.is_null()) row.fields.emplace_back(name, FieldValue{});
        if (value.is_boolean()) row.fields.emplace_back(name, value.get<bool>());
        if (value.is_number()) row.fields.emplace_back(name, value.get<double>());
        if (value.is_string()) row.fields.emplace_back(name, value.get<std::string>());
    }
}

void read_feature(const json& feature, std::size_t number, SourceFile& file) {
    const auto refuse = [&](const char* en, const char* fr) {
        file.refused.push_back({number, "", {en, fr}});
    };
    if (!feature.is_object() || feature.value("type", json()) != "Feature")
        return refuse("is not a Feature", "n'est pas une Feature");
    SourceRow row;
    row.number = number;
    if (const auto found = feature.find("properties"); found != feature.end() && found->is_object())
        read_fields(*found, row);
    const auto geometry = feature.find("geometry");
    const bool some = geometry != feature.end() && !geometry->is_null();
    const bool good = some && geometry->is_object() && geometry->contains("type") &&
                      (*geometry)["type"].is_string();
    if (some && (!good || !read_geometry(*geometry, row.geometry)))
        return refuse("its geometry cannot be read: longitude first, in degrees (WGS 84)",
                      "sa géométrie est illisible : longitude d'abord, en degrés (WGS 84)");
    file.rows.push_back(std::move(row));
}

json line_json(const std::vector<base::LonLat>& line) {
    json list = json::array();
    for (const base::LonLat p : line)
        list.push_back({p.lon, p.lat});
    return list;
}

json polygon_json(const base::Polygon& polygon) {
    json list = json::array();
    for (const base::Ring& ring : polygon)
        list.push_back(line_json(ring));
    return list;
}

}  // namespace

std::string line_geometry(const std::vector<base::LonLat>& line) {
    return json{{"type", "LineString"}, {"coordinates", line_json(line)}}.dump();
}

std::string area_geometry(const std::vector<base::Polygon>& polygons) {
    if (polygons.size() == 1)
        return json{{"type", "Polygon"}, {"coordinates", polygon_json(polygons[0])}}.dump();
    json list = json::array();
    for (const base::Polygon& polygon : polygons)
        list.push_back(polygon_json(polygon));
    return json{{"type", "MultiPolygon"}, {"coordinates", std::move(list)}}.dump();
}

std::optional<Geometry> parse_geometry(std::string_view text) {
    const json parsed = json::parse(text, nullptr, false);
    Geometry geometry;
    const bool typed = parsed.is_object() && parsed.contains("type") && parsed["type"].is_string();
    if (!typed || !read_geometry(parsed, geometry)) return std::nullopt;
    return geometry;
}

base::Result<SourceFile> read_geojson(std::string_view text) {
    const json parsed = json::parse(text, nullptr, false);
    const bool collection = parsed.is_object() &&
                            parsed.value("type", json()) == "FeatureCollection" &&
                            parsed.contains("features") && parsed["features"].is_array();
    if (!collection)
        return base::fail(base::Errc::malformed, "not a GeoJSON FeatureCollection",
                          "n'est pas une FeatureCollection GeoJSON");
    SourceFile file;
    std::size_t number = 0;
    for (const json& feature : parsed["features"])
        read_feature(feature, ++number, file);
    std::set<std::string> met;
    for (const SourceRow& row : file.rows) {
        for (const auto& [name, value] : row.fields) {
            if (met.insert(name).second) file.names.push_back(name);
        }
    }
    return file;
}

}  // namespace vigie::assets
