// The streets of the city, and which one is nearest to a place.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "vigie/base/geometry.hpp"

namespace vigie::streets {

// A stretch of a street: streets come in several, each with its own code.
struct Street {
    std::string code;
    std::string name;
    std::string hierarchy;  // as its owner classes it; may be empty
    std::string commune;    // INSEE code where its middle lies
    double length_m{};
    base::LonLat place;  // its middle
    std::vector<base::LonLat> line;
    friend bool operator==(const Street&, const Street&) = default;
};

inline constexpr double street_near_asset_m = 60.0;

// An immutable value.
class Streets {
public:
    Streets() = default;
    explicit Streets(std::vector<Street> streets);

    [[nodiscard]] const std::vector<Street>& all() const { return streets_; }
    // The stretch nearest to the place, none beyond `within_m` (at most 500).
    [[nodiscard]] const Street* nearest(base::LonLat place, double within_m) const;

private:
    std::vector<Street> streets_;
    std::unordered_map<std::int64_t, std::vector<std::int32_t>> cells_;
};

// The point half-way along a line, and its length.
[[nodiscard]] base::LonLat middle_of(const std::vector<base::LonLat>& line);
[[nodiscard]] double length_m_of(const std::vector<base::LonLat>& line);

}  // namespace vigie::streets
