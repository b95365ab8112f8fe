// GET /open/v1/car-parks.geojson: free places, and how old each value is.
//
// What is not known is not shown as known: once a car park is no longer fresh its `free` is null
// and its `status` "unknown", with the time of what was last heard. At most once a second anything
// is computed; other readers in that second get the same bytes, so that the public never slows the
// control room.
#pragma once

#include <memory>
#include <string>

#include "vigie/api/router.hpp"
#include "vigie/live/city.hpp"

namespace vigie::opendata {

// One car park as it is known at `now`; pure.
struct CarPark {
    std::string code;
    std::string street;
    std::string commune;
    base::LonLat place;
    std::optional<double> capacity;
    std::optional<double> free;
    std::optional<double> open;                // 0 and 1
    std::optional<base::Instant> observed_at;  // of `free`
    bool fresh{};
};

// "open", "full", "closed" or "unknown".
[[nodiscard]] std::string_view status_of(const CarPark& car_park);
// The GeoJSON document (RFC 7946).
[[nodiscard]] std::string to_geojson(const std::vector<CarPark>& car_parks, base::Instant now);

// `city` and `clock` outlive the router.
void add_routes(api::Router& open, live::City& city, const base::Clock& clock);

}  // namespace vigie::opendata
