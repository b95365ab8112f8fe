#include "store/spool_segment.hpp"

#include <sodium/crypto_generichash.h>

#include <array>
#include <bit>
#include <cstring>
#include <optional>

namespace vigie::store {

namespace {

constexpr std::string_view segment_magic{"VIGSPOOL", 8};
constexpr std::uint32_t segment_version = 1;
constexpr std::uint32_t record_mark = 0xE15B0C6BU;
constexpr std::size_t checksum_bytes = 16;

static_assert(std::endian::native == std::endian::little);

template <typename T>
void put(std::string& out, T value) {
    const std::size_t at = out.size();
    out.resize(at + sizeof value);
    std::memcpy(out.data() + at, &value, sizeof value);
}

template <typename T>
T get(std::string_view bytes, std::size_t at) {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

std::array<char, checksum_bytes> checksum(std::string_view head, std::string_view payload) {
    std::array<unsigned char, checksum_bytes> digest{};
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, digest.size());
    for (const auto part : {head, payload}) {
        crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()),
                                  part.size());
    }
    crypto_generichash_final(&state, digest.data(), digest.size());
    return std::bit_cast<std::array<char, checksum_bytes>>(digest);
}

bool holds(std::string_view header) {
    constexpr std::size_t covered = segment_header_bytes - 8;
    return header.size() >= segment_header_bytes && header.starts_with(segment_magic) &&
           get<std::uint32_t>(header, 8) == segment_version &&
           std::memcmp(checksum(header.substr(0, covered), {}).data(), header.data() + covered,
                       segment_header_bytes - covered) == 0;
}

// The record that begins there, if one does.
std::optional<SegmentRecord> record_at(std::string_view bytes, std::size_t offset) {
    if (bytes.size() - offset < record_header_bytes) return std::nullopt;
    const auto rest = bytes.substr(offset);
    if (get<std::uint32_t>(rest, 0) != record_mark) return std::nullopt;
    const std::size_t length = get<std::uint32_t>(rest, 4);
    if (length > record_payload_bytes_max || length > rest.size() - record_header_bytes) {
        return std::nullopt;
    }
    const auto payload = rest.substr(record_header_bytes, length);
    const auto sum = checksum(rest.substr(0, 16), payload);
    if (std::memcmp(sum.data(), rest.data() + 16, sum.size()) != 0) return std::nullopt;
    return SegmentRecord{get<std::uint64_t>(rest, 8), offset, payload};
}

}  // namespace

std::string encode_segment_header(std::uint64_t first_sequence) {
    std::string out(segment_magic);
    put(out, segment_version);
    put(out, std::uint32_t{0});
    put(out, first_sequence);
    const auto sum = checksum(out, {});
    out.append(sum.data(), segment_header_bytes - out.size());
    return out;
}

std::string encode_record(std::uint64_t sequence, std::string_view payload) {
    std::string out;
    out.reserve(record_header_bytes + payload.size());
    put(out, record_mark);
    put(out, static_cast<std::uint32_t>(payload.size()));
    put(out, sequence);
    const auto sum = checksum(out, payload);
    out.append(sum.data(), sum.size());
    out.append(payload);
    return out;
}

SegmentContents read_segment(std::string_view bytes) {
    SegmentContents contents;
    contents.readable_header = holds(bytes);
    std::size_t sound = contents.readable_header ? segment_header_bytes : 0;
    contents.end = sound;
    std::uint64_t last = 0;
    std::string mark;
    put(mark, record_mark);
    for (std::size_t at = sound; at < bytes.size();) {
        const auto record = record_at(bytes, at);
        if (!record || (!contents.records.empty() && record->sequence <= last)) {
            at = bytes.find(mark, at + 1);
            if (at == std::string_view::npos) break;
            continue;
        }
        if (at != sound) contents.damage.push_back({sound, at - sound});
        last = record->sequence;
        contents.records.push_back(*record);
        sound = at = contents.end = at + record_header_bytes + record->payload.size();
    }
    return contents;
}

}  // namespace vigie::store
