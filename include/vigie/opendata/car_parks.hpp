// GET /open/v1/car-parks.geojson: free places, and how old each value is.
//
// What is not known is not shown as known: a value that is no longer fresh is null, beside the time
// of what was last heard of it. Freshness is each value's own: that a car park still says something
// makes no old number new. At most once a second anything is computed; other readers in that second
// get the same bytes, so that the public never slows the control room.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "vigie/api/router.hpp"
#include "vigie/live/city.hpp"

namespace vigie::opendata {

// What one property last said.
struct Said {
    std::optional<double> value;
    std::optional<base::Instant> at;  // event time
    bool fresh{};
};

// One car park as it is known at an instant.
struct CarPark {
    std::string code;
    std::string name;
    std::string street;
    std::string commune;
    base::LonLat place;
    std::optional<double> capacity;
    Said free;
    Said open;  // 0 and 1; nothing where it is never said
};

// Every car park in service. On the city's thread.
[[nodiscard]] std::vector<CarPark> read_car_parks(const live::CityState& city, base::Instant now);

// "open", "full", "closed" or "unknown". Pure, as what follows.
[[nodiscard]] std::string_view status_of(const CarPark& car_park);
// The GeoJSON document (RFC 7946).
[[nodiscard]] std::string to_geojson(const std::vector<CarPark>& car_parks, base::Instant now);
// Weak: the same while the document says the same, whatever its ages have become.
[[nodiscard]] std::string etag_of(const std::vector<CarPark>& car_parks);

// `city` and `clock` outlive the router.
void add_routes(api::Router& open, live::City& city, const base::Clock& clock);

// What that router answers, for pages of any origin (CORS): problems too, which they could not tell
// from a broken network otherwise.
[[nodiscard]] boost::asio::awaitable<wire::Response> serve(api::Router& open,
                                                           wire::Request request);

}  // namespace vigie::opendata
