#include "sim/planting.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/random.hpp"

namespace vigie::sim {

namespace {

constexpr double crossing_apart_m = 170;  // between signal junctions, at scale 1
constexpr double detector_ahead_m = 35;   // of the stop line
constexpr std::size_t cameras_per_credential = 20;

const Crossing& crossing_at(const City& city, int index) {
    return city.network.crossings[static_cast<std::size_t>(index)];
}
const Way& way_at(const City& city, int index) {
    return city.network.ways[static_cast<std::size_t>(index)];
}
const std::string& street_of(const City& city, const Way& way) {
    return city.network.streets[static_cast<std::size_t>(way.street)].name;
}

// The street of the most important way that ends here.
const std::string& street_at(const City& city, int crossing) {
    const auto& ways = crossing_at(city, crossing).ways;
    const int best = *std::min_element(ways.begin(), ways.end(), [&](int a, int b) {
        return way_at(city, a).hierarchy < way_at(city, b).hierarchy;
    });
    return street_of(city, way_at(city, best));
}

void add_asset(City& city, const char* kind, std::string code, Point place, std::string street,
               std::string gateway = {},
               std::vector<std::pair<std::string, std::string>> attributes = {}) {
    city.assets.push_back({kind,
                           std::move(code),
                           city.territory.plane.to_earth(place),
                           std::move(street),
                           {},
                           std::move(gateway),
                           std::move(attributes)});
}

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return text;
}

void add_credential(City& city, const std::string& code) {
    city.credentials.push_back({"dev-" + lower(code), {code}});
}

// Crossings by falling worth, kept apart; nearer together when there are not enough of them.
std::vector<int> spread(const City& city, const std::vector<double>& worth, int count,
                        double apart_m) {
    std::vector<int> order;
    for (std::size_t i = 0; i < worth.size(); ++i)
        if (worth[i] > 0) order.push_back(static_cast<int>(i));
    std::sort(order.begin(), order.end(), [&](int a, int b) {
        const double worth_a = worth[static_cast<std::size_t>(a)];
        const double worth_b = worth[static_cast<std::size_t>(b)];
        return worth_a != worth_b ? worth_a > worth_b : a < b;
    });
    std::vector<int> chosen;
    for (double apart = apart_m; static_cast<int>(chosen.size()) < count; apart *= 0.6) {
        chosen.clear();
        for (const int candidate : order) {
            const Point here = crossing_at(city, candidate).place;
            const bool free = std::none_of(chosen.begin(), chosen.end(), [&](int other) {
                return distance(crossing_at(city, other).place, here) < apart;
            });
            if (free) chosen.push_back(candidate);
            if (static_cast<int>(chosen.size()) == count) return chosen;
        }
        if (apart < 1) break;  // fewer crossings than asked for
    }
    return chosen;
}

// What a crossing is worth to signals and cameras: its roads, how near it is to a town's heart, and
// chance. 0: not eligible.
std::vector<double> worth_of(const City& city, Random& random, std::size_t ways_min) {
    std::vector<double> worth;
    for (const Crossing& crossing : city.network.crossings) {
        double roads = 0;
        for (const int way : crossing.ways) {
            static constexpr std::array by_hierarchy{3.0, 2.0, 1.0, 0.25};
            roads += by_hierarchy.at(static_cast<std::size_t>(way_at(city, way).hierarchy));
        }
        const auto commune = static_cast<std::size_t>(crossing.commune);
        const double out = distance(crossing.place, city.territory.centres[commune]) /
                           city.territory.built_up_m[commune];
        const double town = std::sqrt(city.facts[commune].population / 1'000.0);
        const double chance = random.between(0.7, 1.3);
        const bool eligible = crossing.ways.size() >= ways_min && out < 1.3;
        worth.push_back(eligible ? roads * (town + 1) * chance / (0.4 + out) : 0);
    }
    return worth;
}

}  // namespace

std::string numbered(std::string_view prefix, int number, std::size_t digits) {
    std::string text = std::to_string(number);
    if (text.size() < digits) text.insert(0, digits - text.size(), '0');
    return std::string(prefix) + text;
}

std::string json_text(std::string_view text) {
    return nlohmann::json(text).dump();
}

void plant_signals(City& city, std::uint64_t seed, int junctions, int detectors) {
    Random random(seed, "signals");
    const auto chosen = spread(city, worth_of(city, random, 3), junctions, crossing_apart_m);
    const std::vector<int> loops = apportioned(detectors, std::vector<double>(chosen.size(), 1.0));
    int loop = 0;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        const Crossing& crossing = crossing_at(city, chosen[i]);
        const std::string code = numbered("CAR-", static_cast<int>(i) + 1, 3);
        add_asset(city, "signal_junction", code, crossing.place, street_at(city, chosen[i]));
        Credential gateway{"gw-" + lower(code), {code}};
        for (int k = 0; k < loops[i]; ++k) {
            const auto arm = static_cast<std::size_t>(k) % crossing.ways.size();
            const Way& way = way_at(city, crossing.ways[arm]);
            const double ahead =
                std::min(detector_ahead_m, distance(crossing.place, way.bend) * 0.9);
            const Point to_bend = way.bend - crossing.place;
            const Point place = crossing.place + to_bend * (ahead / length(to_bend)) +
                                left_of(crossing.place, way.bend) * 2.0;
            const std::string detector = numbered("BCL-", ++loop, 4);
            add_asset(city, "traffic_detector", detector, place, street_of(city, way), code);
            gateway.assets.push_back(detector);
        }
        city.credentials.push_back(std::move(gateway));
    }
}

void plant_cameras(City& city, std::uint64_t seed, int cameras) {
    Random random(seed, "cameras");
    const auto chosen = spread(city, worth_of(city, random, 2), cameras, 110);
    Credential platform;
    int number = 0;
    for (const int crossing : chosen) {
        const std::string code = numbered("CAM-", ++number, 3);
        const Point aside{random.between(-6, 6), random.between(-6, 6)};
        add_asset(city, "camera", code, crossing_at(city, crossing).place + aside,
                  street_at(city, crossing));
        platform.assets.push_back(code);
        if (platform.assets.size() < cameras_per_credential &&
            number < static_cast<int>(chosen.size())) {
            continue;
        }
        platform.name = numbered("gw-video-",
                                 (number + static_cast<int>(cameras_per_credential) - 1) /
                                     static_cast<int>(cameras_per_credential),
                                 2);
        city.credentials.push_back(std::move(platform));
        platform = {};
    }
}

void plant_stations(City& city, std::uint64_t seed, int air, int weather) {
    Random random(seed, "stations");
    // Air is measured everywhere people live; roads freeze first outside.
    std::vector<double> anywhere;
    for (const Crossing& crossing : city.network.crossings)
        anywhere.push_back(crossing.ways.empty() ? 0 : random.between(0.1, 1.0));
    int number = 0;
    for (const int crossing : spread(city, anywhere, air, 1'500)) {
        const std::string code = numbered("AIR-", ++number, 2);
        add_asset(city, "air_station", code, crossing_at(city, crossing).place + Point{5, 5},
                  street_at(city, crossing));
        add_credential(city, code);
    }
    std::reverse(anywhere.begin(), anywhere.end());
    number = 0;
    for (const int crossing : spread(city, anywhere, weather, 2'800)) {
        const std::string code = numbered("MET-", ++number, 2);
        const char* subtype = number % 2 == 1 ? "road" : "air";
        add_asset(city, "weather_station", code, crossing_at(city, crossing).place + Point{-5, 5},
                  street_at(city, crossing), {}, {{"subtype", json_text(subtype)}});
        add_credential(city, code);
    }
}

void plant_car_parks(City& city, std::uint64_t seed, int car_parks) {
    Random random(seed, "car parks");
    const auto chosen = spread(city, worth_of(city, random, 2), car_parks, 420);
    int number = 0;
    for (const int crossing : chosen) {
        const std::string code = numbered("PKG-", ++number, 2);
        const auto capacity = static_cast<int>(8 + random.below(90)) * 10;
        const Point aside{random.between(-30, 30), random.between(-30, 30)};
        add_asset(city, "car_park", code, crossing_at(city, crossing).place + aside,
                  street_at(city, crossing), {},
                  {{"name", json_text("Parking " + street_at(city, crossing))},
                   {"capacity", std::to_string(capacity)}});
        add_credential(city, code);
    }
}

void plant_vehicles(City& city, std::uint64_t seed, int vehicles, int ploughs) {
    Random random(seed, "vehicles");
    static const std::vector<std::string> services{
        "propreté", "espaces verts", "voirie", "éclairage public", "signalisation", "logistique"};
    static const std::string winter_service = "viabilité hivernale";
    const auto main = static_cast<std::size_t>(city.territory.main);
    std::vector<int> depots;  // around the main commune
    for (const double angle : {0.6, 2.4, 3.9, 5.4}) {
        const Point aim =
            city.territory.centres[main] +
            Point{std::cos(angle), std::sin(angle)} * (0.9 * city.territory.built_up_m[main]);
        depots.push_back(city.network.nearest(aim));
    }
    for (int number = 1; number <= vehicles; ++number) {
        const int depot = depots[static_cast<std::size_t>(number - 1) % depots.size()];
        const std::string code = numbered("VEH-", number, 3);
        const char* equipment = number <= ploughs                 ? "plough"
                                : number <= ploughs + ploughs / 3 ? "spreader"
                                                                  : "none";
        const std::string& service = number <= ploughs ? winter_service : random.pick(services);
        add_asset(city, "vehicle", code, crossing_at(city, depot).place, street_at(city, depot), {},
                  {{"winter_equipment", json_text(equipment)}, {"service", json_text(service)}});
        add_credential(city, code);
    }
}

}  // namespace vigie::sim
