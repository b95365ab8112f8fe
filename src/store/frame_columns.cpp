#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "vigie/store/chunk.hpp"

namespace vigie::store {

namespace {

using FrameValues = std::vector<std::optional<double>>;

// As the upsert merges: absent gives way, of two the greater is kept; like the database we hold NaN
// greater than any number. Answers how many values differed.
std::size_t merge_values(FrameValues& into, const FrameValues& from) {
    if (into.size() < from.size()) into.resize(from.size());
    std::size_t conflicts = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
        if (!from[i]) continue;
        if (into[i]) {
            const bool is_greater =
                !std::isnan(*into[i]) && (std::isnan(*from[i]) || *from[i] > *into[i]);
            const bool is_less =
                !std::isnan(*from[i]) && (std::isnan(*into[i]) || *from[i] < *into[i]);
            conflicts += is_greater || is_less ? 1 : 0;
            if (!is_greater) continue;
        }
        into[i] = from[i];
    }
    return conflicts;
}

}  // namespace

std::size_t FrameColumns::present() const {
    std::size_t count = 0;
    for (const auto& position : positions)
        count += static_cast<std::size_t>(std::ranges::count(position.present, std::uint8_t{1}));
    return count;
}

double FrameColumns::value(std::size_t row, std::size_t position) const {
    if (position >= positions.size() || row >= positions[position].present.size() ||
        positions[position].present[row] == 0) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    return std::bit_cast<double>(positions[position].bits[row]);
}

void FrameColumns::append(std::int64_t observed, std::int64_t received, std::int32_t layout,
                          std::span<const std::optional<double>> values) {
    if (values.size() > positions.size()) {
        Position absent{std::vector<std::uint8_t>(size()), std::vector<std::uint64_t>(size())};
        positions.resize(values.size(), absent);
    }
    observed_us.push_back(observed);
    received_us.push_back(received);
    layouts.push_back(layout);
    lengths.push_back(static_cast<std::int32_t>(values.size()));
    for (std::size_t i = 0; i < positions.size(); ++i) {
        const bool is_there = i < values.size() && values[i].has_value();
        positions[i].present.push_back(is_there ? 1 : 0);
        positions[i].bits.push_back(is_there ? std::bit_cast<std::uint64_t>(*values[i]) : 0);
    }
}

std::vector<std::optional<double>> FrameColumns::row_values(std::size_t row) const {
    std::vector<std::optional<double>> values(static_cast<std::size_t>(lengths[row]));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto& position = positions[i];
        if (row < position.present.size() && position.present[row] != 0)
            values[i] = std::bit_cast<double>(position.bits[row]);
    }
    return values;
}

void FrameColumns::append(const FrameColumns& from, std::size_t row) {
    append(from.observed_us[row], from.received_us[row], from.layouts[row], from.row_values(row));
}

void FrameColumns::clear() {
    *this = {};
}

FrameColumns merged(const FrameColumns& frames, std::size_t* conflicts) {
    if (std::ranges::is_sorted(frames.observed_us, std::less_equal{})) return frames;
    std::vector<std::size_t> order(frames.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, {}, [&](auto row) { return frames.observed_us[row]; });
    FrameColumns out;
    for (std::size_t i = 0; i < order.size();) {
        const auto observed = frames.observed_us[order[i]];
        auto received = frames.received_us[order[i]];
        auto layout = frames.layouts[order[i]];
        auto values = frames.row_values(order[i]);
        while (++i < order.size() && frames.observed_us[order[i]] == observed) {
            received = std::min(received, frames.received_us[order[i]]);
            layout = std::max(layout, frames.layouts[order[i]]);
            const auto differed = merge_values(values, frames.row_values(order[i]));
            if (conflicts != nullptr) *conflicts += differed;
        }
        out.append(observed, received, layout, values);
    }
    return out;
}

}  // namespace vigie::store
