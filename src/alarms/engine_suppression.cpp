// What explains what: see engine.hpp.
#include <algorithm>

#include "vigie/alarms/engine.hpp"
#include "vigie/live/graph.hpp"

namespace vigie::alarms {

namespace {

assets::Graph graph_of(assets::Suppresses suppresses) {
    return suppresses == assets::Suppresses::fed ? assets::Graph::power
                                                 : assets::Graph::communication;
}

}  // namespace

std::int32_t Engine::find_cause(assets::AssetId asset) const {
    for (const auto graph : {assets::Graph::power, assets::Graph::communication}) {
        const auto& causes = causes_[static_cast<int>(graph)];
        if (causes.empty()) continue;
        const auto above =
            live::find_above(*catalogue_, graph, asset,
                             [&causes](assets::AssetId id) { return causes.contains(id); });
        if (above != assets::no_asset) return causes.at(above).front();
    }
    return -1;
}

void Engine::register_cause(std::int32_t alarm, base::Instant at, base::Instant now) {
    const auto& slot =
        slots_[static_cast<std::size_t>(open_[static_cast<std::size_t>(alarm)].slot)];
    const auto suppresses = rule_of(slot).rule->suppresses;
    causes_[static_cast<int>(graph_of(suppresses))][slot.asset].push_back(alarm);
    if (suppresses == assets::Suppresses::fed) city_.cut(slot.asset, true, at, now);
}

void Engine::cause_came(std::int32_t alarm, base::Instant at, base::Instant now) {
    const auto cause_slot = static_cast<std::size_t>(open_[static_cast<std::size_t>(alarm)].slot);
    const auto graph = graph_of(rule_of(slots_[cause_slot]).rule->suppresses);
    register_cause(alarm, at, now);
    live::visit_below(*catalogue_, graph, slots_[cause_slot].asset, [&](assets::AssetId below) {
        const auto* entry = rules_of(below);
        if (entry == nullptr) return;
        auto index = static_cast<std::size_t>(entry->first_slot);
        for (const auto& compiled : *entry->rules) {
            const auto child = slots_[index++].alarm;
            if (child < 0 || !compiled.rule->suppressible) continue;
            const auto& open = open_[static_cast<std::size_t>(child)];
            const bool shown = open.state.suppression == Suppression::none;
            if (open.state.active && (shown || open.held)) suppress(child, alarm, at, now);
        }
    });
}

void Engine::suppress(std::int32_t alarm, std::int32_t cause, base::Instant at, base::Instant now) {
    auto& open = open_[static_cast<std::size_t>(alarm)];
    open.state.suppression = Suppression::by_design;
    open.cause = cause;
    open.held = false;
    emit(alarm, Event::suppress, at, now).suppressed_by = open_[static_cast<std::size_t>(cause)].id;
    show(slots_[static_cast<std::size_t>(open.slot)].asset);
}

void Engine::cause_ended(std::int32_t alarm, base::Instant at, base::Instant now) {
    const auto& slot =
        slots_[static_cast<std::size_t>(open_[static_cast<std::size_t>(alarm)].slot)];
    const auto suppresses = rule_of(slot).rule->suppresses;
    auto& causes = causes_[static_cast<int>(graph_of(suppresses))];
    if (const auto found = causes.find(slot.asset); found != causes.end()) {
        std::erase(found->second, alarm);
        if (found->second.empty()) causes.erase(found);
    }
    if (suppresses == assets::Suppresses::fed) city_.cut(slot.asset, false, at, now);
    for (std::int32_t child = 0; child < static_cast<std::int32_t>(open_.size()); ++child) {
        auto& open = open_[static_cast<std::size_t>(child)];
        if (open.slot < 0 || open.cause != alarm) continue;
        const auto child_asset = slots_[static_cast<std::size_t>(open.slot)].asset;
        if (rules_of(child_asset) == nullptr) continue;
        if (const auto other = find_cause(child_asset); other >= 0) {
            suppress(child, other, at, now);
        } else {
            hold(child, at, now);
        }
    }
}

void Engine::hold(std::int32_t alarm, base::Instant ended_at, base::Instant now) {
    auto& open = open_[static_cast<std::size_t>(alarm)];
    const auto& slot = slots_[static_cast<std::size_t>(open.slot)];
    const auto& kind = *assets_[static_cast<std::size_t>(slot.asset)].asset->kind;
    const auto wait = std::max(2 * kind.reporting_period, rule_of(slot).rule->delay_on);
    open.cause = -1;
    open.held = true;
    open.cause_ended_at = ended_at;
    open.held_until = now + wait;
    deadlines_.arm(open.slot, open.held_until);
}

void Engine::release_if_ready(std::int32_t alarm, base::Instant at, base::Instant now) {
    auto& open = open_[static_cast<std::size_t>(alarm)];
    // An observation from before the cause ended says nothing new.
    if (!open.held || at <= open.cause_ended_at) return;
    const auto& rule = *rule_of(slots_[static_cast<std::size_t>(open.slot)]).rule;
    const auto ready_at = open.cause_ended_at + rule.delay_on;
    if (at >= ready_at) {
        release(alarm, at, now);
        return;
    }
    open.held_until = std::min(open.held_until, std::max(ready_at, now));
    deadlines_.arm(open.slot, open.held_until);
}

void Engine::release(std::int32_t alarm, base::Instant at, base::Instant now) {
    auto& open = open_[static_cast<std::size_t>(alarm)];
    open.held = false;
    open.state = decide(open.state, Event::release, {}).to;
    emit(alarm, Event::release, at, now);
    show(slots_[static_cast<std::size_t>(open.slot)].asset);
}

void Engine::link_causes(const std::unordered_map<std::int32_t, std::string>& hidden,
                         base::Instant now) {
    for (const auto& [child, cause_id] : hidden) {
        auto& open = open_[static_cast<std::size_t>(child)];
        const auto found = by_id_.find(cause_id);
        const bool stands =
            found != by_id_.end() && open_[static_cast<std::size_t>(found->second)].state.active;
        if (stands) {
            open.cause = found->second;
            continue;
        }
        const auto asset = slots_[static_cast<std::size_t>(open.slot)].asset;
        if (const auto other = find_cause(asset); other >= 0) {
            suppress(child, other, now, now);
        } else {
            hold(child, now, now);
        }
    }
}

}  // namespace vigie::alarms
