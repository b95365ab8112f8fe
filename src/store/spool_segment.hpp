// Pure: the bytes of a spool segment.
//
// A header (magic, version, first sequence, checksum) and records, each with a mark, its length,
// its sequence number and a BLAKE2b checksum over all of that and the payload; numbers are little
// endian. A reader that meets damage looks for the next record whose checksum holds and goes on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vigie::store {

inline constexpr std::size_t segment_header_bytes = 32;
inline constexpr std::size_t record_header_bytes = 32;
inline constexpr std::size_t record_payload_bytes_max = std::size_t{64} * 1024 * 1024;

[[nodiscard]] std::string encode_segment_header(std::uint64_t first_sequence);
// The payload must not be longer than record_payload_bytes_max.
[[nodiscard]] std::string encode_record(std::uint64_t sequence, std::string_view payload);

struct SegmentRecord {
    std::uint64_t sequence{};
    std::size_t offset{};
    std::string_view payload;  // into the bytes that were read
};

// Bytes that are no record, though records follow.
struct SegmentDamage {
    std::size_t offset{};
    std::size_t bytes{};
};

struct SegmentContents {
    bool readable_header{};
    std::vector<SegmentRecord> records;  // sequence numbers grow
    std::vector<SegmentDamage> damage;
    std::size_t end{};  // of the last record; what lies beyond is torn or damaged
};

[[nodiscard]] SegmentContents read_segment(std::string_view bytes);

}  // namespace vigie::store
