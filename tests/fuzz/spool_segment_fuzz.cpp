// Any bytes as a segment: no crash; records and damage do not overlap and account for all bytes
// before the end; a segment made of the records found gives the same records, without damage; and
// what decodes as observations is written again byte for byte.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "store/frame_record.hpp"
#include "store/spool_segment.hpp"

namespace store = vigie::store;

namespace {

void demand(bool condition) {
    if (!condition) std::abort();
}

void check_layout(const store::SegmentContents& contents, std::size_t size) {
    std::size_t sum = contents.readable_header ? store::segment_header_bytes : 0;
    for (const auto& record : contents.records)
        sum += store::record_header_bytes + record.payload.size();
    for (const auto& damage : contents.damage)
        sum += damage.bytes;
    demand(sum == contents.end && contents.end <= size);
}

void check_again(const store::SegmentContents& contents) {
    std::string bytes = store::encode_segment_header(1);
    for (const auto& record : contents.records)
        bytes += store::encode_record(record.sequence, record.payload);
    const auto again = store::read_segment(bytes);
    demand(again.readable_header && again.damage.empty() && again.end == bytes.size());
    demand(again.records.size() == contents.records.size());
    for (std::size_t i = 0; i < again.records.size(); ++i) {
        demand(again.records[i].sequence == contents.records[i].sequence);
        demand(again.records[i].payload == contents.records[i].payload);
    }
}

void check_frames(std::string_view payload) {
    const auto record = store::decode_frame_record(payload);
    if (!record) return;
    const auto bytes = store::encode_frame_record(record->frames, record->quarantined);
    // Any byte but 0 means that a frame is history.
    const auto again = store::decode_frame_record(bytes);
    demand(again && bytes.size() == payload.size());
    demand(store::encode_frame_record(again->frames, again->quarantined) == bytes);
}

}  // namespace

// The checksum keeps chance from ever writing a record: the first byte says whether the input is a
// segment as it is, or payloads (each after its length) to make one of and then to damage.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4) return 0;
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    if (data[0] % 2 == 0) {
        const auto contents = store::read_segment(input.substr(1));
        check_layout(contents, size - 1);
        check_frames(input.substr(1));
        return 0;
    }
    std::string bytes = store::encode_segment_header(1);
    std::uint64_t sequence = 1;
    for (std::size_t at = 3; at < size;) {
        const std::size_t length = std::min<std::size_t>(data[at], size - at - 1);
        bytes += store::encode_record(sequence++, input.substr(at + 1, length));
        at += 1 + length;
    }
    const auto damaged = ((std::size_t{data[1]} << 8U) | data[2]) % bytes.size();
    if (data[0] & 2U) bytes[damaged] = static_cast<char>(bytes[damaged] ^ 0x55);
    if (data[0] & 4U) bytes.resize(damaged);
    const auto contents = store::read_segment(bytes);
    check_layout(contents, bytes.size());
    check_again(contents);
    for (const auto& record : contents.records)
        check_frames(record.payload);
    return 0;
}
