// The frames of an asset and day as one packed chunk. Pure: bytes in, columns out; docs/chunk.md
// has the format. Lossless bit for bit: what a row of `frame` holds comes back as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/result.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::store {

inline constexpr std::size_t chunk_frames_max = 65'536;
inline constexpr std::size_t chunk_positions_max = 1'024;
inline constexpr std::size_t chunk_cells_max = 1'048'576;  // frames times positions

// Columns of one asset, a row a frame.
struct FrameColumns {
    // The values at one position. An absent one (NULL) has no flag and bits of 0; a NaN that is
    // there has its flag.
    struct Position {
        std::vector<std::uint8_t> present;
        std::vector<std::uint64_t> bits;
        friend bool operator==(const Position&, const Position&) = default;
    };
    std::vector<std::int64_t> observed_us;  // since 1970
    std::vector<std::int64_t> received_us;
    std::vector<std::int32_t> layouts;
    std::vector<std::int32_t> lengths;  // of the row's array: positions from there on are absent
    std::vector<Position> positions;    // one not asked for is empty

    [[nodiscard]] std::size_t size() const { return observed_us.size(); }
    // Values that are there.
    [[nodiscard]] std::size_t present() const;
    // The value at a row and position; NaN is absent.
    [[nodiscard]] double value(std::size_t row, std::size_t position) const;
    // NULL is nothing.
    [[nodiscard]] std::vector<std::optional<double>> row_values(std::size_t row) const;
    void append(std::int64_t observed, std::int64_t received, std::int32_t layout,
                std::span<const std::optional<double>> values);
    void append(const FrameColumns& from, std::size_t row);
    void clear();
    friend bool operator==(const FrameColumns&, const FrameColumns&) = default;
};

// In the order of event times, rows of one instant made one by the rule of the table itself: absent
// gives way, of two values the greater is kept, of two arrivals the earlier. `conflicts`: of two
// different values; added to.
[[nodiscard]] FrameColumns merged(const FrameColumns& frames, std::size_t* conflicts = nullptr);

// How many rows of that many positions one chunk may hold.
[[nodiscard]] std::size_t chunk_rows_max(std::size_t positions);

// At most chunk_rows_max rows, else std::logic_error.
[[nodiscard]] std::string encode_chunk(const FrameColumns& frames);

// Anything may be handed in; what is not a chunk is refused, and memory stays bounded by the limits
// above. With `wanted`, only these positions are unpacked.
[[nodiscard]] base::Result<FrameColumns> decode_chunk(
    std::string_view body, std::optional<std::span<const std::int64_t>> wanted = std::nullopt);

// The bytes with the checksum that makes a chunk of them; for tests of the decoder.
[[nodiscard]] std::string with_checksum(std::string_view bytes);

}  // namespace vigie::store
