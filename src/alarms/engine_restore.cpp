// A restart, an operator's act, a new catalogue: what comes to the engine from elsewhere.
#include <algorithm>
#include <cmath>

#include "vigie/alarms/engine.hpp"

namespace vigie::alarms {

std::int32_t Engine::adopt(const Standing& standing) {
    const auto* entry = rules_of(standing.asset);
    if (entry == nullptr) return -1;
    auto index = entry->first_slot;
    for (const auto& compiled : *entry->rules) {
        auto& slot = slots_[static_cast<std::size_t>(index)];
        if (compiled.rule->code == standing.rule) {
            if (slot.alarm >= 0) return -1;
            const auto alarm = open(standing.alarm, index);
            open_[static_cast<std::size_t>(alarm)].state = standing.state;
            if (standing.state.active) slot.memory = {Phase::standing, standing.raised_at};
            return alarm;
        }
        ++index;
    }
    return -1;
}

void Engine::restore(std::span<const Standing> standing, std::span<const JudgedThrough> judged,
                     base::Instant now) {
    std::unordered_map<std::int32_t, std::string> hidden;
    for (const auto& row : standing) {
        const auto alarm = adopt(row);
        if (alarm < 0) {
            // Its rule or its asset is no more: it must not stand for ever.
            Occurrence end;
            end.alarm = row.alarm;
            end.event = row.state.active ? Event::come_back : Event::acknowledge;
            end.at = end.learnt_at = now;
            end.ends = true;
            end.cause = "rule_gone";
            out_.push_back(std::move(end));
            continue;
        }
        if (row.state.suppression == Suppression::by_design) {
            hidden.emplace(alarm, row.suppressed_by);
        }
        const auto& rule =
            *rule_of(slots_[static_cast<std::size_t>(open_[static_cast<std::size_t>(alarm)].slot)])
                 .rule;
        if (row.state.active && rule.suppresses != assets::Suppresses::nothing) {
            register_cause(alarm, row.raised_at, now);
        }
        show(row.asset);
    }
    link_causes(hidden, now);
    for (const auto& row : judged) {
        const auto* entry = rules_of(row.asset);
        if (entry == nullptr) continue;
        auto index = static_cast<std::size_t>(entry->first_slot);
        for (const auto& compiled : *entry->rules) {
            auto& slot = slots_[index++];
            if (compiled.rule->code != row.rule) continue;
            slot.judged_through = std::max(slot.judged_through, base::epoch_us(row.at));
        }
    }
    end_out_of_service(now);
}

std::optional<live::FrameSpan> Engine::running_delay(const Slot& slot) const {
    const auto* entry = rules_of(slot.asset);
    if (entry == nullptr || !entry->in_service) return std::nullopt;
    const auto& [rule, position] = rule_of(slot);
    const auto times = city_.times(slot.asset);
    if (position < 0 || static_cast<std::size_t>(position) >= times.size()) return std::nullopt;
    const auto time = times[static_cast<std::size_t>(position)];
    if (time == live::LastValue::never || time <= slot.judged_through) return std::nullopt;
    const bool stands = slot.memory.phase == Phase::standing;
    const auto delay = stands ? rule->delay_off : rule->delay_on;
    const double value = city_.values(slot.asset)[static_cast<std::size_t>(position)];
    if (delay <= base::Duration{} || meets(*rule, value, true) == stands) return std::nullopt;
    const auto at = base::from_epoch_us(time);
    return live::FrameSpan{slot.asset, at - delay, at};
}

std::vector<live::FrameSpan> Engine::running_delays() const {
    std::vector<live::FrameSpan> spans;
    for (const auto& slot : slots_) {  // those of an asset follow one another
        const auto span = running_delay(slot);
        if (!span) continue;
        if (spans.empty() || spans.back().asset != span->asset) {
            spans.push_back(*span);
        } else {
            spans.back().from = std::min(spans.back().from, span->from);
            spans.back().to = std::max(spans.back().to, span->to);
        }
    }
    return spans;
}

void Engine::recall(std::span<const store::Frame> frames) {
    while (!frames.empty()) {
        const auto asset = frames.front().asset_id;
        const auto next = std::ranges::find_if(
            frames, [asset](const store::Frame& frame) { return frame.asset_id != asset; });
        const auto own = frames.first(static_cast<std::size_t>(next - frames.begin()));
        frames = frames.subspan(own.size());
        const auto* entry = rules_of(asset);
        for (std::size_t i = 0; entry != nullptr && i < entry->slot_count; ++i) {
            auto& slot = slots_[static_cast<std::size_t>(entry->first_slot) + i];
            if (const auto span = running_delay(slot)) recall(slot, *span, own);
        }
    }
}

// What raises nothing when it comes begins no delay either.
void Engine::recall(Slot& slot, const live::FrameSpan& span, std::span<const store::Frame> frames) {
    const auto& [rule, position] = rule_of(slot);
    const auto late_limit = rules_of(slot.asset)->asset->kind->late_limit;
    for (const auto& frame : frames) {
        const auto at = frame.observed_at;
        if (at < span.from || at > span.to || frame.received_at - at > late_limit ||
            base::epoch_us(at) <= slot.judged_through ||
            static_cast<std::size_t>(position) >= frame.vals.size()) {
            continue;
        }
        const double value = frame.vals[static_cast<std::size_t>(position)];
        if (!std::isnan(value)) alarms::recall(*rule, slot.memory, value, at);
    }
}

void Engine::begin(base::Instant now) {
    listening_since_ = now;
    for (std::size_t index = 0; index < slots_.size(); ++index) {
        judge_latest(static_cast<std::int32_t>(index), now);
    }
    arm_silence();
}

// A delay that was running when the server stopped, or a rule that is new: what the latest value
// says is judged as of when it was observed. Not what was never judged (backfilled), nor what is
// too old.
void Engine::judge_latest(std::int32_t index, base::Instant now) {
    auto& slot = slots_[static_cast<std::size_t>(index)];
    const auto* entry = rules_of(slot.asset);
    if (entry == nullptr || !entry->in_service) return;
    const auto& [rule, position] = rule_of(slot);
    const auto times = city_.times(slot.asset);
    const auto heard = city_.heard(slot.asset);
    if (position < 0 || static_cast<std::size_t>(position) >= times.size() || !heard) return;
    const auto time = times[static_cast<std::size_t>(position)];
    if (time == live::LastValue::never || time <= slot.judged_through) return;
    const auto observed_at = base::from_epoch_us(time);
    if (observed_at > *heard || now - observed_at > entry->asset->kind->late_limit) return;
    const double value = city_.values(slot.asset)[static_cast<std::size_t>(position)];
    act(index, observe(*rule, slot.memory, value, observed_at), now);
    if (const auto at = alarms::due(*rule, slot.memory)) deadlines_.arm(index, *at);
}

void Engine::arm_silence() {
    for (std::size_t index = 0; index < slots_.size(); ++index) {
        const auto* entry = rules_of(slots_[index].asset);
        if (entry == nullptr) continue;
        if (rule_of(slots_[index]).rule->condition != assets::Condition::silent) continue;
        const auto at = silence_due(slots_[index]);
        if (at) deadlines_.arm(static_cast<std::int32_t>(index), *at);
    }
}

void Engine::recorded(const Standing& standing) {
    const auto found = by_id_.find(standing.alarm);
    if (found == by_id_.end()) {
        // Ended here while an operator's act went another way: the database has it open.
        if (letter(standing.state) != Letter::a && adopt(standing) >= 0) show(standing.asset);
        return;
    }
    auto& open = open_[static_cast<std::size_t>(found->second)];
    // An answer may come twice, after a commit in doubt.
    open.unconfirmed = std::max(0, open.unconfirmed - standing.confirmed);
    // Not while later occurrences are on their way: the answer to the last of them counts.
    if (open.unconfirmed > 0) return;
    open.state.acknowledged = standing.state.acknowledged;
    if (letter(open.state) == Letter::a) close(found->second);
    show(standing.asset);
}

void Engine::end_out_of_service(base::Instant now) {
    for (std::size_t alarm = 0; alarm < open_.size(); ++alarm) {
        const auto slot = open_[alarm].slot;
        if (slot < 0) continue;
        const auto asset = slots_[static_cast<std::size_t>(slot)].asset;
        const auto* entry = rules_of(asset);
        if (entry == nullptr || entry->in_service) continue;
        slots_[static_cast<std::size_t>(slot)].memory = {Phase::normal, now};
        if (open_[alarm].state.active) {
            come_back(slot, now, now, true, "life_stage");
            continue;
        }
        emit(static_cast<std::int32_t>(alarm), Event::acknowledge, now, now).cause = "life_stage";
        close(static_cast<std::int32_t>(alarm));
        show(asset);
    }
}

void Engine::catalogue_changed(const std::shared_ptr<const assets::Catalogue>& catalogue,
                               base::Instant now) {
    catalogue_ = catalogue;
    compile(*catalogue_);
    end_out_of_service(now);
    for (std::size_t index = 0; index < slots_.size(); ++index) {
        const auto* entry = rules_of(slots_[index].asset);
        if (entry != nullptr && !entry->in_service) slots_[index].memory = {Phase::normal, now};
    }
    arm_silence();
}

}  // namespace vigie::alarms
