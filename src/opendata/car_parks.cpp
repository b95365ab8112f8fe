#include "vigie/opendata/car_parks.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>

#include "vigie/live/freshness.hpp"

namespace vigie::opendata {

namespace {

constexpr std::chrono::seconds computed_every{1};
constexpr std::chrono::seconds preflight_holds{std::chrono::hours{24}};
constexpr const char* car_parks_path = "/open/v1/car-parks.geojson";

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

Said said(const live::CityState& city, const assets::Asset& asset, std::string_view code,
          base::Instant now) {
    const assets::Property* property = asset.kind->property(code);
    const auto values = city.values(asset.id);
    const auto times = city.times(asset.id);
    if (property == nullptr || property->position < 0) return {};
    const auto position = static_cast<std::size_t>(property->position);
    if (position >= values.size() || times[position] == live::LastValue::never ||
        std::isnan(values[position]))
        return {};
    const auto at = base::from_epoch_us(times[position]);
    const live::Seen seen{at, city.fed(asset.id), city.fed_since(asset.id)};
    const auto judged = live::judge_freshness(*asset.kind, seen, now);
    return {values[position], at, judged.freshness == live::Freshness::fresh};
}

CarPark read(const live::CityState& city, const assets::Asset& asset, base::Instant now) {
    CarPark found;
    found.code = asset.code;
    found.street = asset.street;
    found.commune = asset.commune;
    found.place = asset.place;
    const auto attributes = nlohmann::json::parse(asset.attributes, nullptr, false);
    if (attributes.is_object()) {
        if (const auto capacity = attributes.find("capacity");
            capacity != attributes.end() && capacity->is_number()) {
            found.capacity = capacity->get<double>();
        }
        if (const auto name = attributes.find("name");
            name != attributes.end() && name->is_string()) {
            found.name = name->get<std::string>();
        }
    }
    found.free = said(city, asset, "free", now);
    found.open = said(city, asset, "open", now);
    return found;
}

wire::Response answer(const Document& document, base::Instant now) {
    wire::Response response;
    response.headers.add("Content-Type", "application/geo+json");
    response.headers.add("ETag", document.etag);
    response.headers.add("Cache-Control", "public, max-age=5");
    response.headers.add("Access-Control-Expose-Headers", "ETag, Age");
    const auto age = std::chrono::floor<std::chrono::seconds>(now - document.made_at).count();
    response.headers.add("Age", std::to_string(std::max<std::int64_t>(0, age)));
    response.shared_body = document.body;
    return response;
}

// What a browser asks before a page of another origin may send an If-None-Match of its own.
wire::Response preflight() {
    wire::Response response;
    response.status = 204;
    response.headers.add("Access-Control-Allow-Methods", "GET, HEAD");
    response.headers.add("Access-Control-Allow-Headers", "If-None-Match");
    response.headers.add("Access-Control-Max-Age", std::to_string(preflight_holds.count()));
    return response;
}

template <typename T>
nlohmann::json or_null(const std::optional<T>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
}

nlohmann::json when(const Said& value) {
    return value.at ? nlohmann::json(base::to_rfc3339(*value.at)) : nlohmann::json();
}

nlohmann::json age_s(const Said& value, base::Instant now) {
    if (!value.at) return nullptr;
    return std::chrono::floor<std::chrono::seconds>(std::max(base::Duration{}, now - *value.at))
        .count();
}

// All of it but what changes by itself.
nlohmann::json feature(const CarPark& c) {
    nlohmann::json properties = {
        {"code", c.code},
        {"name", c.name.empty() ? nlohmann::json() : nlohmann::json(c.name)},
        {"street", c.street},
        {"commune", c.commune},
        {"status", std::string(status_of(c))},
        {"capacity", or_null(c.capacity)},
        {"free", nullptr},
        {"observed_at", when(c.free)},
        {"open", nullptr},
        {"open_observed_at", when(c.open)}};
    if (c.free.fresh && c.free.value) {
        // A counter may drift beyond what there is: shown within bounds, and said so.
        const double bound = c.capacity.value_or(*c.free.value);
        properties["free"] = std::clamp(*c.free.value, 0.0, std::max(0.0, bound));
        if (*c.free.value > bound) properties["suspect"] = true;
    }
    if (c.open.fresh && c.open.value) properties["open"] = *c.open.value != 0;
    return {{"type", "Feature"},
            {"id", c.code},
            {"geometry", {{"type", "Point"}, {"coordinates", {c.place.lon, c.place.lat}}}},
            {"properties", std::move(properties)}};
}

}  // namespace

std::vector<CarPark> read_car_parks(const live::CityState& city, base::Instant now) {
    std::vector<CarPark> all;
    for (const auto& asset : city.catalogue()->assets()) {
        if (asset.kind->code == "car_park" && asset.life_stage == assets::LifeStage::in_service) {
            all.push_back(read(city, asset, now));
        }
    }
    return all;
}

std::string_view status_of(const CarPark& car_park) {
    if (!car_park.free.fresh || !car_park.free.value) return "unknown";
    if (car_park.open.value) {
        // Once it says whether it is open, its old word on that is none.
        if (!car_park.open.fresh) return "unknown";
        if (*car_park.open.value == 0) return "closed";
    }
    return *car_park.free.value <= 0 ? "full" : "open";
}

std::string to_geojson(const std::vector<CarPark>& car_parks, base::Instant now) {
    auto features = nlohmann::json::array();
    for (const auto& c : car_parks) {
        auto made = feature(c);
        made["properties"]["age_s"] = age_s(c.free, now);
        made["properties"]["open_age_s"] = age_s(c.open, now);
        features.push_back(std::move(made));
    }
    return nlohmann::json{{"type", "FeatureCollection"},
                          {"generated_at", base::to_rfc3339(now)},
                          {"features", std::move(features)}}
        .dump();
}

std::string etag_of(const std::vector<CarPark>& car_parks) {
    auto features = nlohmann::json::array();
    for (const auto& c : car_parks)
        features.push_back(feature(c));
    return "W/\"" + std::to_string(std::hash<std::string>{}(features.dump())) + "\"";
}

void add_routes(api::Router& open, live::City& city, const base::Clock& clock) {
    auto cache = std::make_shared<Cache>();
    open.handle("OPTIONS", car_parks_path, api::anyone(),
                [](api::Request) -> boost::asio::awaitable<api::Answer> { co_return preflight(); });
    open.handle(
        "GET", car_parks_path, api::anyone(),
        [&city, &clock, cache](api::Request) -> boost::asio::awaitable<api::Answer> {
            const base::Instant now = clock.now();
            auto document = cache->at(now);
            if (!document) {
                const auto all = co_await city.ask(
                    [now](live::CityState& state) { return read_car_parks(state, now); });
                document = std::make_shared<const Document>(Document{
                    now, std::make_shared<const std::string>(to_geojson(all, now)), etag_of(all)});
                cache->keep(document);
            }
            co_return answer(*document, now);
        });
}

boost::asio::awaitable<wire::Response> serve(api::Router& open, wire::Request request) {
    auto response = co_await open.serve(std::move(request));
    response.headers.set("Access-Control-Allow-Origin", "*");
    co_return response;
}

}  // namespace vigie::opendata
