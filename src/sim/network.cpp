#include "sim/network.hpp"

#include <algorithm>
#include <array>
#include <boost/polygon/voronoi.hpp>
#include <limits>
#include <numbers>
#include <numeric>
#include <queue>
#include <unordered_map>
#include <utility>

#include "sim/random.hpp"

namespace vigie::sim {

namespace {

constexpr double grain_m = 70;        // between crossings in the heart of a town
constexpr double grain_edge_m = 125;  // at the edge of what is built
constexpr double grain_country_m = 850;
constexpr double country_darts = 6;  // for each place outside towns that could take one
constexpr double thinned = 0.45;     // share kept of the ways that connect nothing new
constexpr double bucket_m = 200;
constexpr int boulevard_corners = 10;
constexpr double boulevard_radius = 0.45;  // of the main commune's built-up part
constexpr int through_streets = 220;

// The least distance wanted between crossings at a place.
double grain_at(const Territory& territory, Point p) {
    double grain = grain_country_m;
    for (std::size_t i = 0; i < territory.centres.size(); ++i) {
        const double out = distance(p, territory.centres[i]) / territory.built_up_m[i];
        const double here = out < 1
                                ? grain_m + (grain_edge_m - grain_m) * out
                                : grain_edge_m + (grain_country_m - grain_edge_m) * 3 * (out - 1);
        grain = std::min(grain, here);
    }
    return grain;
}

// Points with at least their own grain around them, found by throwing darts.
class Darts {
public:
    void throw_at(const Territory& territory, Point p) {
        const double grain = grain_at(territory, p);
        if (crowded(p, grain)) return;
        const int commune = territory.commune_of(territory.plane.to_earth(p));
        if (commune < 0) return;
        buckets_[key(p.x, p.y)].push_back(crossings.size());
        crossings.push_back({p, commune, {}});
    }
    std::vector<Crossing> crossings;

private:
    static std::int64_t key(double x, double y) {
        return static_cast<std::int64_t>(std::floor(x / bucket_m)) * 100'003 +
               static_cast<std::int64_t>(std::floor(y / bucket_m));
    }
    [[nodiscard]] bool crowded(Point p, double grain) const {
        const int reach = static_cast<int>(std::ceil(grain / bucket_m));
        for (int dx = -reach; dx <= reach; ++dx) {
            for (int dy = -reach; dy <= reach; ++dy) {
                const auto bucket = buckets_.find(key(p.x + dx * bucket_m, p.y + dy * bucket_m));
                if (bucket == buckets_.end()) continue;
                for (const std::size_t other : bucket->second) {
                    if (distance(crossings[other].place, p) < grain) return true;
                }
            }
        }
        return false;
    }
    std::unordered_map<std::int64_t, std::vector<std::size_t>> buckets_;
};

std::vector<Crossing> scatter(const Territory& territory, Random& random) {
    Darts darts;
    for (std::size_t i = 0; i < territory.centres.size(); ++i) {
        const double radius = territory.built_up_m[i] * 1.25;
        // Five darts for each place that could take one: gaps left are rare.
        const auto count =
            static_cast<int>(5 * std::numbers::pi * radius * radius / (grain_m * grain_m));
        darts.throw_at(territory, territory.centres[i]);
        for (int dart = 0; dart < count; ++dart) {
            const double out = radius * std::sqrt(random.unit());
            const double angle = 2 * std::numbers::pi * random.unit();
            darts.throw_at(territory,
                           territory.centres[i] + Point{std::cos(angle), std::sin(angle)} * out);
        }
    }
    Point reach;
    for (const base::Polygon& outline : territory.outlines) {
        for (const base::LonLat corner : outline.front()) {
            const Point p = territory.plane.to_plane(corner);
            reach = {std::max(reach.x, std::abs(p.x)), std::max(reach.y, std::abs(p.y))};
        }
    }
    const auto country = static_cast<int>(4 * reach.x * reach.y * country_darts /
                                          (grain_country_m * grain_country_m));
    for (int dart = 0; dart < country; ++dart)
        darts.throw_at(territory,
                       {random.between(-reach.x, reach.x), random.between(-reach.y, reach.y)});
    return std::move(darts.crossings);
}

// Delaunay neighbours of each crossing, in ascending order.
std::vector<std::vector<int>> neighbours_of(const std::vector<Crossing>& crossings) {
    using Site = boost::polygon::point_data<int>;
    std::vector<Site> sites;
    sites.reserve(crossings.size());
    for (const Crossing& c : crossings) {
        sites.emplace_back(static_cast<int>(std::lround(c.place.x * 100)),
                           static_cast<int>(std::lround(c.place.y * 100)));
    }
    boost::polygon::voronoi_diagram<double> diagram;
    boost::polygon::construct_voronoi(sites.begin(), sites.end(), &diagram);
    std::vector<std::vector<int>> neighbours(crossings.size());
    for (const auto& edge : diagram.edges()) {
        neighbours[edge.cell()->source_index()].push_back(
            static_cast<int>(edge.twin()->cell()->source_index()));
    }
    for (auto& list : neighbours)
        std::sort(list.begin(), list.end());
    return neighbours;
}

struct Closeness {
    bool gabriel{true};   // no neighbour within the circle over the way
    bool relative{true};  // no neighbour nearer to both ends than they are to each other
};

Closeness closeness(const std::vector<Crossing>& crossings, const std::vector<int>& around, Point a,
                    Point b, int skip) {
    Closeness found;
    for (const int other : around) {
        if (other == skip) continue;
        const Point p = crossings[static_cast<std::size_t>(other)].place;
        if (dot(a - p, b - p) < 0) found.gabriel = false;
        if (std::max(distance(a, p), distance(b, p)) < distance(a, b)) found.relative = false;
    }
    return found;
}

// The relative neighbourhood graph, which holds a spanning tree and so connects everything, and a
// share of the Gabriel graph for the blocks.
void connect(Network& network, const Territory& territory, Random& random) {
    const auto neighbours = neighbours_of(network.crossings);
    for (std::size_t i = 0; i < neighbours.size(); ++i) {
        for (const int j : neighbours[i]) {
            const auto to = static_cast<std::size_t>(j);
            if (to <= i) continue;
            const Point a = network.crossings[i].place;
            const Point b = network.crossings[to].place;
            const Closeness one = closeness(network.crossings, neighbours[i], a, b, j);
            const Closeness two =
                closeness(network.crossings, neighbours[to], a, b, static_cast<int>(i));
            const bool relative = one.relative && two.relative;
            const bool gabriel = one.gabriel && two.gabriel;
            const double chance = random.unit();
            const double shift = random.between(-0.05, 0.05) * distance(a, b);
            if (!relative && !(gabriel && chance < thinned)) continue;
            const Point bend = (a + b) * 0.5 + left_of(a, b) * shift;
            const int commune = territory.commune_of(territory.plane.to_earth(bend));
            const int way = static_cast<int>(network.ways.size());
            network.ways.push_back({static_cast<int>(i), j, bend,
                                    commune >= 0 ? commune : network.crossings[i].commune});
            network.crossings[i].ways.push_back(way);
            network.crossings[to].ways.push_back(way);
        }
    }
}

// Shortest paths from one crossing, and how often each way serves on the road to chosen targets.
class Traffic {
public:
    explicit Traffic(const Network& network) : network_(network), uses(network.ways.size(), 0) {}

    void drive(int from, const std::vector<int>& targets, int weight) {
        explore(from);
        for (int at : targets) {
            while (arrival_[static_cast<std::size_t>(at)] >= 0) {
                const int way = arrival_[static_cast<std::size_t>(at)];
                uses[static_cast<std::size_t>(way)] += weight;
                at = network_.other_end(network_.ways[static_cast<std::size_t>(way)], at);
            }
        }
    }

private:
    void explore(int from) {
        using Front = std::pair<double, int>;
        std::vector<double> best(network_.crossings.size(),
                                 std::numeric_limits<double>::infinity());
        arrival_.assign(network_.crossings.size(), -1);
        std::priority_queue<Front, std::vector<Front>, std::greater<>> front;
        best[static_cast<std::size_t>(from)] = 0;
        front.emplace(0.0, from);
        while (!front.empty()) {
            const auto [cost, at] = front.top();
            front.pop();
            if (cost > best[static_cast<std::size_t>(at)]) continue;
            for (const int index : network_.crossings[static_cast<std::size_t>(at)].ways) {
                const Way& way = network_.ways[static_cast<std::size_t>(index)];
                const int next = network_.other_end(way, at);
                // A used way is a little cheaper: traffic gathers on few roads.
                const double pull = uses[static_cast<std::size_t>(index)] > 0 ? 0.7 : 1.0;
                const double there = cost + pull * network_.length_m(way);
                if (there >= best[static_cast<std::size_t>(next)]) continue;
                best[static_cast<std::size_t>(next)] = there;
                arrival_[static_cast<std::size_t>(next)] = index;
                front.emplace(there, next);
            }
        }
    }
    const Network& network_;
    std::vector<int> arrival_;

public:
    std::vector<int> uses;
};

// The two communes nearest to one.
std::vector<int> nearest_two(const Territory& territory, std::size_t commune) {
    std::vector<int> order(territory.centres.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int a, int b) {
        const Point here = territory.centres[commune];
        return distance(territory.centres[static_cast<std::size_t>(a)], here) <
               distance(territory.centres[static_cast<std::size_t>(b)], here);
    });
    order.erase(order.begin());
    order.resize(std::min<std::size_t>(2, order.size()));
    return order;
}

// Roads from every commune to the main one and to its neighbours, and a ring of boulevards.
void rank_main_roads(Network& network, const Territory& territory) {
    Traffic traffic(network);
    const auto main = static_cast<std::size_t>(territory.main);
    std::vector<int> town_halls;
    for (const Point centre : territory.centres)
        town_halls.push_back(network.nearest(centre));
    for (int corner = 0; corner < boulevard_corners; ++corner) {
        const double step = 2 * std::numbers::pi / boulevard_corners;
        const double radius = boulevard_radius * territory.built_up_m[main];
        const auto at = [&](int k) {
            return network.nearest(territory.centres[main] +
                                   Point{std::cos(k * step), std::sin(k * step)} * radius);
        };
        traffic.drive(at(corner), {at(corner + 1)}, 2);
    }
    traffic.drive(town_halls[main], town_halls, 1);
    for (std::size_t i = 0; i < town_halls.size(); ++i) {
        std::vector<int> targets;
        for (const int neighbour : nearest_two(territory, i))
            targets.push_back(town_halls[static_cast<std::size_t>(neighbour)]);
        traffic.drive(town_halls[i], targets, 1);
    }
    for (std::size_t i = 0; i < network.ways.size(); ++i) {
        if (traffic.uses[i] > 0)
            network.ways[i].hierarchy =
                traffic.uses[i] > 1 ? Hierarchy::primary : Hierarchy::secondary;
    }
}

// Streets that carry a quarter's traffic: roads between random crossings not far from each other.
void rank_through_streets(Network& network, Random& random) {
    Traffic traffic(network);
    for (int trip = 0; trip < through_streets; ++trip) {
        const int from = static_cast<int>(random.below(network.crossings.size()));
        const double angle = 2 * std::numbers::pi * random.unit();
        const Point aim = network.crossings[static_cast<std::size_t>(from)].place +
                          Point{std::cos(angle), std::sin(angle)} * random.between(600, 1'800);
        traffic.drive(from, {network.nearest(aim)}, 1);
    }
    for (std::size_t i = 0; i < network.ways.size(); ++i) {
        if (traffic.uses[i] > 0 && network.ways[i].hierarchy == Hierarchy::residential)
            network.ways[i].hierarchy = Hierarchy::tertiary;
    }
}

}  // namespace

const char* word(Hierarchy hierarchy) {
    static constexpr std::array words{"primary", "secondary", "tertiary", "residential"};
    return words.at(static_cast<std::size_t>(hierarchy));
}

double Network::length_m(const Way& way) const {
    return distance(crossings[static_cast<std::size_t>(way.from)].place, way.bend) +
           distance(way.bend, crossings[static_cast<std::size_t>(way.to)].place);
}

int Network::nearest(Point place) const {
    const auto found =
        std::min_element(crossings.begin(), crossings.end(), [&](const auto& a, const auto& b) {
            return distance(a.place, place) < distance(b.place, place);
        });
    return static_cast<int>(found - crossings.begin());
}

Network grow_network(const Territory& territory, std::uint64_t seed) {
    Random random(seed, "network");
    Network network;
    network.crossings = scatter(territory, random);
    connect(network, territory, random);
    rank_main_roads(network, territory);
    rank_through_streets(network, random);
    return network;
}

}  // namespace vigie::sim
