// Which frames of an asset somebody wants to see again.
#pragma once

#include "vigie/assets/catalogue.hpp"
#include "vigie/base/time.hpp"

namespace vigie::live {

// Event times from `from` to `to`, both included.
struct FrameSpan {
    assets::AssetId asset{};
    base::Instant from{};
    base::Instant to{};
};

}  // namespace vigie::live
