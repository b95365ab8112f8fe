#include "operations/alarm_entries.hpp"

#include <algorithm>

#include "operations/store_incidents.hpp"
#include "operations/texts.hpp"

namespace vigie::operations {

namespace {

using alarms::Event;
using alarms::Letter;

bool hidden(Letter letter) {
    return letter == Letter::e || letter == Letter::f || letter == Letter::g;
}

base::Text rule_name(const alarms::Alarm& alarm, const assets::Catalogue& catalogue) {
    const base::Text code{alarm.rule, alarm.rule};
    const assets::Kind* kind = catalogue.kind(alarm.kind);
    if (!kind) return code;
    const auto rule = std::ranges::find(kind->rules, alarm.rule, &assets::Rule::code);
    return rule == kind->rules.end() ? code : rule->name;
}

}  // namespace

std::optional<Entry> alarm_entry(const alarms::AlarmChange& change,
                                 const assets::Catalogue& catalogue) {
    const alarms::Alarm& alarm = change.alarm;
    const alarms::Transition& made = change.transition;
    if (alarm.raises != assets::Raises::alarm) return std::nullopt;
    const base::Text name = rule_name(alarm, catalogue);
    const assets::Asset* asset = catalogue.find(alarm.asset);
    const std::string code = asset ? asset->code : std::to_string(alarm.asset);
    const std::string& author_name = made.author_name.empty() ? made.author : made.author_name;
    Entry entry = entry_by({made.author, author_name}, made.at, {}, {});
    entry.recorded_at = made.recorded_at;
    if (change.announced) {
        entry.entry_type = "alarm_raised";
        entry.text = texts::alarm_raised(name, code, alarm.value, alarm.learnt_late);
    } else if (made.event == Event::come_back && !hidden(made.from) && !hidden(made.to)) {
        entry.entry_type = "alarm_returned";
        entry.text = texts::alarm_returned(name, code);
    } else if (made.event == Event::acknowledge) {
        entry.entry_type = "alarm_acknowledged";
        entry.text = texts::alarm_acknowledged(name, code);
        if (!made.reason.empty()) {
            entry.text.en += ": " + made.reason;
            entry.text.fr += " : " + made.reason;
        }
    } else {
        return std::nullopt;
    }
    entry.incident = alarm.incident;
    return entry;
}

void write_alarm_entry(Room& room, store::Transaction& tx, const alarms::AlarmChange& change) {
    const auto incident = change.alarm.incident;
    const bool closed = incident && !incident_store::is_open(tx, *incident);
    // It was over when its incident was closed, and is not any more.
    if (closed) room.recorder.let_go(tx, {change.alarm.id}, *incident);
    auto entry = alarm_entry(change, *room.registry.current());
    if (!entry) return;
    if (closed) entry->incident.reset();
    write_entry(room, tx, *std::move(entry));
}

}  // namespace vigie::operations
