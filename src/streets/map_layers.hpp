// The base map's layers as GeoJSON, made once for each state of the city.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "vigie/assets/zones.hpp"
#include "vigie/streets/streets.hpp"

namespace vigie::streets {

struct MapLayer {
    std::shared_ptr<const std::string> geojson;
    std::string etag;
};

[[nodiscard]] MapLayer commune_layer(const assets::Zones& zones);
[[nodiscard]] MapLayer street_layer(const Streets& streets);

// Keeps the layer of the newest state. Thread-safe.
template <typename T>
class LayerOf {
public:
    explicit LayerOf(MapLayer (*make)(const T&)) : make_(make) {}
    MapLayer of(const std::shared_ptr<const T>& state) {
        const std::lock_guard lock(mutex_);
        if (state != state_) {
            layer_ = make_(*state);
            state_ = state;
        }
        return layer_;
    }

private:
    MapLayer (*make_)(const T&);
    std::mutex mutex_;
    std::shared_ptr<const T> state_;
    MapLayer layer_;
};

}  // namespace vigie::streets
