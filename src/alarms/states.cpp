#include "vigie/alarms/states.hpp"

#include <array>

namespace vigie::alarms {

namespace {

Step refused(const State& from) {
    return {from, false, false};
}

Step to(State state, bool announces = false) {
    return {state, true, announces};
}

// Where an alarm comes out of E, F or G: B if its condition stands, else A.
Step out_of_hiding(const State& from) {
    if (from.active) return to({true, false, Suppression::none}, true);
    return to({false, true, Suppression::none});
}

Step hide(const State& from, Suppression why) {
    return to({from.active, from.acknowledged, why});
}

Step acknowledge(const State& from) {
    const bool waits = from.suppression == Suppression::none && !from.acknowledged;
    return waits ? to({from.active, true, Suppression::none}) : refused(from);
}

Step raise(const State& from) {
    if (from.active) return refused(from);
    return to({true, false, from.suppression}, from.suppression == Suppression::none);
}

Step come_back(const State& from) {
    if (!from.active) return refused(from);
    return to({false, from.acknowledged, from.suppression});
}

}  // namespace

Letter letter(const State& state) {
    switch (state.suppression) {
        case Suppression::shelved:
            return Letter::e;
        case Suppression::by_design:
            return Letter::f;
        case Suppression::out_of_service:
            return Letter::g;
        case Suppression::none:
            break;
    }
    if (state.active) return state.acknowledged ? Letter::c : Letter::b;
    return state.acknowledged ? Letter::a : Letter::d;
}

std::string_view to_string(Letter letter) {
    static constexpr std::array<std::string_view, 7> names{
        "normal",  "unacknowledged", "acknowledged",  "returned",
        "shelved", "suppressed",     "out_of_service"};
    return names[static_cast<std::size_t>(letter)];
}

namespace {
constexpr std::array<std::string_view, event_count> event_names{
    "raise",    "come_back",  "acknowledge",    "suppress",        "release", "shelve",
    "unshelve", "shelf_over", "remove_service", "restore_service", "re_alarm"};
}

std::string_view to_string(Event event) {
    return event_names[static_cast<std::size_t>(event)];
}

std::optional<Event> event_from(std::string_view text) {
    for (std::size_t i = 0; i < event_names.size(); ++i) {
        if (event_names[i] == text) return static_cast<Event>(i);
    }
    return std::nullopt;
}

Step step(const State& from, Event event) {
    const bool shelved = from.suppression == Suppression::shelved;
    const bool by_design = from.suppression == Suppression::by_design;
    const bool out = from.suppression == Suppression::out_of_service;
    switch (event) {
        case Event::raise:
            return raise(from);
        case Event::come_back:
            return come_back(from);
        case Event::acknowledge:
            return acknowledge(from);
        case Event::suppress:
            return by_design || out ? refused(from) : hide(from, Suppression::by_design);
        case Event::release:
            return by_design ? out_of_hiding(from) : refused(from);
        case Event::shelve:
            return from.suppression == Suppression::none ? hide(from, Suppression::shelved)
                                                         : refused(from);
        case Event::unshelve:
            return shelved ? to({from.active, true, Suppression::none}) : refused(from);
        case Event::shelf_over:
            return shelved ? out_of_hiding(from) : refused(from);
        case Event::remove_service:
            return out ? refused(from) : hide(from, Suppression::out_of_service);
        case Event::restore_service:
            return out ? out_of_hiding(from) : refused(from);
        case Event::re_alarm:
            return letter(from) == Letter::c ? to({true, false, Suppression::none}, true)
                                             : refused(from);
    }
    return refused(from);
}

Step decide(const State& from, Event event, const Circumstance& circumstance) {
    const auto taken = step(from, event);
    if (!taken.allowed) return taken;
    const bool shown = taken.to.suppression == Suppression::none;
    if (event == Event::raise && circumstance.explained && shown) {
        return to({true, false, Suppression::by_design});
    }
    if (event == Event::come_back) {
        const bool hidden = taken.to.suppression == Suppression::by_design;
        if (hidden || (shown && !circumstance.needs_acknowledgement)) {
            return to({false, true, Suppression::none});
        }
    }
    return taken;
}

}  // namespace vigie::alarms
