#include "vigie/assets/zones.hpp"

#include <cmath>

namespace vigie::assets {

namespace {

struct RingMoment {
    double area2{};  // twice the signed area, in square degrees
    base::LonLat centre;
};

RingMoment moment_of(const base::Ring& ring) {
    // Around its first point, so that small rings far from 0, 0 keep their digits.
    const base::LonLat origin = ring.front();
    RingMoment moment;
    double x = 0;
    double y = 0;
    for (std::size_t i = 0, j = ring.size() - 1; i < ring.size(); j = i++) {
        const base::LonLat a{ring[j].lon - origin.lon, ring[j].lat - origin.lat};
        const base::LonLat b{ring[i].lon - origin.lon, ring[i].lat - origin.lat};
        const double cross = a.lon * b.lat - b.lon * a.lat;
        moment.area2 += cross;
        x += (a.lon + b.lon) * cross;
        y += (a.lat + b.lat) * cross;
    }
    moment.centre = origin;
    if (moment.area2 != 0) {
        moment.centre.lon += x / (3 * moment.area2);
        moment.centre.lat += y / (3 * moment.area2);
    }
    return moment;
}

}  // namespace

std::string_view to_string(ZoneType type) {
    return type == ZoneType::commune ? "commune" : "zone";
}

std::optional<ZoneType> zone_type_from(std::string_view text) {
    if (text == "commune") return ZoneType::commune;
    if (text == "zone") return ZoneType::zone;
    return std::nullopt;
}

base::LonLat centroid(const std::vector<base::Polygon>& polygons) {
    RingMoment best;
    for (const base::Polygon& polygon : polygons) {
        if (polygon.empty() || polygon.front().empty()) continue;
        const RingMoment moment = moment_of(polygon.front());
        const bool first = best.centre == base::LonLat{};
        if (first || std::abs(moment.area2) > std::abs(best.area2)) best = moment;
    }
    return best.centre;
}

Zones::Zones(std::vector<Zone> zones) : zones_(std::move(zones)) {
    for (const Zone& zone : zones_) {
        auto& boxes = boxes_.emplace_back();
        for (const base::Polygon& polygon : zone.polygons)
            boxes.push_back(base::bounds(polygon));
    }
}

const Zone* Zones::find(ZoneType type, std::string_view code) const {
    for (const Zone& zone : zones_) {
        if (zone.type == type && zone.code == code) return &zone;
    }
    return nullptr;
}

std::string Zones::commune_of(base::LonLat p) const {
    for (std::size_t i = 0; i < zones_.size(); ++i) {
        if (zones_[i].type != ZoneType::commune) continue;
        for (std::size_t k = 0; k < boxes_[i].size(); ++k) {
            if (boxes_[i][k].contains(p) && base::contains(zones_[i].polygons[k], p))
                return zones_[i].code;
        }
    }
    return {};
}

}  // namespace vigie::assets
