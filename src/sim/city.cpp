#include "sim/city.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/planting.hpp"

namespace vigie::sim {

namespace {
// The example city at scale 1.
constexpr int light_points_at_1 = 34'000;
constexpr int cabinets_at_1 = 900;
constexpr int junctions_at_1 = 150;
constexpr int detectors_at_1 = 300;
constexpr int cameras_at_1 = 380;
constexpr int air_stations_at_1 = 60;
constexpr int weather_stations_at_1 = 20;
constexpr int car_parks_at_1 = 40;
constexpr int vehicles_at_1 = 160;
constexpr int ploughs_at_1 = 24;

int scaled(int count, double scale) {
    return std::max(1, static_cast<int>(std::lround(count * scale)));
}
}  // namespace

std::vector<int> apportioned(int total, const std::vector<double>& weights) {
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<int> parts;
    std::vector<std::pair<double, std::size_t>> remainders;
    int given = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const double exact = sum > 0 ? total * weights[i] / sum : 0;
        parts.push_back(static_cast<int>(exact));
        given += parts.back();
        remainders.emplace_back(-(exact - parts.back()), i);
    }
    std::sort(remainders.begin(), remainders.end());
    for (std::size_t i = 0; given < total && i < remainders.size(); ++i, ++given)
        ++parts[remainders[i].second];
    return parts;
}

base::Result<City> generate(const std::vector<CommuneFact>& facts, std::uint64_t seed,
                            double scale) {
    if (facts.empty())
        return base::fail(base::Errc::invalid, "no communes to generate a city from",
                          "aucune commune d'où générer une ville");
    if (!(scale >= scale_min && scale <= scale_max))
        return base::fail(base::Errc::invalid, "the scale must be from 0.01 to 4",
                          "l'échelle doit être comprise entre 0,01 et 4");
    City city{facts, lay_out(facts), {}, {}, {}};
    city.network = grow_network(city.territory, seed);
    name_streets(city.network, city.territory, facts, seed);
    plant_lighting(city, seed, scaled(light_points_at_1, scale), scaled(cabinets_at_1, scale));
    plant_signals(city, seed, scaled(junctions_at_1, scale), scaled(detectors_at_1, scale));
    plant_cameras(city, seed, scaled(cameras_at_1, scale));
    plant_stations(city, seed, scaled(air_stations_at_1, scale),
                   scaled(weather_stations_at_1, scale));
    plant_car_parks(city, seed, scaled(car_parks_at_1, scale));
    plant_vehicles(city, seed, scaled(vehicles_at_1, scale), scaled(ploughs_at_1, scale));
    return city;
}

}  // namespace vigie::sim
