// What happens in the live city, told to those who judge it. Everything here is called on the city
// thread and must neither block nor wait.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "vigie/assets/catalogue.hpp"
#include "vigie/base/time.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::live {

// A frame that brought at least one latest value.
struct Change {
    const assets::Asset& asset;
    const store::Frame& frame;
    // The latest value of each position, after this frame; NaN where nothing is known.
    std::span<const double> values;
    // Event times of `values`, microseconds since 1970.
    std::span<const std::int64_t> times;
    bool newest{};     // no newer frame of this asset is known
    bool overtaken{};  // a later frame of this asset came with it
    base::Instant now;

    // Whether this frame gave the latest value of that position.
    [[nodiscard]] bool brought(std::size_t position) const {
        return position < values.size() && position < frame.vals.size() &&
               times[position] == base::epoch_us(frame.observed_at) &&
               values[position] == frame.vals[position];
    }
};

class Watcher {
public:
    virtual ~Watcher() = default;
    // Frames of one asset come in event order within what arrived together.
    virtual void observed(const Change& change) = 0;
    // The power graph says that an asset lost its current, or has it again.
    virtual void fed_changed(assets::AssetId asset, bool fed, base::Instant at) = 0;
    // A new catalogue is in force; the old one lives until this returns.
    virtual void catalogue_changed(const std::shared_ptr<const assets::Catalogue>& catalogue,
                                   base::Instant now) = 0;
    // What is due by `now`.
    virtual void tick(base::Instant now) = 0;
    // When tick has something to do next.
    [[nodiscard]] virtual std::optional<base::Instant> next_due() = 0;
};

}  // namespace vigie::live
