#include "vigie/store/rollup.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "store/column.hpp"

namespace vigie::store {

namespace {

constexpr std::uint8_t rollup_version = 1;
constexpr std::size_t rollup_bytes_max = 16UL * 1024 * 1024;
// Beyond, what speaks that irregularly has its stretches read from frames.
constexpr std::size_t stretches_max = 2'000;

std::int64_t quarter_number(std::int64_t observed_us) {
    using Quarter = std::chrono::duration<std::int64_t, std::ratio<900>>;
    return std::chrono::floor<Quarter>(base::from_epoch_us(observed_us)).time_since_epoch().count();
}

bool has_value(const FrameColumns& frames, std::size_t row, std::span<const std::int64_t> wanted) {
    return std::ranges::any_of(wanted, [&](auto position) {
        return !std::isnan(frames.value(row, static_cast<std::size_t>(position)));
    });
}

// A column a figure, of the quarters that have any; the counts say which.
void pack_quarters(std::string& out, const std::array<Figures, quarters_a_day>& quarters) {
    std::vector<std::int64_t> counts;
    std::array<std::vector<std::uint64_t>, 4> columns;
    for (const auto& quarter : quarters) {
        counts.push_back(quarter.count);
        if (quarter.count == 0) continue;
        const std::array values{quarter.min, quarter.max, quarter.sum, quarter.last};
        for (std::size_t i = 0; i < values.size(); ++i)
            columns[i].push_back(std::bit_cast<std::uint64_t>(values[i]));
    }
    pack_integers(out, counts, PlanePacking::plain);
    for (const auto& column : columns)
        pack_doubles(out, column, PlanePacking::plain);
}

void unpack_quarters(PackReader& from, std::array<Figures, quarters_a_day>& quarters) {
    const auto counts = unpack_integers(from, quarters_a_day);
    if (!from.ok()) return;
    std::size_t there = 0;
    for (const auto count : counts)
        there += count != 0 ? 1 : 0;
    std::array<std::vector<std::uint64_t>, 4> columns;
    for (auto& column : columns)
        column = unpack_doubles(from, there);
    if (!from.ok()) return;
    std::size_t next = 0;
    for (std::size_t i = 0; i < quarters_a_day; ++i) {
        if (counts[i] == 0) continue;
        const auto value = [&](std::size_t c) { return std::bit_cast<double>(columns[c][next]); };
        quarters[i] = {counts[i], value(0), value(1), value(2), value(3)};
        ++next;
    }
}

void pack_stretches(std::string& out, const std::vector<Stretch>& stretches) {
    std::vector<std::int64_t> edges;
    for (const auto& stretch : stretches) {
        edges.push_back(base::epoch_us(stretch.from));
        edges.push_back(base::epoch_us(stretch.to));
    }
    put_varint(out, stretches.size());
    pack_integers(out, edges, PlanePacking::plain);
}

std::vector<Stretch> unpack_stretches(PackReader& from) {
    const auto count = from.varint();
    if (count > stretches_max) from.fail();
    if (!from.ok()) return {};
    const auto edges = unpack_integers(from, 2 * count);
    std::vector<Stretch> stretches;
    for (std::size_t i = 0; i + 1 < edges.size(); i += 2)
        stretches.push_back({base::from_epoch_us(edges[i]), base::from_epoch_us(edges[i + 1])});
    return stretches;
}

base::Error not_a_rollup() {
    return base::fail(base::Errc::invalid, "not a roll-up", "pas un agrégat");
}

}  // namespace

void Figures::add(double value) {
    add(Figures{1, value, value, value, value});
}

void Figures::add(const Figures& later) {
    if (later.count == 0) return;
    if (count == 0) {
        *this = later;
        return;
    }
    count += later.count;
    min = std::min(min, later.min);
    max = std::max(max, later.max);
    sum += later.sum;
    last = later.last;
}

std::vector<Stretch> joined(std::vector<Stretch> stretches, base::Duration hole_min) {
    std::ranges::sort(stretches, {}, &Stretch::from);
    std::vector<Stretch> out;
    for (const auto& stretch : stretches) {
        if (!out.empty() && stretch.from - out.back().to <= hole_min) {
            out.back().to = std::max(out.back().to, stretch.to);
        } else {
            out.push_back(stretch);
        }
    }
    return out;
}

Quarters quarters_of(const FrameColumns& frames, std::size_t position) {
    Quarters quarters;
    auto at = quarters.end();
    for (std::size_t row = 0; row < frames.size(); ++row) {
        const double value = frames.value(row, position);
        if (std::isnan(value)) continue;
        const auto number = quarter_number(frames.observed_us[row]);
        if (at == quarters.end() || at->first != number) at = quarters.try_emplace(number).first;
        at->second.add(value);
    }
    return quarters;
}

std::vector<Stretch> stretches_of(const FrameColumns& frames,
                                  std::span<const std::int64_t> positions,
                                  base::Duration hole_min) {
    std::vector<Stretch> stretches;
    for (std::size_t row = 0; row < frames.size(); ++row) {
        if (!positions.empty() && !has_value(frames, row, positions)) continue;
        const auto at = base::from_epoch_us(frames.observed_us[row]);
        if (!stretches.empty() && at - stretches.back().to <= hole_min) {
            stretches.back().to = at;
        } else {
            stretches.push_back({at, at});
        }
    }
    return stretches;
}

Figures DayRollup::whole_day(std::size_t position) const {
    Figures day_figures;
    for (const auto& quarter : positions[position].quarters)
        day_figures.add(quarter);
    return day_figures;
}

DayRollup roll_up(const FrameColumns& frames, Day day, base::Duration hole_min) {
    DayRollup rollup;
    rollup.day = day;
    rollup.hole_min = hole_min;
    const auto first = quarter_number(base::epoch_us(base::Instant(day)));
    if (hole_min.count() > 0) rollup.heard = stretches_of(frames, {}, hole_min);
    for (std::size_t i = 0; i < frames.positions.size(); ++i) {
        auto& position = rollup.positions.emplace_back();
        for (const auto& [number, figures] : quarters_of(frames, i)) {
            if (number < first || number >= first + static_cast<std::int64_t>(quarters_a_day))
                continue;
            position.quarters[static_cast<std::size_t>(number - first)] = figures;
        }
        const std::array wanted{static_cast<std::int64_t>(i)};
        if (hole_min.count() > 0) position.heard = stretches_of(frames, wanted, hole_min);
    }
    const auto too_many = [](const auto& heard) { return heard.size() > stretches_max; };
    if (too_many(rollup.heard) ||
        std::ranges::any_of(rollup.positions, too_many, &DayRollup::Position::heard)) {
        rollup.hole_min = {};
        rollup.heard.clear();
        for (auto& position : rollup.positions)
            position.heard.clear();
    }
    return rollup;
}

std::string encode_rollup(const DayRollup& rollup) {
    std::string plain;
    put_varint(plain, static_cast<std::uint64_t>(rollup.hole_min.count()));
    pack_stretches(plain, rollup.heard);
    put_varint(plain, rollup.positions.size());
    for (const auto& position : rollup.positions) {
        pack_quarters(plain, position.quarters);
        // Most often every message has every value.
        const bool is_same = position.heard == rollup.heard;
        plain += static_cast<char>(is_same ? 1 : 0);
        if (!is_same) pack_stretches(plain, position.heard);
    }
    std::string out(1, static_cast<char>(rollup_version));
    pack_text(out, plain);
    return out + checksum(out);
}

base::Result<DayRollup> decode_rollup(Day day, std::string_view body) {
    const auto mark = checksum("").size();
    if (body.size() < mark + 1 || body.front() != static_cast<char>(rollup_version))
        return not_a_rollup();
    const auto bytes = body.substr(0, body.size() - mark);
    if (checksum(bytes) != body.substr(bytes.size())) return not_a_rollup();
    PackReader outer(bytes.substr(1));
    const auto plain = unpack_text(outer, rollup_bytes_max);
    PackReader from(plain);
    DayRollup rollup;
    rollup.day = day;
    rollup.hole_min = base::Duration{static_cast<std::int64_t>(from.varint())};
    rollup.heard = unpack_stretches(from);
    const auto positions = from.varint();
    if (!outer.ok() || positions > chunk_positions_max) return not_a_rollup();
    for (std::size_t i = 0; i < positions && from.ok(); ++i) {
        auto& position = rollup.positions.emplace_back();
        unpack_quarters(from, position.quarters);
        position.heard = from.byte() != 0 ? rollup.heard : unpack_stretches(from);
    }
    if (!from.ok() || !from.at_end()) return not_a_rollup();
    return rollup;
}

}  // namespace vigie::store
