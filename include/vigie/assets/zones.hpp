// Communes and other named polygons, and which commune a point lies in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/geometry.hpp"

namespace vigie::assets {

enum class ZoneType { commune, zone };
[[nodiscard]] std::string_view to_string(ZoneType type);
[[nodiscard]] std::optional<ZoneType> zone_type_from(std::string_view text);

struct Zone {
    ZoneType type{ZoneType::commune};
    std::string code;  // INSEE code of a commune
    std::string name;
    std::optional<std::int64_t> population;
    base::LonLat place;  // where its name stands: the centroid of its largest polygon
    std::vector<base::Polygon> polygons;
    friend bool operator==(const Zone&, const Zone&) = default;
};

// An immutable value.
class Zones {
public:
    Zones() = default;
    explicit Zones(std::vector<Zone> zones);

    [[nodiscard]] const std::vector<Zone>& all() const { return zones_; }
    [[nodiscard]] const Zone* find(ZoneType type, std::string_view code) const;
    // The code of the commune that holds the point; empty outside all of them.
    [[nodiscard]] std::string commune_of(base::LonLat p) const;

private:
    std::vector<Zone> zones_;
    std::vector<std::vector<base::Box>> boxes_;  // of each polygon of each zone
};

[[nodiscard]] base::LonLat centroid(const std::vector<base::Polygon>& polygons);

}  // namespace vigie::assets
