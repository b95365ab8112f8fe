// Plausible French street names.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "sim/network.hpp"
#include "sim/random.hpp"

namespace vigie::sim {

// Names one street after another; no name twice in a commune.
class StreetNames {
public:
    explicit StreetNames(Random& random) : random_(random) {}
    // `towards`: where the street leads when it leaves what is built ("Route de ...").
    [[nodiscard]] std::string name(const Street& street, const std::string& towards);

private:
    [[nodiscard]] bool take(int commune, const std::string& name) {
        return taken_.emplace(commune, name).second;
    }
    Random& random_;
    std::set<std::pair<int, std::string>> taken_;
};

// "de Dijon", "d'Ahuy": before a vowel the particle is elided.
[[nodiscard]] std::string of_place(const std::string& name);

}  // namespace vigie::sim
