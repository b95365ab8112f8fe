#include "vigie/alarms/engine.hpp"

#include <algorithm>
#include <cmath>

#include "vigie/live/json.hpp"

namespace vigie::alarms {

using assets::Condition;
using assets::Graph;

Engine::Engine(live::CityState& city, Sink sink, base::Instant now)
    : city_(city), sink_(std::move(sink)), catalogue_(city.catalogue()), listening_since_(now) {
    compile(*catalogue_);
    city_.watch(*this);
}

void Engine::compile(const assets::Catalogue& catalogue) {
    compiled_.clear();
    for (auto& entry : assets_) {
        entry.asset = nullptr;
        entry.rules = nullptr;
    }
    assets_.resize(std::max(assets_.size(), catalogue.id_bound()));
    for (const auto& asset : catalogue.assets()) {
        if (asset.kind == nullptr) continue;
        auto [found, fresh] = compiled_.try_emplace(asset.kind);
        if (fresh) {
            for (const auto& rule : asset.kind->rules) {
                const auto* property = asset.kind->property(rule.property);
                found->second.push_back({&rule, property ? property->position : -1});
            }
        }
        auto& entry = assets_[static_cast<std::size_t>(asset.id)];
        const bool in_service = asset.life_stage == assets::LifeStage::in_service;
        if (entry.first_slot < 0 || entry.slot_count != found->second.size()) {
            entry.first_slot = static_cast<std::int32_t>(slots_.size());
            Slot slot;
            slot.asset = asset.id;
            slots_.resize(slots_.size() + found->second.size(), slot);
        }
        entry = {&asset, &found->second, entry.first_slot, found->second.size(), in_service};
    }
    deadlines_.resize(slots_.size());
}

const Engine::CompiledRule& Engine::rule_of(const Slot& slot) const {
    const auto& entry = assets_[static_cast<std::size_t>(slot.asset)];
    const auto index = &slot - slots_.data() - entry.first_slot;
    return (*entry.rules)[static_cast<std::size_t>(index)];
}

const Engine::AssetRules* Engine::rules_of(assets::AssetId asset) const {
    const auto index = static_cast<std::size_t>(asset);
    if (asset <= assets::no_asset || index >= assets_.size()) return nullptr;
    const auto& entry = assets_[index];
    return entry.asset == nullptr ? nullptr : &entry;
}

// --- observations and the clock ------------------------------------------------------------------

void Engine::observed(const live::Change& change) {
    if (change.frame.backfill) return;
    const auto* entry = rules_of(change.asset.id);
    if (entry == nullptr || !entry->in_service) return;
    const auto age =
        age_of(*entry->asset->kind, change.frame.observed_at, change.frame.received_at);
    auto slot = entry->first_slot;
    for (const auto& [rule, position] : *entry->rules) {
        if (rule->condition == Condition::silent) {
            if (change.newest && age != Age::too_late) judge_silence(slot, change);
        } else if (position >= 0 && change.brought(static_cast<std::size_t>(position))) {
            judge_value(slot, change.values[static_cast<std::size_t>(position)], age, change);
        }
        ++slot;
    }
}

void Engine::judge_value(std::int32_t index, double value, Age age, const live::Change& change) {
    auto& slot = slots_[static_cast<std::size_t>(index)];
    const auto observed_at = change.frame.observed_at;
    if (base::epoch_us(observed_at) <= slot.judged_through) return;
    const auto& rule = *rule_of(slot).rule;
    const bool stood = slot.memory.phase == Phase::standing || slot.memory.phase == Phase::falling;
    if (age == Age::too_late && !stood && meets(rule, value, slot.memory.phase != Phase::normal)) {
        return;
    }
    if (slot.memory.phase == Phase::normal) slot.late = age == Age::late;
    const bool may_raise = !(age == Age::late && change.overtaken);
    act(index, observe(rule, slot.memory, value, observed_at, may_raise), change.now);
    if (const auto at = alarms::due(rule, slot.memory)) deadlines_.arm(index, *at);
    if (slot.alarm >= 0 && slot.memory.phase == Phase::standing) {
        release_if_ready(slot.alarm, observed_at, change.now);
    }
}

void Engine::judge_silence(std::int32_t index, const live::Change& change) {
    auto& slot = slots_[static_cast<std::size_t>(index)];
    if (slot.memory.phase == Phase::standing) {
        slot.memory = {Phase::normal, change.frame.observed_at};
        come_back(index, change.frame.observed_at, change.now);
    }
    if (const auto at = silence_due(slot)) deadlines_.arm(index, *at);
}

std::optional<base::Instant> Engine::silence_due(const Slot& slot) const {
    const auto heard = city_.heard(slot.asset);
    if (!heard || !city_.fed(slot.asset)) return std::nullopt;
    auto from = std::max(*heard, listening_since_);
    if (const auto fed_since = city_.fed_since(slot.asset)) from = std::max(from, *fed_since);
    const auto& entry = assets_[static_cast<std::size_t>(slot.asset)];
    return silent_at(*rule_of(slot).rule, *entry.asset->kind, from);
}

void Engine::fed_changed(assets::AssetId asset, bool fed, base::Instant /*at*/) {
    const auto* entry = rules_of(asset);
    if (entry == nullptr || !fed) return;
    auto index = entry->first_slot;
    for (const auto& compiled : *entry->rules) {
        if (compiled.rule->condition == Condition::silent) {
            const auto at = silence_due(slots_[static_cast<std::size_t>(index)]);
            if (at) deadlines_.arm(index, *at);
        }
        ++index;
    }
}

void Engine::tick(base::Instant now) {
    while (const auto slot = deadlines_.pop_due(now))
        due(*slot, now);
    if (!out_.empty()) sink_(std::exchange(out_, {}));
}

std::optional<base::Instant> Engine::next_due() {
    // What waits to be handed over is due at once.
    return out_.empty() ? deadlines_.next() : out_.front().learnt_at;
}

void Engine::due(std::int32_t index, base::Instant now) {
    auto& slot = slots_[static_cast<std::size_t>(index)];
    const auto* entry = rules_of(slot.asset);
    if (entry == nullptr || !entry->in_service) return;
    const auto& rule = *rule_of(slot).rule;
    if (rule.condition == Condition::silent) {
        due_silence(index, now);
    } else {
        act(index, elapse(rule, slot.memory, now), now);
        if (const auto at = alarms::due(rule, slot.memory)) deadlines_.arm(index, *at);
    }
    if (slot.alarm < 0 || !open_[static_cast<std::size_t>(slot.alarm)].held) return;
    const auto until = open_[static_cast<std::size_t>(slot.alarm)].held_until;
    if (now >= until) {
        release(slot.alarm, until, now);
    } else {
        deadlines_.arm(index, until);
    }
}

void Engine::due_silence(std::int32_t index, base::Instant now) {
    auto& slot = slots_[static_cast<std::size_t>(index)];
    const auto at = silence_due(slot);
    if (!at || slot.memory.phase == Phase::standing) return;
    if (*at > now) {
        deadlines_.arm(index, *at);
        return;
    }
    slot.memory = {Phase::standing, *at};
    slot.late = false;
    raise(index, *at, now);
}

void Engine::act(std::int32_t slot, const Decision& decision, base::Instant now) {
    if (decision.outcome == Outcome::raised) raise(slot, decision.at, now);
    if (decision.outcome == Outcome::came_back) come_back(slot, decision.at, now);
}

// --- alarms --------------------------------------------------------------------------------------

std::int32_t Engine::open(std::string id, std::int32_t slot) {
    std::int32_t alarm = 0;
    if (free_.empty()) {
        alarm = static_cast<std::int32_t>(open_.size());
        open_.emplace_back();
    } else {
        alarm = free_.back();
        free_.pop_back();
    }
    auto& made = open_[static_cast<std::size_t>(alarm)];
    made = {};
    made.slot = slot;
    by_id_[id] = alarm;
    made.id = std::move(id);
    slots_[static_cast<std::size_t>(slot)].alarm = alarm;
    return alarm;
}

void Engine::close(std::int32_t alarm) {
    auto& open = open_[static_cast<std::size_t>(alarm)];
    slots_[static_cast<std::size_t>(open.slot)].alarm = -1;
    by_id_.erase(open.id);
    open = {};
    free_.push_back(alarm);
}

Occurrence& Engine::emit(std::int32_t alarm, Event event, base::Instant at, base::Instant now) {
    auto& open = open_[static_cast<std::size_t>(alarm)];
    const auto& slot = slots_[static_cast<std::size_t>(open.slot)];
    const auto& asset = *assets_[static_cast<std::size_t>(slot.asset)].asset;
    const auto& rule = *rule_of(slot).rule;
    ++open.unconfirmed;
    Occurrence occurrence;
    occurrence.alarm = open.id;
    occurrence.event = event;
    occurrence.at = at;
    occurrence.learnt_at = now;
    occurrence.asset = asset.id;
    occurrence.kind = asset.kind->code;
    occurrence.commune = asset.commune;
    occurrence.rule = rule.code;
    occurrence.desk = asset.kind->desk;
    occurrence.raises = rule.raises;
    occurrence.priority = rule.priority;
    return out_.emplace_back(std::move(occurrence));
}

void Engine::raise(std::int32_t index, base::Instant at, base::Instant now) {
    auto& slot = slots_[static_cast<std::size_t>(index)];
    const auto& rule = *rule_of(slot).rule;
    const auto alarm =
        slot.alarm >= 0 ? slot.alarm
                        : open(alarm_id(assets_[static_cast<std::size_t>(slot.asset)].asset->code,
                                        rule.code, at),
                               index);
    const auto cause = rule.suppressible ? find_cause(slot.asset) : -1;
    auto& opened = open_[static_cast<std::size_t>(alarm)];
    opened.state = decide(opened.state, Event::raise, {cause >= 0, true}).to;
    opened.cause = cause;
    auto& occurrence = emit(alarm, Event::raise, at, now);
    occurrence.learnt_late = slot.late;
    occurrence.value = value_text(slot);
    if (cause >= 0) occurrence.suppressed_by = open_[static_cast<std::size_t>(cause)].id;
    if (rule.suppresses != assets::Suppresses::nothing) cause_came(alarm, at, now);
    show(slot.asset);
}

void Engine::come_back(std::int32_t index, base::Instant at, base::Instant now, bool ends,
                       std::string cause) {
    const auto alarm = slots_[static_cast<std::size_t>(index)].alarm;
    if (alarm < 0) return;
    const auto& rule = *rule_of(slots_[static_cast<std::size_t>(index)]).rule;
    const bool needs = !ends && rule.raises == assets::Raises::alarm;
    auto& opened = open_[static_cast<std::size_t>(alarm)];
    const auto taken = decide(opened.state, Event::come_back, {false, needs});
    if (!taken.allowed) return;
    opened.state = taken.to;
    opened.held = false;
    opened.cause = -1;
    auto& occurrence = emit(alarm, Event::come_back, at, now);
    occurrence.ends = ends;
    occurrence.cause = std::move(cause);
    if (rule.suppresses != assets::Suppresses::nothing) cause_ended(alarm, at, now);
    if (letter(taken.to) == Letter::a) close(alarm);
    show(slots_[static_cast<std::size_t>(index)].asset);
}

void Engine::show(assets::AssetId asset) {
    const auto* entry = rules_of(asset);
    if (entry == nullptr) return;
    std::optional<live::DisplayState> worst;
    auto index = static_cast<std::size_t>(entry->first_slot);
    for (const auto& compiled : *entry->rules) {
        const auto alarm = slots_[index++].alarm;
        if (alarm < 0) continue;
        const auto& state = open_[static_cast<std::size_t>(alarm)].state;
        if (state.suppression != Suppression::none || letter(state) == Letter::a) continue;
        const auto shown =
            compiled.rule->raises == assets::Raises::maintenance
                ? live::DisplayState::maintenance
                : static_cast<live::DisplayState>(std::clamp(compiled.rule->priority, 1, 4) - 1);
        if (!worst || shown < *worst) worst = shown;
    }
    city_.show_alarm(asset, worst);
}

std::string Engine::value_text(const Slot& slot) const {
    const auto& [rule, position] = rule_of(slot);
    const auto values = city_.values(slot.asset);
    if (position < 0 || static_cast<std::size_t>(position) >= values.size()) return {};
    const double value = values[static_cast<std::size_t>(position)];
    if (std::isnan(value)) return {};
    const auto* property =
        assets_[static_cast<std::size_t>(slot.asset)].asset->kind->property(rule->property);
    if (property->type == assets::PropertyType::boolean) return value != 0.0 ? "true" : "false";
    if (property->type == assets::PropertyType::code && value >= 0 &&
        static_cast<std::size_t>(value) < property->codes.size()) {
        return property->codes[static_cast<std::size_t>(value)];
    }
    std::string text;
    live::json::append_number(text, value);
    return property->unit.empty() ? text : text + ' ' + property->unit;
}

}  // namespace vigie::alarms
