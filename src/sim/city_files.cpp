#include "sim/city_files.hpp"

#include <fmt/format.h>

#include <fstream>
#include <map>

#include "sim/planting.hpp"

namespace vigie::sim {

namespace {

// A feature a line: such files can be read, compared and cut with ordinary tools.
class FeatureFile {
public:
    void add(const std::string& geometry, const std::string& properties) {
        text_ += text_.empty() ? "" : ",\n";
        text_ += R"({"type":"Feature","geometry":)" + geometry + R"(,"properties":{)" + properties +
                 "}}";
    }
    [[nodiscard]] std::string text() const {
        return "{\"type\":\"FeatureCollection\",\"features\":[\n" + text_ + "\n]}\n";
    }

private:
    std::string text_;
};

std::string coordinates(base::LonLat p) {
    return fmt::format("[{:.6f},{:.6f}]", p.lon, p.lat);
}

std::string line_of(const base::Ring& points) {
    std::string text = "[";
    for (const base::LonLat p : points)
        text += (text.size() > 1 ? "," : "") + coordinates(p);
    return text + "]";
}

std::string communes_text(const City& city) {
    FeatureFile file;
    for (std::size_t i = 0; i < city.facts.size(); ++i) {
        const CommuneFact& fact = city.facts[i];
        const std::string population =
            fact.population > 0 ? std::to_string(fact.population) : "null";
        file.add(R"({"type":"Polygon","coordinates":[)" +
                     line_of(city.territory.outlines[i].front()) + "]}",
                 fmt::format(R"("insee_code":{},"name":{},"population":{})",
                             json_text(fact.insee_code), json_text(fact.name), population));
    }
    return file.text();
}

std::string streets_text(const City& city) {
    FeatureFile file;
    for (const Street& street : city.network.streets) {
        base::Ring line;
        for (const Point p : street.line)
            line.push_back(city.territory.plane.to_earth(p));
        file.add(R"({"type":"LineString","coordinates":)" + line_of(line) + "}",
                 fmt::format(R"("code":{},"name":{},"hierarchy":"{}","length_m":{:.1f})",
                             json_text(street.code), json_text(street.name), word(street.hierarchy),
                             street.length_m));
    }
    return file.text();
}

std::string properties_of(const GeneratedAsset& asset) {
    std::string text = fmt::format(R"("code":{},"street":{},"life_stage":"in_service")",
                                   json_text(asset.code), json_text(asset.street));
    if (!asset.power_parent.empty()) text += ",\"power_parent\":" + json_text(asset.power_parent);
    if (!asset.communication_parent.empty())
        text += ",\"communication_parent\":" + json_text(asset.communication_parent);
    for (const auto& [name, value] : asset.attributes)
        text += ",\"" + name + "\":" + value;
    return text;
}

std::string credentials_text(const City& city) {
    std::string text;
    for (const Credential& credential : city.credentials) {
        std::string codes;
        for (const std::string& code : credential.assets)
            codes += (codes.empty() ? "" : ",") + json_text(code);
        text += (text.empty() ? "" : ",\n") +
                fmt::format(R"({{"name":{},"assets":[{}]}})", json_text(credential.name), codes);
    }
    return "[\n" + text + "\n]\n";
}

base::Result<void> write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (file) return {};
    return base::fail(base::Errc::unavailable, "cannot write " + path.string(),
                      "impossible d'écrire " + path.string());
}

}  // namespace

base::Result<void> write_city(const City& city, const std::filesystem::path& folder) {
    std::error_code refused;
    std::filesystem::create_directories(folder / "assets", refused);
    if (refused)
        return base::fail(base::Errc::unavailable, "cannot create " + folder.string(),
                          "impossible de créer " + folder.string());
    std::map<std::string, FeatureFile> kinds;
    for (const GeneratedAsset& asset : city.assets) {
        kinds[asset.kind].add(R"({"type":"Point","coordinates":)" + coordinates(asset.place) + "}",
                              properties_of(asset));
    }
    std::vector<std::pair<std::filesystem::path, std::string>> files{
        {"communes.geojson", communes_text(city)},
        {"streets.geojson", streets_text(city)},
        {"credentials.json", credentials_text(city)}};
    for (const auto& [kind, file] : kinds)
        files.emplace_back("assets/" + kind + ".geojson", file.text());
    for (const auto& [name, text] : files) {
        if (auto written = write_file(folder / name, text); !written) return written;
    }
    return {};
}

}  // namespace vigie::sim
