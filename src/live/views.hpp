// Large answers about the live city: copied on the city thread, written down elsewhere.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "vigie/assets/catalogue.hpp"
#include "vigie/live/city_state.hpp"

namespace vigie::live {

// Those an answer is confined to; empty: all.
using Communes = std::set<std::string, std::less<>>;

// The latest of every asset of a kind.
struct LiveTable {
    std::shared_ptr<const assets::Catalogue> catalogue;  // keeps what the pointers point to
    const assets::Kind* kind{};
    base::Instant at;
    std::vector<const assets::Asset*> assets;
    std::vector<Freshness> freshness;
    std::vector<std::int64_t> newest;  // microseconds; LastValue::never
    std::vector<double> values;        // kind->width a row
};
[[nodiscard]] LiveTable live_table(const CityState& state, const assets::Kind& kind,
                                   const Communes& communes, base::Instant now);
[[nodiscard]] std::string to_json(const LiveTable& table);

// Every asset but the removed ones.
struct MapPoints {
    std::shared_ptr<const assets::Catalogue> catalogue;
    std::string epoch;
    std::uint64_t sequence{};
    std::vector<const assets::Asset*> assets;
    std::vector<base::LonLat> places;
    std::vector<DisplayState> states;
};
[[nodiscard]] MapPoints map_points(const CityState& state, const Stream& stream,
                                   const Communes& communes);
[[nodiscard]] std::string to_json(const MapPoints& points);

}  // namespace vigie::live
