// Pure: a batch of observations and quarantine rows as the payload of one spool record.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/store/frames.hpp"

namespace vigie::store {

struct FrameRecord {
    std::vector<Frame> frames;
    std::vector<Quarantined> quarantined;
};

[[nodiscard]] std::string encode_frame_record(std::span<const Frame> frames,
                                              std::span<const Quarantined> quarantined);
// What they take in a record.
[[nodiscard]] std::size_t record_bytes(const Frame& frame);
[[nodiscard]] std::size_t record_bytes(const Quarantined& row);
// Nothing: these bytes were not written by encode_frame_record.
[[nodiscard]] std::optional<FrameRecord> decode_frame_record(std::string_view bytes);

}  // namespace vigie::store
