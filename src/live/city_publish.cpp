// What the live city says to the stream, and how it writes itself down.
#include <algorithm>
#include <cmath>

#include "live/value_json.hpp"
#include "vigie/live/city_state.hpp"
#include "vigie/live/json.hpp"

namespace vigie::live {

// By whom values are looked at, when that changed.
void CityState::see_who_looks() {
    const auto changes = stream_.subscriber_changes();
    if (std::exchange(lookers_seen_, changes) == changes) return;
    for (const auto id : looked_at_)
        slots_[static_cast<std::size_t>(id)].looked_at = false;
    looked_at_.clear();
    areas_.clear();
    for (auto& filter : stream_.filters("values")) {
        if (filter.asset.empty()) {
            areas_.push_back(std::move(filter));
            continue;
        }
        const auto* asset = catalogue_->find(filter.asset);
        auto* slot = asset == nullptr ? nullptr : find(asset->id);
        if (slot != nullptr && !std::exchange(slot->looked_at, true))
            looked_at_.push_back(asset->id);
    }
}

void CityState::publish(base::Instant now) {
    publish_looked_at(now);
    if (map_changed_.empty() && value_changed_.empty()) return;
    // A clock that was set back must not silence anybody.
    if (now >= published_ && now < published_ + publish_every) return;
    published_ = now;
    publish_map();
    publish_values();
}

void CityState::publish_map() {
    if (map_changed_.empty()) return;
    std::vector<StreamRow> rows;
    rows.reserve(map_changed_.size());
    for (const auto id : map_changed_) {
        auto* slot = find(id);
        if (slot == nullptr) continue;
        slot->map_changed = false;
        std::string text = "[";
        json::append_integer(text, id);
        text += ',';
        json::append_integer(text, static_cast<int>(slot->display));
        if (slot->asset->kind != nullptr && slot->asset->kind->mobile) {
            const auto where = place(id);
            text += ',';
            json::append_number(text, where.lon);
            text += ',';
            json::append_number(text, where.lat);
        }
        text += ']';
        StreamRow row;
        row.key = std::to_string(id);
        row.json = std::make_shared<const std::string>(std::move(text));
        if (slot->asset->kind != nullptr) row.kind = slot->asset->kind->code;
        row.commune = slot->asset->commune;
        rows.push_back(std::move(row));
    }
    map_changed_.clear();
    if (!rows.empty()) stream_.publish("map", std::move(rows));
}

// Without its JSON, which is dear.
StreamRow CityState::value_row(const Slot& slot) const {
    StreamRow row;
    row.key = slot.asset->code;
    row.asset = slot.asset->code;
    if (slot.asset->kind != nullptr) row.kind = slot.asset->kind->code;
    row.commune = slot.asset->commune;
    return row;
}

void CityState::publish_values() {
    std::vector<StreamRow> rows;
    for (const auto id : value_changed_) {
        auto* slot = find(id);
        if (slot == nullptr) continue;
        slot->value_changed = false;
        auto row = value_row(*slot);
        const bool watched = std::ranges::any_of(
            areas_, [&row](const StreamFilter& filter) { return filter.matches(row); });
        if (!watched) continue;
        row.json = std::make_shared<const std::string>(live_json(id));
        rows.push_back(std::move(row));
    }
    value_changed_.clear();
    if (!rows.empty()) stream_.publish("values", std::move(rows), Audience::by_area);
}

// Each asset by its own clock: the first change after a quiet while goes out at once.
void CityState::publish_looked_at(base::Instant now) {
    if (look_changed_.empty()) return;
    std::vector<StreamRow> rows;
    look_due_.reset();
    std::erase_if(look_changed_, [&](assets::AssetId id) {
        auto* slot = find(id);
        if (slot == nullptr) return true;
        const auto due = slot->look_told + publish_every;
        if (slot->looked_at && now >= slot->look_told && now < due) {
            look_due_ = look_due_ ? std::min(*look_due_, due) : due;
            return false;
        }
        slot->look_changed = false;
        if (!slot->looked_at) return true;
        slot->look_told = now;
        auto row = value_row(*slot);
        row.json = std::make_shared<const std::string>(live_json(id));
        rows.push_back(std::move(row));
        return true;
    });
    if (!rows.empty()) stream_.publish("values", std::move(rows), Audience::by_asset);
}

std::string CityState::live_json(assets::AssetId asset, const WantedValues& wanted) const {
    const auto* slot = find(asset);
    if (slot == nullptr) return "null";
    std::string out = R"({"code":)";
    json::append_text(out, slot->asset->code);
    out += R"(,"freshness":")";
    out += to_string(slot->freshness);
    out += R"(","display":")";
    out += to_string(slot->display);
    out += '"';
    if (slot->newest != LastValue::never) {
        out += R"(,"observed_at":)";
        json::append_instant(out, base::from_epoch_us(slot->newest));
    }
    if (const auto skew = slot->skew.estimate()) {
        out += R"(,"clock_skew_s":)";
        json::append_number(out, static_cast<double>(skew->count()) / 1000);
    }
    out += R"(,"values":[)";
    bool first = true;
    for (const auto& property : slot->asset->kind->properties) {
        const auto position = static_cast<std::size_t>(property.position);
        if (property.position < 0 || position >= slot->width) continue;
        const auto at = times_[slot->offset + position];
        if (!wanted.takes(at, came_of_[slot->offset + position])) continue;
        if (!std::exchange(first, false)) out += ',';
        out += R"({"property":)";
        json::append_text(out, property.code);
        out += R"(,"value":)";
        append_value(out, property, {values_.data() + slot->offset, slot->width});
        out += R"(,"observed_at":)";
        json::append_instant(out, base::from_epoch_us(at));
        out += '}';
    }
    out += "]}";
    return out;
}

}  // namespace vigie::live
