// Chance that is the same on every machine.
//
// The distributions of the standard library differ between implementations; these do not. A stream
// is made of a seed and a label, so that drawing more for one subject changes nothing for another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace vigie::sim {

// One step of SplitMix64 (Steele, Lea, Flood 2014): a good hash of 64 bits.
[[nodiscard]] std::uint64_t mixed(std::uint64_t value);

// FNV-1a, then mixed: the same text is the same number everywhere.
[[nodiscard]] std::uint64_t hashed(std::string_view text);

// A number in [0, 1) that depends on the three arguments only: chance without a state, for what
// must be a pure function of device and instant.
[[nodiscard]] double unit_of(std::uint64_t seed, std::uint64_t device, std::uint64_t tick);

// A wave in [-1, 1] that wanders: unit_of at whole numbers, smooth in between.
[[nodiscard]] double wandering(std::uint64_t seed, std::uint64_t device, double position);

class Random {
public:
    Random(std::uint64_t seed, std::string_view label);

    [[nodiscard]] std::uint64_t next();
    // [0, 1), 53 bits.
    [[nodiscard]] double unit();
    [[nodiscard]] double between(double low, double high);
    // 0 to count - 1. `count` must not be 0.
    [[nodiscard]] std::size_t below(std::size_t count);
    [[nodiscard]] bool chance(double probability) { return unit() < probability; }
    // Waiting time of a Poisson process.
    [[nodiscard]] double exponential(double mean);

    template <typename T>
    [[nodiscard]] const T& pick(const std::vector<T>& choices) {
        return choices[below(choices.size())];
    }

private:
    std::uint64_t state_;
};

}  // namespace vigie::sim
