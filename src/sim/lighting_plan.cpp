// Light points along streets, cut into cabinets and circuits.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/planting.hpp"
#include "sim/random.hpp"

namespace vigie::sim {

namespace {

constexpr double lamp_spacing_m = 27;
constexpr double lamp_aside_m = 4.5;
constexpr int circuit_lights_max = 40;
constexpr double street_lights_base = 700;  // as if each commune had so many more people

struct Lamp {
    Point place;
    int street{};
};

// Position on Hilbert's curve over the territory, 64 m a cell: near on the curve is near on the
// ground, so that runs of lamps are quarters.
std::uint64_t along_hilbert(Point p) {
    constexpr std::uint32_t side = 512;
    const auto cell = [](double metres) {
        return static_cast<std::uint32_t>(std::clamp(metres / 64.0 + side / 2.0, 0.0, side - 1.0));
    };
    std::uint32_t x = cell(p.x);
    std::uint32_t y = cell(p.y);
    std::uint64_t at = 0;
    for (std::uint32_t s = side / 2; s > 0; s /= 2) {
        const std::uint32_t rx = (x & s) != 0 ? 1 : 0;
        const std::uint32_t ry = (y & s) != 0 ? 1 : 0;
        at += std::uint64_t{s} * s * ((3 * rx) ^ ry);
        if (ry != 0) continue;
        if (rx == 1) {
            x = side - 1 - x;
            y = side - 1 - y;
        }
        std::swap(x, y);
    }
    return at;
}

int lamps_on(const Street& street, double spacing) {
    return std::max(1, static_cast<int>(street.length_m / spacing));
}

// Every `street.length / count` metres, on both sides in turn.
void stand_along(const Street& street, int street_index, int count, std::vector<Lamp>& lamps) {
    const double spacing = street.length_m / count;
    double next = spacing / 2;
    double walked = 0;
    int placed = 0;
    for (std::size_t i = 0; i + 1 < street.line.size(); ++i) {
        const Point a = street.line[i];
        const Point b = street.line[i + 1];
        const double step = distance(a, b);
        for (; placed < count && next <= walked + step; next += spacing, ++placed) {
            const double side = placed % 2 == 0 ? lamp_aside_m : -lamp_aside_m;
            lamps.push_back(
                {a + (b - a) * ((next - walked) / step) + left_of(a, b) * side, street_index});
        }
        walked += step;
    }
    for (; placed < count; ++placed)  // the last one, when rounding put it past the end
        lamps.push_back({street.line.back(), street_index});
}

// The streets of a commune that get light, from its centre outwards, until `count` lamps stand;
// then in the order of quarters.
std::vector<Lamp> lamps_of(const City& city, int commune, int count) {
    const auto& streets = city.network.streets;
    const Point centre = city.territory.centres[static_cast<std::size_t>(commune)];
    std::vector<std::pair<double, int>> order;
    for (std::size_t i = 0; i < streets.size(); ++i) {
        if (streets[i].commune != commune) continue;
        const Point middle = streets[i].line[streets[i].line.size() / 2];
        const double unbuilt = streets[i].built_up ? 0 : 1e6;
        order.emplace_back(unbuilt + distance(middle, centre), static_cast<int>(i));
    }
    std::sort(order.begin(), order.end());
    const auto capacity = [&](double spacing) {
        return std::accumulate(order.begin(), order.end(), 0, [&](int sum, const auto& entry) {
            return sum + lamps_on(streets[static_cast<std::size_t>(entry.second)], spacing);
        });
    };
    double spacing = lamp_spacing_m;
    while (capacity(spacing) < count)
        spacing *= 0.95;
    std::vector<std::pair<std::uint64_t, std::pair<int, int>>> chosen;  // hilbert, street, lamps
    for (int left = count; const auto& [_, index] : order) {
        if (left == 0) break;
        const Street& street = streets[static_cast<std::size_t>(index)];
        const int here = std::min(left, lamps_on(street, spacing));
        chosen.emplace_back(along_hilbert(street.line[street.line.size() / 2]),
                            std::pair(index, here));
        left -= here;
    }
    std::sort(chosen.begin(), chosen.end());
    std::vector<Lamp> lamps;
    for (const auto& [_, part] : chosen)
        stand_along(streets[static_cast<std::size_t>(part.first)], part.first, part.second, lamps);
    return lamps;
}

// Lamps by commune: by population; none where there is no street, or where they would not fill a
// cabinet; and enough in the main one for its well-known cabinet and another.
std::vector<int> lamps_by_commune(const City& city, int total) {
    std::vector<double> weights(city.facts.size(), 0.0);
    for (const Street& street : city.network.streets) {
        const auto commune = static_cast<std::size_t>(street.commune);
        weights[commune] = city.facts[commune].population + street_lights_base;
    }
    const auto main = static_cast<std::size_t>(city.territory.main);
    for (;;) {
        std::vector<int> parts = apportioned(total, weights);
        std::size_t least = main;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (i != main && parts[i] > 0 && (least == main || parts[i] < parts[least])) least = i;
        }
        const bool main_has_enough = parts[main] >= largest_cabinet_lights + cabinet_lights_min;
        if (least == main || (main_has_enough && parts[least] >= cabinet_lights_min + 5))
            return parts;
        weights[least] = 0;
    }
}

// Between how many cabinets so many lamps can be shared out.
std::pair<int, int> cabinet_range(int lamps, bool is_main) {
    const int fixed = is_main ? 1 : 0;
    const int rest = lamps - fixed * largest_cabinet_lights;
    return {fixed + (rest + largest_cabinet_lights - 1) / largest_cabinet_lights,
            fixed + rest / cabinet_lights_min};
}

// Cabinets by commune: by lamps, with no cabinet under the least nor over the greatest size.
std::vector<int> cabinets_by_commune(const std::vector<int>& lamps, std::size_t main, int total) {
    std::vector<int> parts = apportioned(total, {lamps.begin(), lamps.end()});
    const auto range = [&](std::size_t i) { return cabinet_range(lamps[i], i == main); };
    int missing = total;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        parts[i] = std::clamp(parts[i], range(i).first, range(i).second);
        missing -= parts[i];
    }
    // Clamping moved a few: give to, or take from, those with the most room.
    while (missing != 0) {
        std::size_t best = 0;
        int best_room = 0;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const int room = missing > 0 ? range(i).second - parts[i] : parts[i] - range(i).first;
            if (room <= best_room) continue;
            best = i;
            best_room = room;
        }
        if (best_room == 0) break;
        const int step = missing > 0 ? 1 : -1;
        parts[best] += step;
        missing -= step;
    }
    return parts;
}

// Sizes of the cabinets of one commune; the first may be fixed.
std::vector<int> cabinet_sizes(int lamps, int cabinets, int first, Random& random) {
    std::vector<int> sizes;
    if (first > 0) sizes.push_back(first);
    const int rest = cabinets - static_cast<int>(sizes.size());
    const int free_lamps = lamps - first;
    const std::size_t from = sizes.size();
    for (int i = 0; i < rest; ++i)
        sizes.push_back(free_lamps / rest + (i < free_lamps % rest ? 1 : 0));
    if (rest < 2) return sizes;
    for (int turn = 0; turn < 6 * rest; ++turn) {
        const std::size_t giver = from + random.below(static_cast<std::size_t>(rest));
        const std::size_t taker = from + random.below(static_cast<std::size_t>(rest));
        const int moved = static_cast<int>(random.below(7));
        if (giver == taker || sizes[giver] - moved < cabinet_lights_min ||
            sizes[taker] + moved > largest_cabinet_lights) {
            continue;
        }
        sizes[giver] -= moved;
        sizes[taker] += moved;
    }
    return sizes;
}

class LightingPlan {
public:
    explicit LightingPlan(City& city) : city_(city) {}

    // One cabinet over `lamps`, as an equal number of circuits as their load allows.
    void add_cabinet(const std::vector<Lamp>& lamps) {
        ++cabinets_;
        const std::string cabinet = numbered("ARM-", cabinets_, 4);
        const Lamp& middle = lamps[lamps.size() / 2];
        add("lighting_cabinet", cabinet, middle.place + Point{2.0, -3.0}, middle.street, {}, {});
        Credential gateway{numbered("gw-arm-", cabinets_, 4), {cabinet}};
        const std::size_t circuits = (lamps.size() + circuit_lights_max - 1) / circuit_lights_max;
        for (std::size_t circuit = 0; circuit < circuits; ++circuit) {
            const std::string code =
                numbered("CIR-", cabinets_, 4) + "-" + std::to_string(circuit + 1);
            add("lighting_circuit", code, middle.place + Point{2.0, -3.0}, middle.street, cabinet,
                {});
            gateway.assets.push_back(code);
            for (std::size_t i = lamps.size() * circuit / circuits;
                 i < lamps.size() * (circuit + 1) / circuits; ++i) {
                const std::string lamp = numbered("PL-", ++lamps_, 5);
                add("light_point", lamp, lamps[i].place, lamps[i].street, code, cabinet);
                gateway.assets.push_back(lamp);
            }
        }
        city_.credentials.push_back(std::move(gateway));
    }

private:
    void add(const char* kind, const std::string& code, Point place, int street,
             const std::string& power_parent, const std::string& communication_parent) {
        city_.assets.push_back({kind,
                                code,
                                city_.territory.plane.to_earth(place),
                                city_.network.streets[static_cast<std::size_t>(street)].name,
                                power_parent,
                                communication_parent,
                                {}});
    }
    City& city_;
    int cabinets_{};
    int lamps_{};
};

}  // namespace

void plant_lighting(City& city, std::uint64_t seed, int light_points, int cabinets) {
    Random random(seed, "lighting");
    const std::vector<int> lamps = lamps_by_commune(city, light_points);
    // The main commune first: its first cabinet is the well-known one.
    std::vector<std::size_t> order(lamps.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto main = static_cast<std::size_t>(city.territory.main);
    const std::vector<int> boxes = cabinets_by_commune(lamps, main, cabinets);
    std::rotate(order.begin(), order.begin() + city.territory.main,
                order.begin() + city.territory.main + 1);
    LightingPlan plan(city);
    for (const std::size_t commune : order) {
        if (lamps[commune] == 0) continue;
        const auto standing = lamps_of(city, static_cast<int>(commune), lamps[commune]);
        const int first = commune == main ? largest_cabinet_lights : 0;
        std::ptrdiff_t at = 0;
        for (const int size : cabinet_sizes(lamps[commune], boxes[commune], first, random)) {
            plan.add_cabinet({standing.begin() + at, standing.begin() + at + size});
            at += size;
        }
    }
}

}  // namespace vigie::sim
