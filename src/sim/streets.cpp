// Ways gathered into named streets.
#include <algorithm>
#include <deque>

#include "sim/network.hpp"
#include "sim/random.hpp"
#include "sim/street_names.hpp"

namespace vigie::sim {

namespace {

constexpr double straight_on_min = 0.74;  // cosine of the sharpest turn within one street
constexpr double built_up_grain = 1.15;   // of the built-up radius

double street_length_max_m(Hierarchy hierarchy) {
    switch (hierarchy) {
        case Hierarchy::primary:
            return 1'600;
        case Hierarchy::secondary:
            return 1'100;
        case Hierarchy::tertiary:
            return 700;
        case Hierarchy::residential:
            return 380;
    }
    return 380;
}

// A street while it grows at both ends.
class Stroke {
public:
    Stroke(Network& network, int first) : network_(network), ways_{first} {
        Way& way = way_at(first);
        first_ = way.from;
        last_ = way.to;
        length_m_ = network.length_m(way);
        way.street = static_cast<int>(network.streets.size());
        grow(last_, false);
        grow(first_, true);
    }

    [[nodiscard]] Street street() const {
        Street made;
        const Way& sample = network_.ways[static_cast<std::size_t>(ways_.front())];
        made.hierarchy = sample.hierarchy;
        made.commune = sample.commune;
        made.length_m = length_m_;
        made.dead_end = dead_end(first_) || dead_end(last_);
        int at = first_;
        made.line.push_back(place(at));
        for (const int index : ways_) {
            const Way& way = network_.ways[static_cast<std::size_t>(index)];
            at = network_.other_end(way, at);
            made.line.push_back(way.bend);
            made.line.push_back(place(at));
        }
        return made;
    }

private:
    Way& way_at(int index) { return network_.ways[static_cast<std::size_t>(index)]; }
    [[nodiscard]] Point place(int crossing) const {
        return network_.crossings[static_cast<std::size_t>(crossing)].place;
    }
    [[nodiscard]] bool dead_end(int crossing) const {
        return network_.crossings[static_cast<std::size_t>(crossing)].ways.size() == 1;
    }

    // The unnamed way that goes on from `at` as straight as can be, -1 for none.
    int next_way(int at, int arriving) {
        const Way& last = way_at(arriving);
        const Point from = place(at) - last.bend;
        int best = -1;
        double best_cosine = straight_on_min;
        for (const int index : network_.crossings[static_cast<std::size_t>(at)].ways) {
            const Way& way = way_at(index);
            if (way.street >= 0 || way.hierarchy != last.hierarchy || way.commune != last.commune)
                continue;
            const Point on = way.bend - place(at);
            const double cosine = dot(from, on) / (length(from) * length(on));
            if (cosine <= best_cosine) continue;
            best = index;
            best_cosine = cosine;
        }
        return best;
    }

    void grow(int& end, bool at_front) {
        for (;;) {
            const int next = next_way(end, at_front ? ways_.front() : ways_.back());
            if (next < 0) return;
            Way& way = way_at(next);
            if (length_m_ + network_.length_m(way) > street_length_max_m(way.hierarchy)) return;
            way.street = static_cast<int>(network_.streets.size());
            length_m_ += network_.length_m(way);
            end = network_.other_end(way, end);
            if (at_front) {
                ways_.push_front(next);
            } else {
                ways_.push_back(next);
            }
        }
    }

    Network& network_;
    std::deque<int> ways_;
    int first_{};
    int last_{};
    double length_m_{};
};

// The commune a road leads to: the nearest centre beyond the road's own commune.
std::string towards(const Street& street, const Territory& territory,
                    const std::vector<CommuneFact>& communes) {
    const Point middle = street.line[street.line.size() / 2];
    std::size_t best = communes.size();
    for (std::size_t i = 0; i < communes.size(); ++i) {
        if (static_cast<int>(i) == street.commune) continue;
        if (best == communes.size() ||
            distance(territory.centres[i], middle) < distance(territory.centres[best], middle)) {
            best = i;
        }
    }
    return best < communes.size() ? communes[best].name : std::string{};
}

bool is_built_up(const Street& street, const Territory& territory) {
    const Point middle = street.line[street.line.size() / 2];
    for (std::size_t i = 0; i < territory.centres.size(); ++i) {
        if (distance(territory.centres[i], middle) < built_up_grain * territory.built_up_m[i])
            return true;
    }
    return false;
}

std::string street_code(const CommuneFact& commune, int number) {
    std::string digits = std::to_string(number);
    if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
    return commune.insee_code + "-" + digits;
}

}  // namespace

void name_streets(Network& network, const Territory& territory,
                  const std::vector<CommuneFact>& communes, std::uint64_t seed) {
    Random random(seed, "street names");
    StreetNames names(random);
    std::vector<int> numbers(communes.size(), 0);
    for (std::size_t i = 0; i < network.ways.size(); ++i) {
        if (network.ways[i].street >= 0) continue;
        Street street = Stroke(network, static_cast<int>(i)).street();
        const auto commune = static_cast<std::size_t>(street.commune);
        street.built_up = is_built_up(street, territory);
        street.code = street_code(communes[commune], ++numbers[commune]);
        street.name = names.name(street, towards(street, territory, communes));
        network.streets.push_back(std::move(street));
    }
}

}  // namespace vigie::sim
