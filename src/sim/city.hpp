// The generated city: what `vigie-sim generate` writes, and what its devices are made from.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/network.hpp"
#include "vigie/base/result.hpp"

namespace vigie::sim {

struct GeneratedAsset {
    std::string kind;
    std::string code;
    base::LonLat place;
    std::string street;                // its name
    std::string power_parent;          // code of the asset that feeds it
    std::string communication_parent;  // code of its gateway
    // Of the kind, as name and JSON value ("\"plough\"", "420").
    std::vector<std::pair<std::string, std::string>> attributes;
};

// One device or gateway that signs in, and the assets it may speak for.
struct Credential {
    std::string name;
    std::vector<std::string> assets;
};

struct City {
    std::vector<CommuneFact> facts;
    Territory territory;
    Network network;
    std::vector<GeneratedAsset> assets;  // parents before what they feed
    std::vector<Credential> credentials;
};

inline constexpr double scale_min = 0.01;
inline constexpr double scale_max = 4.0;

// Same facts, seed and scale: the same city, to the last byte. The streets do not depend on the
// scale, only how much stands along them.
[[nodiscard]] base::Result<City> generate(const std::vector<CommuneFact>& facts, std::uint64_t seed,
                                          double scale);

// How `total` is shared out by weight, in whole parts (largest remainder).
[[nodiscard]] std::vector<int> apportioned(int total, const std::vector<double>& weights);

}  // namespace vigie::sim
