#include "assets/place_code.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

#include "assets/import_rows.hpp"

namespace vigie::assets {

namespace {

// SplitMix64's mixing steps: every bit of the input reaches every bit of the output, and it is the
// same on every machine and in every release.
std::uint64_t mixed(std::uint64_t x) {
    x ^= x >> 30U;
    x *= 0xBF58476D1CE4E5B9ULL;
    x ^= x >> 27U;
    x *= 0x94D049BB133111EBULL;
    x ^= x >> 31U;
    return x;
}

std::uint64_t micro_degrees(double degrees) {
    return static_cast<std::uint64_t>(std::llround(degrees * 1e6));
}

std::string contents_of(const ImportRow& row) {
    return row.attributes.dump() + row.street.value_or("") + row.power_parent.value_or("") +
           row.communication_parent.value_or("");
}

}  // namespace

std::string place_code(base::LonLat place) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    std::uint64_t bits =
        mixed(mixed(micro_degrees(place.lon) + 0x9E3779B97F4A7C15ULL) ^ micro_degrees(place.lat));
    std::string code;
    for (int i = 0; i < 8; ++i) {
        code += letters[bits & 31U];
        bits >>= 5U;
    }
    return code;
}

void give_place_codes(const std::string& prefix, std::vector<ImportRow>& rows) {
    // By code, not by place: two places may share one.
    std::map<std::string, std::vector<ImportRow*>> by_code;
    for (ImportRow& row : rows)
        by_code[prefix + place_code(row.place)].push_back(&row);
    for (auto& [code, here] : by_code) {
        if (here.size() > 1) {
            std::ranges::sort(here, [](const ImportRow* a, const ImportRow* b) {
                const auto key = [](const ImportRow* row) {
                    return std::tuple(row->place.lon, row->place.lat, contents_of(*row));
                };
                return key(a) < key(b);
            });
        }
        for (std::size_t i = 0; i < here.size(); ++i)
            here[i]->code = i == 0 ? code : code + "-" + std::to_string(i + 1);
    }
}

}  // namespace vigie::assets
