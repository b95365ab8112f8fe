// The street network: crossings, the ways between them, and the named streets made of both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/territory.hpp"

namespace vigie::sim {

enum class Hierarchy { primary, secondary, tertiary, residential };
[[nodiscard]] const char* word(Hierarchy hierarchy);

struct Crossing {
    Point place;
    int commune{-1};
    std::vector<int> ways;  // indices of the ways that end here
};

struct Way {
    int from{};
    int to{};
    Point bend;  // half-way, a little aside: streets are not drawn with a ruler
    int commune{-1};
    Hierarchy hierarchy{Hierarchy::residential};
    int street{-1};
};

struct Street {
    std::string code;
    std::string name;
    Hierarchy hierarchy{Hierarchy::residential};
    int commune{-1};
    double length_m{};
    bool dead_end{};
    bool built_up{};
    std::vector<Point> line;
};

struct Network {
    std::vector<Crossing> crossings;
    std::vector<Way> ways;
    std::vector<Street> streets;

    [[nodiscard]] double length_m(const Way& way) const;
    [[nodiscard]] int other_end(const Way& way, int crossing) const {
        return way.from == crossing ? way.to : way.from;
    }
    // The crossing nearest to a place. The network must not be empty.
    [[nodiscard]] int nearest(Point place) const;
};

// Crossings and ways, connected: from every crossing one can drive to every other. Denser where
// people live.
[[nodiscard]] Network grow_network(const Territory& territory, std::uint64_t seed);

// Gathers ways into streets, as straight on as they go, and names them; each way gets its street.
void name_streets(Network& network, const Territory& territory,
                  const std::vector<CommuneFact>& communes, std::uint64_t seed);

}  // namespace vigie::sim
