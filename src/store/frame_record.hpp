// Pure: a batch of observations and quarantine rows as the payload of one spool record.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/store/frames.hpp"

namespace vigie::store {

struct FrameRecord {
    std::vector<Frame> frames;
    std::vector<Quarantined> quarantined;
};

[[nodiscard]] std::string encode_frame_record(const std::vector<Frame>& frames,
                                              const std::vector<Quarantined>& quarantined);
// Nothing: these bytes were not written by encode_frame_record.
[[nodiscard]] std::optional<FrameRecord> decode_frame_record(std::string_view bytes);

}  // namespace vigie::store
