#include "vigie/store/chunk.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <stdexcept>

#include "store/column.hpp"

namespace vigie::store {

namespace {

constexpr std::string_view chunk_signature{"VC\x01", 3};  // the last byte is the version
constexpr std::size_t chunk_checksum_bytes = 8;

base::Error not_a_chunk(const char* why) {
    return base::fail(base::Errc::invalid, std::string("not a chunk: ") + why,
                      std::string("pas un bloc : ") + why);
}

std::vector<std::int64_t> widened(std::span<const std::int32_t> values) {
    return {values.begin(), values.end()};
}

// Empty, with the reader failed, where one does not fit.
std::vector<std::int32_t> narrowed(PackReader& from, const std::vector<std::int64_t>& values,
                                   std::int64_t min, std::int64_t max) {
    std::vector<std::int32_t> narrow;
    narrow.reserve(values.size());
    for (const auto value : values) {
        if (value < min || value > max) {
            from.fail();
            return {};
        }
        narrow.push_back(static_cast<std::int32_t>(value));
    }
    return narrow;
}

void encode_position(std::string& out, const FrameColumns::Position& position) {
    std::vector<std::uint64_t> there;
    there.reserve(position.bits.size());
    for (std::size_t row = 0; row < position.bits.size(); ++row) {
        if (position.present[row] != 0) there.push_back(position.bits[row]);
    }
    std::string packed;
    pack_flags(packed, position.present);
    pack_doubles(packed, there);
    put_varint(out, packed.size());
    out += packed;
}

FrameColumns::Position decode_position(PackReader& from, std::size_t rows) {
    FrameColumns::Position position;
    position.present = unpack_flags(from, rows);
    if (!from.ok()) return {};
    const auto count =
        static_cast<std::size_t>(std::ranges::count(position.present, std::uint8_t{1}));
    const auto there = unpack_doubles(from, count);
    if (!from.ok()) return {};
    position.bits.resize(rows);
    std::size_t next = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        if (position.present[row] != 0) position.bits[row] = there[next++];
    }
    return position;
}

bool wants(const std::optional<std::span<const std::int64_t>>& wanted, std::size_t position) {
    return !wanted ||
           std::ranges::find(*wanted, static_cast<std::int64_t>(position)) != wanted->end();
}

bool beyond_length(const FrameColumns& frames, std::size_t position) {
    const auto& present = frames.positions[position].present;
    for (std::size_t row = 0; row < present.size(); ++row) {
        if (present[row] != 0 && position >= static_cast<std::size_t>(frames.lengths[row]))
            return true;
    }
    return false;
}

// What each frame has, whatever it says.
void decode_rows(PackReader& from, std::size_t rows, std::size_t positions, FrameColumns& frames) {
    constexpr std::int64_t int_min = std::numeric_limits<std::int32_t>::min();
    constexpr std::int64_t int_max = std::numeric_limits<std::int32_t>::max();
    frames.observed_us = unpack_integers(from, rows);
    frames.received_us = unpack_integers(from, rows);
    if (!from.ok()) return;
    for (std::size_t row = 0; row < rows; ++row) {
        frames.received_us[row] =
            static_cast<std::int64_t>(static_cast<std::uint64_t>(frames.received_us[row]) +
                                      static_cast<std::uint64_t>(frames.observed_us[row]));
    }
    frames.layouts = narrowed(from, unpack_integers(from, rows), int_min, int_max);
    frames.lengths =
        narrowed(from, unpack_integers(from, rows), 0, static_cast<std::int64_t>(positions));
}

}  // namespace

std::size_t chunk_rows_max(std::size_t positions) {
    return std::min(chunk_frames_max, chunk_cells_max / std::max<std::size_t>(1, positions));
}

std::string encode_chunk(const FrameColumns& frames) {
    if (frames.positions.size() > chunk_positions_max ||
        frames.size() > chunk_rows_max(frames.positions.size())) {
        throw std::logic_error("more frames than a chunk may hold");
    }
    std::string out(chunk_signature);
    put_varint(out, frames.size());
    put_varint(out, frames.positions.size());
    std::vector<std::int64_t> lags(frames.size());
    for (std::size_t row = 0; row < frames.size(); ++row) {
        lags[row] = static_cast<std::int64_t>(static_cast<std::uint64_t>(frames.received_us[row]) -
                                              static_cast<std::uint64_t>(frames.observed_us[row]));
    }
    pack_integers(out, frames.observed_us);
    pack_integers(out, lags);
    pack_integers(out, widened(frames.layouts));
    pack_integers(out, widened(frames.lengths));
    for (const auto& position : frames.positions)
        encode_position(out, position);
    return with_checksum(out);
}

std::string with_checksum(std::string_view bytes) {
    return std::string(bytes) + checksum(bytes);
}

base::Result<FrameColumns> decode_chunk(std::string_view body,
                                        std::optional<std::span<const std::int64_t>> wanted) {
    if (body.size() < chunk_signature.size() + chunk_checksum_bytes)
        return not_a_chunk("too short");
    const auto bytes = body.substr(0, body.size() - chunk_checksum_bytes);
    if (!bytes.starts_with(chunk_signature)) return not_a_chunk("signature");
    if (checksum(bytes) != body.substr(bytes.size())) return not_a_chunk("checksum");
    PackReader from(bytes.substr(chunk_signature.size()));
    const std::size_t rows = from.varint();
    const std::size_t positions = from.varint();
    if (positions > chunk_positions_max || rows > chunk_rows_max(positions)) {
        return not_a_chunk("too large");
    }
    FrameColumns frames;
    decode_rows(from, rows, positions, frames);
    frames.positions.resize(positions);
    for (std::size_t i = 0; i < positions && from.ok(); ++i) {
        PackReader column(from.take(from.varint()));
        if (!wants(wanted, i)) continue;
        frames.positions[i] = decode_position(column, rows);
        if (!column.ok() || !column.at_end() || beyond_length(frames, i)) from.fail();
    }
    if (!from.ok() || !from.at_end()) return not_a_chunk("columns");
    return frames;
}

}  // namespace vigie::store
