#include "streets/map_layers.hpp"

#include <sodium.h>

#include <array>
#include <nlohmann/json.hpp>

#include "vigie/assets/geojson.hpp"
#include "vigie/base/text.hpp"

namespace vigie::streets {

namespace {

void add_feature(std::string& text, const std::string& geometry, const nlohmann::json& properties) {
    text += text.empty() ? "" : ",\n";
    text += R"({"type":"Feature","properties":)" + properties.dump() + R"(,"geometry":)" +
            geometry + "}";
}

MapLayer layer_of(const std::string& features) {
    auto geojson = std::make_shared<const std::string>(
        R"({"type":"FeatureCollection","features":[)" + features + "]}");
    std::array<unsigned char, 16> hash{};
    crypto_generichash(hash.data(), hash.size(),
                       reinterpret_cast<const unsigned char*>(geojson->data()), geojson->size(),
                       nullptr, 0);
    const std::string_view bytes(reinterpret_cast<const char*>(hash.data()), hash.size());
    return {std::move(geojson), "\"" + base::to_hex(bytes) + "\""};
}

}  // namespace

MapLayer commune_layer(const assets::Zones& zones) {
    std::string features;
    for (const assets::Zone& zone : zones.all()) {
        if (zone.type != assets::ZoneType::commune) continue;
        add_feature(features, assets::area_geometry(zone.polygons),
                    {{"code", zone.code}, {"name", zone.name}});
    }
    return layer_of(features);
}

MapLayer street_layer(const Streets& streets) {
    std::string features;
    for (const Street& street : streets.all()) {
        nlohmann::json properties{{"name", street.name}};
        if (!street.hierarchy.empty()) properties["hierarchy"] = street.hierarchy;
        add_feature(features, assets::line_geometry(street.line), properties);
    }
    return layer_of(features);
}

}  // namespace vigie::streets
