#include "store/frame_batch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace vigie::store {

bool same_key(const Frame& a, const Frame& b) {
    return a.asset_id == b.asset_id && a.observed_at == b.observed_at;
}

std::size_t merge_into(Frame& into, const Frame& from) {
    std::size_t conflicts = 0;
    if (into.vals.size() < from.vals.size()) {
        into.vals.resize(from.vals.size(), std::numeric_limits<double>::quiet_NaN());
    }
    for (std::size_t i = 0; i < from.vals.size(); ++i) {
        double& mine = into.vals[i];
        const double theirs = from.vals[i];
        if (std::isnan(theirs) || mine == theirs) continue;
        if (!std::isnan(mine)) ++conflicts;
        if (std::isnan(mine) || theirs > mine) mine = theirs;
    }
    into.received_at = std::min(into.received_at, from.received_at);
    into.backfill = into.backfill && from.backfill;
    into.stamped = into.stamped && from.stamped;
    return conflicts;
}

std::size_t sort_and_merge(std::vector<Frame>& frames) {
    std::ranges::stable_sort(frames, [](const Frame& a, const Frame& b) {
        return std::tie(a.asset_id, a.observed_at) < std::tie(b.asset_id, b.observed_at);
    });
    std::size_t conflicts = 0;
    std::size_t kept = 0;
    for (std::size_t i = 1; i < frames.size(); ++i) {
        if (same_key(frames[kept], frames[i])) {
            conflicts += merge_into(frames[kept], frames[i]);
        } else if (++kept != i) {
            frames[kept] = std::move(frames[i]);
        }
    }
    if (!frames.empty()) frames.resize(kept + 1);
    return conflicts;
}

}  // namespace vigie::store
