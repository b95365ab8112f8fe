// A payload from anybody, at both doors: no crash; and what is taken are frames as the writers
// expect them, the same ones every time.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "tests/ingest/decode_things.hpp"
#include "vigie/base/limits.hpp"
#include "vigie/base/text.hpp"

namespace vigie::ingest {

inline void demand(bool holds) {
    if (!holds) std::abort();
}

inline bool same_values(const store::Frame& a, const store::Frame& b) {
    return a.observed_at == b.observed_at && a.vals.size() == b.vals.size() &&
           std::memcmp(a.vals.data(), b.vals.data(), a.vals.size() * sizeof(double)) == 0;
}

inline void check_frame(const store::Frame& frame, const assets::Kind& kind,
                        const Arrival& arrival) {
    demand(frame.asset_id == 1 && frame.layout == kind.layout);
    demand(frame.vals.size() == static_cast<std::size_t>(kind.width));
    demand(frame.observed_at <= arrival.received_at + base::limits::observation_ahead_max +
                                    std::chrono::milliseconds{1});
    bool something = false;
    for (const double value : frame.vals) {
        demand(std::isnan(value) || std::isfinite(value));
        something = something || !std::isnan(value);
    }
    demand(something);
    demand(std::isnan(frame.vals[3]) == std::isnan(frame.vals[4]));
    demand(std::isnan(frame.vals[0]) || (frame.vals[0] >= 0 && frame.vals[0] <= 100));
}

inline void check_decoded(const std::expected<Decoded, Refusal>& decoded, const assets::Kind& kind,
                          const Arrival& arrival) {
    if (!decoded) {
        const Refusal& refusal = decoded.error();
        // Both go into a text of PostgreSQL.
        for (const auto* text : {&refusal.pointer, &refusal.detail.en, &refusal.detail.fr})
            demand(base::is_utf8(*text) && text->find('\0') == std::string::npos);
        demand(refusal.pointer.empty() || refusal.pointer.front() == '/');
        demand(!refusal.detail.en.empty() && !refusal.detail.fr.empty());
        return;
    }
    demand(decoded->messages > 0);
    demand(decoded->messages <= base::limits::observations_per_message_max);
    for (const auto& frame : decoded->frames)
        check_frame(frame, kind, arrival);
}

inline void check_payload(std::string_view payload, Format format) {
    static const auto kinds = one_kind();
    static const auto things = three_things(kinds);
    static const TestSender sender;
    for (const bool may_backfill : {false, true}) {
        const Arrival arrival{base::from_epoch_ms(1'795'348'800'000), may_backfill};
        const auto& asset = *things->find("T-1");
        for (const Format each : {format, Format::by_shape}) {
            const auto once = decode_for_asset(*things, asset, payload, each, arrival);
            check_decoded(once, kinds->front(), arrival);
            check_decoded(decode_messages(*things, sender, payload, each, arrival), kinds->front(),
                          arrival);
            const auto again = decode_for_asset(*things, asset, payload, each, arrival);
            demand(once.has_value() == again.has_value());
            if (!once) continue;
            demand(once->frames.size() == again->frames.size());
            for (std::size_t i = 0; i < once->frames.size(); ++i)
                demand(same_values(once->frames[i], again->frames[i]));
        }
    }
}

}  // namespace vigie::ingest
