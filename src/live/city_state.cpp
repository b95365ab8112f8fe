#include "vigie/live/city_state.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "live/kind_layout.hpp"
#include "vigie/live/graph.hpp"

namespace vigie::live {

namespace {

constexpr double unknown_value = std::numeric_limits<double>::quiet_NaN();

std::optional<base::Instant> instant_or_nothing(std::int64_t us) {
    if (us == LastValue::never) return std::nullopt;
    return base::from_epoch_us(us);
}

}  // namespace

const CityState::Slot* CityState::find(assets::AssetId asset) const {
    const auto index = static_cast<std::size_t>(asset);
    if (asset <= assets::no_asset || index >= slots_.size()) return nullptr;
    return slots_[index].asset == nullptr ? nullptr : &slots_[index];
}

CityState::Slot* CityState::find(assets::AssetId asset) {
    return const_cast<Slot*>(std::as_const(*this).find(asset));
}

// --- facts ---------------------------------------------------------------------------------------

void CityState::place_values(Slot& slot, const assets::Asset* asset) {
    slot.asset = asset;
    const auto width = asset->kind == nullptr ? 0U : static_cast<std::uint32_t>(asset->kind->width);
    if (width <= slot.width) return;
    const auto offset = values_.size();
    values_.resize(offset + width, unknown_value);
    times_.resize(offset + width, LastValue::never);
    came_of_.resize(offset + width, 0);
    for (std::size_t i = 0; i < slot.width; ++i) {
        values_[offset + i] = values_[slot.offset + i];
        times_[offset + i] = times_[slot.offset + i];
        came_of_[offset + i] = came_of_[slot.offset + i];
    }
    slot.offset = offset;
    slot.width = width;
}

void CityState::adopt(std::shared_ptr<const assets::Catalogue> catalogue, base::Instant now) {
    const auto former = std::exchange(catalogue_, std::move(catalogue));
    lookers_seen_ = UINT64_MAX;  // codes may mean other assets now
    const auto bound = std::max(slots_.size(), catalogue_->id_bound());
    slots_.resize(bound);
    deadlines_.resize(bound);
    for (auto& slot : slots_)
        slot.asset = nullptr;
    for (const auto& asset : catalogue_->assets()) {
        place_values(slots_[static_cast<std::size_t>(asset.id)], &asset);
    }
    for (auto& slot : slots_) {
        if (slot.asset != nullptr) continue;
        slot.skew = {};
        if (slot.skewed) count_skewed(slot);
    }
    for (auto* watcher : watchers_)
        watcher->catalogue_changed(catalogue_, now);
    for (const auto& asset : catalogue_->assets()) {
        auto& slot = slots_[static_cast<std::size_t>(asset.id)];
        slot.fed = has_current(slot);
        judge(asset.id, slot, now);
        show(asset.id, slot);
        if (!std::exchange(slot.announced, true)) mark_map(asset.id, slot);
    }
}

void CityState::restore(const LastValue& last, base::Instant now) {
    auto* slot = find(last.asset);
    if (slot == nullptr) return;
    const auto width = std::min<std::size_t>({slot->width, last.times.size(), last.values.size()});
    for (std::size_t i = 0; i < width; ++i) {
        if (last.times[i] <= times_[slot->offset + i]) continue;
        times_[slot->offset + i] = last.times[i];
        values_[slot->offset + i] = last.values[i];
    }
    slot->newest = std::max(slot->newest, base::epoch_us(last.newest));
    if (last.heard) slot->heard = std::max(slot->heard, base::epoch_us(*last.heard));
    judge(last.asset, *slot, now);
    if (slot->asset->kind != nullptr && !slot->asset->kind->feeder_property.empty()) {
        judge_feed(last.asset, last.newest, now);
    }
}

bool CityState::merge(Slot& slot, const store::Frame& frame) {
    const auto at = base::epoch_us(frame.observed_at);
    const auto width = std::min<std::size_t>(slot.width, frame.vals.size());
    auto* values = values_.data() + slot.offset;
    auto* times = times_.data() + slot.offset;
    bool brought = false;
    for (std::size_t i = 0; i < width; ++i) {
        const double value = frame.vals[i];
        if (std::isnan(value) || times[i] > at) continue;
        if (times[i] == at && !(value > values[i])) continue;
        values[i] = value;
        times[i] = at;
        came_of_[slot.offset + i] = slot.came = came_;
        brought = true;
    }
    return brought;
}

void CityState::apply(std::span<const store::Frame> frames, base::Instant now) {
    // Before, or a change between a snapshot and the next round would be told to nobody.
    see_who_looks();
    order_.resize(frames.size());
    for (std::uint32_t i = 0; i < order_.size(); ++i)
        order_[i] = i;
    const auto is_before = [&frames](std::uint32_t left, std::uint32_t right) {
        const auto& a = frames[left];
        const auto& b = frames[right];
        if (a.asset_id != b.asset_id) return a.asset_id < b.asset_id;
        return a.observed_at != b.observed_at ? a.observed_at < b.observed_at : left < right;
    };
    // As the writers hand them over.
    if (!std::ranges::is_sorted(order_, is_before)) std::ranges::sort(order_, is_before);
    std::exception_ptr failure;
    for (std::size_t i = 0; i < order_.size(); ++i) {
        const auto& frame = frames[order_[i]];
        const bool overtaken = i + 1 < order_.size() &&
                               frames[order_[i + 1]].asset_id == frame.asset_id &&
                               frames[order_[i + 1]].observed_at > frame.observed_at;
        try {
            apply_one(frame, overtaken, now);
        } catch (...) {
            if (!failure) failure = std::current_exception();
        }
    }
    if (failure) std::rethrow_exception(failure);
}

// What lay in the spool or the database no longer says that it was stamped, but shows it.
void CityState::hear_clock(Slot& slot, const store::Frame& frame) {
    if (frame.stamped || frame.backfill || frame.observed_at == frame.received_at) return;
    slot.skew.hear(frame.observed_at, frame.received_at);
    if (slot.skew.is_beyond() != slot.skewed) count_skewed(slot);
}

void CityState::count_skewed(Slot& slot) {
    slot.skewed = !slot.skewed;
    skewed_ += slot.skewed ? 1 : -1;
}

void CityState::apply_one(const store::Frame& frame, bool overtaken, base::Instant now) {
    ++frames_applied_;
    came_ = std::max(came_ + 1, base::epoch_us(now));
    auto* slot = find(frame.asset_id);
    if (slot == nullptr || slot->asset->kind == nullptr) return;
    const auto& kind = *slot->asset->kind;
    const auto at = base::epoch_us(frame.observed_at);
    const bool judged = !frame.backfill && frame.received_at - frame.observed_at <= kind.late_limit;
    if (judged) slot->heard = std::max(slot->heard, at);
    hear_clock(*slot, frame);
    if (!merge(*slot, frame)) return;
    const bool newest = at >= slot->newest;
    slot->newest = std::max(slot->newest, at);
    if (!std::exchange(slot->unflushed, true)) unflushed_.push_back(frame.asset_id);
    mark_value(frame.asset_id, *slot);
    const std::span values(values_.data() + slot->offset, slot->width);
    const std::span times(times_.data() + slot->offset, slot->width);
    const Change change{*slot->asset, frame, values, times, newest, overtaken, now};
    // The deadline armed for a fresh asset fires early and is armed anew then: nothing to do here.
    if (slot->freshness != Freshness::fresh) judge(frame.asset_id, *slot, now);
    if (const auto feeder = feeder_position(kind); feeder && change.brought(*feeder)) {
        judge_feed(frame.asset_id, frame.observed_at, now);
    }
    if (const auto position = place_position(kind); position && change.brought(*position)) {
        mark_map(frame.asset_id, *slot);
    }
    for (auto* watcher : watchers_)
        watcher->observed(change);
}

void CityState::tick(base::Instant now) {
    see_who_looks();
    while (const auto id = deadlines_.pop_due(now)) {
        if (auto* slot = find(*id)) judge(*id, *slot, now);
    }
    for (auto* watcher : watchers_)
        watcher->tick(now);
    publish(now);
}

std::optional<base::Instant> CityState::next_due() {
    auto next = deadlines_.next();
    const auto sooner = [&next](std::optional<base::Instant> other) {
        if (other && (!next || *other < *next)) next = other;
    };
    for (auto* watcher : watchers_)
        sooner(watcher->next_due());
    if (!map_changed_.empty() || !value_changed_.empty()) sooner(published_ + publish_every);
    sooner(look_due_);
    return next;
}

// --- freshness, current, display
// -------------------------------------------------------------------

void CityState::judge(assets::AssetId id, Slot& slot, base::Instant now) {
    if (slot.asset->kind == nullptr) return;
    const auto& kind = *slot.asset->kind;
    const auto judged = judge_freshness(
        kind, {instant_or_nothing(slot.newest), slot.fed, instant_or_nothing(slot.fed_since)}, now);
    if (judged.until) deadlines_.arm(id, *judged.until);
    const auto former = std::exchange(slot.freshness, judged.freshness);
    if (former == judged.freshness) return;
    show(id, slot);
    mark_value(id, slot);
    // A cabinet that fell silent proves nothing about its feeder any more; one that is back does.
    const bool learnt = former == Freshness::unknown || judged.freshness == Freshness::unknown;
    if (learnt && !kind.feeder_property.empty()) judge_feed(id, now, now);
}

bool CityState::has_current(const Slot& slot) const {
    if (slot.asset->kind == nullptr || !slot.asset->kind->switched_feeder) return true;
    auto parent = slot.asset->power_parent;
    for (int depth = 0; depth < graph_depth_max; ++depth) {
        const auto* source = find(parent);
        if (source == nullptr) return true;
        if (source->cuts > 0) return false;
        const auto feeder =
            source->asset->kind ? feeder_position(*source->asset->kind) : std::nullopt;
        if (feeder) {
            if (source->freshness == Freshness::unknown || *feeder >= source->width) return true;
            // Never said (NaN) is not off.
            return values_[source->offset + *feeder] != 0.0;
        }
        parent = source->asset->power_parent;
    }
    return true;
}

void CityState::judge_feed(assets::AssetId source, base::Instant at, base::Instant now) {
    visit_below(*catalogue_, assets::Graph::power, source, [&](assets::AssetId id) {
        auto* slot = find(id);
        if (slot == nullptr) return;
        const bool fed = has_current(*slot);
        if (fed == slot->fed) return;
        slot->fed = fed;
        if (fed) slot->fed_since = base::epoch_us(at);
        judge(id, *slot, now);
        for (auto* watcher : watchers_)
            watcher->fed_changed(id, fed, at);
    });
}

void CityState::cut(assets::AssetId asset, bool is_cut, base::Instant at, base::Instant now) {
    auto* slot = find(asset);
    if (slot == nullptr) return;
    slot->cuts = static_cast<std::int16_t>(std::max(0, slot->cuts + (is_cut ? 1 : -1)));
    judge_feed(asset, at, now);
}

void CityState::show_alarm(assets::AssetId asset, std::optional<DisplayState> worst) {
    auto* slot = find(asset);
    if (slot == nullptr) return;
    slot->alarm = worst.value_or(DisplayState::normal);
    show(asset, *slot);
}

void CityState::show(assets::AssetId id, Slot& slot) {
    const auto shown = [&slot] {
        if (slot.asset->life_stage != assets::LifeStage::in_service) {
            return DisplayState::not_in_service;
        }
        if (slot.alarm != DisplayState::normal) return slot.alarm;
        if (slot.asset->kind == nullptr || slot.asset->kind->properties.empty()) {
            return DisplayState::silent_kind;
        }
        switch (slot.freshness) {
            case Freshness::fresh:
                return DisplayState::normal;
            case Freshness::stale:
                return DisplayState::stale;
            case Freshness::unknown:
                return DisplayState::unknown;
            case Freshness::unpowered:
                return DisplayState::unpowered;
        }
        return DisplayState::unknown;
    }();
    if (std::exchange(slot.display, shown) != shown) mark_map(id, slot);
}

void CityState::mark_map(assets::AssetId id, Slot& slot) {
    if (!std::exchange(slot.map_changed, true)) map_changed_.push_back(id);
}

void CityState::mark_value(assets::AssetId id, Slot& slot) {
    if (!areas_.empty() && !std::exchange(slot.value_changed, true)) value_changed_.push_back(id);
    if (slot.looked_at && !std::exchange(slot.look_changed, true)) look_changed_.push_back(id);
}

// --- questions -----------------------------------------------------------------------------------

Freshness CityState::freshness(assets::AssetId asset) const {
    const auto* slot = find(asset);
    return slot == nullptr ? Freshness::unknown : slot->freshness;
}

DisplayState CityState::display(assets::AssetId asset) const {
    const auto* slot = find(asset);
    return slot == nullptr ? DisplayState::unknown : slot->display;
}

bool CityState::fed(assets::AssetId asset) const {
    const auto* slot = find(asset);
    return slot == nullptr || slot->fed;
}

std::optional<base::Instant> CityState::fed_since(assets::AssetId asset) const {
    const auto* slot = find(asset);
    return slot == nullptr ? std::nullopt : instant_or_nothing(slot->fed_since);
}

std::optional<base::Instant> CityState::newest(assets::AssetId asset) const {
    const auto* slot = find(asset);
    return slot == nullptr ? std::nullopt : instant_or_nothing(slot->newest);
}

std::optional<base::Instant> CityState::heard(assets::AssetId asset) const {
    const auto* slot = find(asset);
    return slot == nullptr ? std::nullopt : instant_or_nothing(slot->heard);
}

std::optional<std::chrono::milliseconds> CityState::clock_skew(assets::AssetId asset) const {
    const auto* slot = find(asset);
    return slot == nullptr ? std::nullopt : slot->skew.estimate();
}

bool CityState::has(assets::AssetId asset, const WantedValues& wanted) const {
    const auto* slot = find(asset);
    if (slot == nullptr || !wanted.takes(slot->newest, std::min(slot->came, wanted.came_until)))
        return false;
    for (std::size_t i = slot->offset; i < slot->offset + slot->width; ++i) {
        if (wanted.takes(times_[i], came_of_[i])) return true;
    }
    return false;
}

std::span<const double> CityState::values(assets::AssetId asset) const {
    const auto* slot = find(asset);
    if (slot == nullptr) return {};
    return {values_.data() + slot->offset, slot->width};
}

std::span<const std::int64_t> CityState::times(assets::AssetId asset) const {
    const auto* slot = find(asset);
    if (slot == nullptr) return {};
    return {times_.data() + slot->offset, slot->width};
}

base::LonLat CityState::place(assets::AssetId asset) const {
    const auto* slot = find(asset);
    if (slot == nullptr) return {};
    const auto position = slot->asset->kind ? place_position(*slot->asset->kind) : std::nullopt;
    if (position && *position + 1 < slot->width) {
        const double lon = values_[slot->offset + *position];
        const double lat = values_[slot->offset + *position + 1];
        if (!std::isnan(lon) && !std::isnan(lat)) return {lon, lat};
    }
    return slot->asset->place;
}

std::vector<LastValue> CityState::take_changed() {
    std::vector<LastValue> rows;
    rows.reserve(unflushed_.size());
    for (const auto id : unflushed_) {
        auto* slot = find(id);
        if (slot == nullptr) continue;
        slot->unflushed = false;
        const auto values_of = values(id);
        const auto times_of = times(id);
        rows.push_back({.asset = id,
                        .layout = slot->asset->kind->layout,
                        .newest = base::from_epoch_us(slot->newest),
                        .heard = instant_or_nothing(slot->heard),
                        .times = {times_of.begin(), times_of.end()},
                        .values = {values_of.begin(), values_of.end()}});
    }
    unflushed_.clear();
    return rows;
}

void CityState::give_back(std::span<const LastValue> rows) {
    for (const auto& row : rows) {
        auto* slot = find(row.asset);
        if (slot != nullptr && !std::exchange(slot->unflushed, true)) {
            unflushed_.push_back(row.asset);
        }
    }
}

}  // namespace vigie::live
