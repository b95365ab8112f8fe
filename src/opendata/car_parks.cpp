#include "vigie/opendata/car_parks.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>

namespace vigie::opendata {

namespace {

constexpr std::chrono::seconds computed_every{1};

struct Document {
    base::Instant made_at;
    std::shared_ptr<const std::string> body;
    std::string etag;
};

// The document of this second. Shared by all requests of the public door.
class Cache {
public:
    std::shared_ptr<const Document> at(base::Instant now) const {
        const std::lock_guard lock(mutex_);
        const bool usable =
            document_ && now >= document_->made_at && now - document_->made_at < computed_every;
        return usable ? document_ : nullptr;
    }
    void keep(std::shared_ptr<const Document> document) {
        const std::lock_guard lock(mutex_);
        document_ = std::move(document);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Document> document_;
};

struct Known {
    std::optional<double> value;
    std::optional<base::Instant> at;
};

Known known(const live::CityState& city, const assets::Asset& asset,
            std::string_view property_code) {
    const assets::Property* property = asset.kind->property(property_code);
    const auto values = city.values(asset.id);
    const auto times = city.times(asset.id);
    if (property == nullptr || property->position < 0) return {};
    const auto position = static_cast<std::size_t>(property->position);
    if (position >= values.size() || times[position] == live::LastValue::never ||
        std::isnan(values[position]))
        return {};
    return {values[position], base::from_epoch_us(times[position])};
}

CarPark read(const live::CityState& city, const assets::Asset& asset) {
    CarPark found;
    found.code = asset.code;
    found.street = asset.street;
    found.commune = asset.commune;
    found.place = asset.place;
    const auto attributes = nlohmann::json::parse(asset.attributes, nullptr, false);
    if (attributes.is_object() && attributes.contains("capacity") &&
        attributes["capacity"].is_number()) {
        found.capacity = attributes["capacity"].get<double>();
    }
    const Known free = known(city, asset, "free");
    found.free = free.value;
    found.observed_at = free.at;
    found.open = known(city, asset, "open").value;
    found.fresh = city.freshness(asset.id) == live::Freshness::fresh;
    return found;
}

std::vector<CarPark> read_all(const live::CityState& city) {
    std::vector<CarPark> all;
    for (const auto& asset : city.catalogue()->assets()) {
        if (asset.kind->code == "car_park" && asset.life_stage == assets::LifeStage::in_service) {
            all.push_back(read(city, asset));
        }
    }
    return all;
}

wire::Response answer(const Document& document, const wire::Request& request, base::Instant now) {
    wire::Response response;
    response.headers.add("Content-Type", "application/geo+json");
    response.headers.add("ETag", document.etag);
    response.headers.add("Cache-Control", "public, max-age=5");
    response.headers.add("Access-Control-Allow-Origin", "*");
    response.headers.add("Access-Control-Expose-Headers", "ETag, Age");
    const auto age = std::chrono::floor<std::chrono::seconds>(now - document.made_at).count();
    response.headers.add("Age", std::to_string(std::max<std::int64_t>(0, age)));
    if (request.headers.get("If-None-Match") == document.etag) {
        response.status = 304;
    } else {
        response.shared_body = document.body;
    }
    return response;
}

// The ages inside change every second; what identifies the document is what was observed.
std::string etag_of(const std::vector<CarPark>& car_parks) {
    std::size_t mark = car_parks.size();
    const auto mix = [&](std::size_t value) { mark = mark * 1'099'511'628'211U ^ value; };
    for (const auto& c : car_parks) {
        mix(std::hash<std::string>{}(c.code));
        mix(std::hash<double>{}(c.free.value_or(-1)));
        mix(std::hash<double>{}(c.open.value_or(-1)));
        mix(c.observed_at ? static_cast<std::size_t>(base::epoch_us(*c.observed_at)) : 0U);
        mix(c.fresh ? 1U : 0U);
    }
    return "\"" + std::to_string(mark) + "\"";
}

}  // namespace

std::string_view status_of(const CarPark& car_park) {
    if (!car_park.fresh || !car_park.free) return "unknown";
    if (car_park.open && *car_park.open == 0) return "closed";
    return *car_park.free <= 0 ? "full" : "open";
}

std::string to_geojson(const std::vector<CarPark>& car_parks, base::Instant now) {
    auto features = nlohmann::json::array();
    for (const auto& c : car_parks) {
        nlohmann::json properties = {
            {"code", c.code},         {"street", c.street},
            {"commune", c.commune},   {"status", std::string(status_of(c))},
            {"capacity", nullptr},    {"free", nullptr},
            {"observed_at", nullptr}, {"age_s", nullptr}};
        if (c.capacity) properties["capacity"] = *c.capacity;
        if (c.fresh && c.free) {
            // A counter may drift beyond what there is: shown within bounds, and said so.
            const double bound = c.capacity.value_or(*c.free);
            properties["free"] = std::clamp(*c.free, 0.0, std::max(0.0, bound));
            if (*c.free > bound) properties["suspect"] = true;
        }
        if (c.observed_at) {
            properties["observed_at"] = base::to_rfc3339(*c.observed_at);
            properties["age_s"] =
                std::chrono::floor<std::chrono::seconds>(now - *c.observed_at).count();
        }
        features.push_back(
            {{"type", "Feature"},
             {"id", c.code},
             {"geometry", {{"type", "Point"}, {"coordinates", {c.place.lon, c.place.lat}}}},
             {"properties", std::move(properties)}});
    }
    return nlohmann::json{{"type", "FeatureCollection"},
                          {"generated_at", base::to_rfc3339(now)},
                          {"features", std::move(features)}}
        .dump();
}

void add_routes(api::Router& open, live::City& city, const base::Clock& clock) {
    auto cache = std::make_shared<Cache>();
    open.handle(
        "GET", "/open/v1/car-parks.geojson", api::anyone(),
        [&city, &clock, cache](api::Request request) -> boost::asio::awaitable<api::Answer> {
            const base::Instant now = clock.now();
            auto document = cache->at(now);
            if (!document) {
                const auto all =
                    co_await city.ask([](live::CityState& state) { return read_all(state); });
                document = std::make_shared<const Document>(Document{
                    now, std::make_shared<const std::string>(to_geojson(all, now)), etag_of(all)});
                cache->keep(document);
            }
            co_return answer(*document, request.http, now);
        });
}

}  // namespace vigie::opendata
