#include "sim/random.hpp"

#include <cmath>

#include "vigie/base/fnv.hpp"

namespace vigie::sim {

namespace {
constexpr std::uint64_t golden_gamma = 0x9E3779B97F4A7C15U;

double unit_from(std::uint64_t bits) {
    return static_cast<double>(bits >> 11U) * 0x1.0p-53;
}
}  // namespace

std::uint64_t mixed(std::uint64_t value) {
    value += golden_gamma;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
}

std::uint64_t hashed(std::string_view text) {
    return mixed(base::fnv_1a(text));
}

double unit_of(std::uint64_t seed, std::uint64_t device, std::uint64_t tick) {
    return unit_from(mixed(mixed(mixed(seed) ^ device) ^ tick));
}

double wandering(std::uint64_t seed, std::uint64_t device, double position) {
    const double whole = std::floor(position);
    const double part = position - whole;
    // Through a signed integer: an instant before 1970 must not be undefined.
    const auto tick = static_cast<std::uint64_t>(static_cast<std::int64_t>(whole));
    const double from = unit_of(seed, device, tick);
    const double to = unit_of(seed, device, tick + 1);
    const double ease = part * part * (3.0 - 2.0 * part);
    return 2.0 * (from + (to - from) * ease) - 1.0;
}

Random::Random(std::uint64_t seed, std::string_view label) : state_(mixed(seed) ^ hashed(label)) {}

std::uint64_t Random::next() {
    const std::uint64_t value = mixed(state_);
    state_ += golden_gamma;
    return value;
}

double Random::unit() {
    return unit_from(next());
}

double Random::between(double low, double high) {
    return low + (high - low) * unit();
}

std::size_t Random::below(std::size_t count) {
    // The bias of a multiplication is below count / 2^53: no city notices.
    return static_cast<std::size_t>(unit() * static_cast<double>(count));
}

double Random::exponential(double mean) {
    return -mean * std::log1p(-unit());
}

}  // namespace vigie::sim
