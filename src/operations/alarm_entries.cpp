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

const assets::Rule* rule_of(const alarms::Alarm& alarm, const assets::Kind* kind) {
    if (kind == nullptr) return nullptr;
    const auto rule = std::ranges::find(kind->rules, alarm.rule, &assets::Rule::code);
    return rule == kind->rules.end() ? nullptr : &*rule;
}

// The value that raised it, as people say it: an alarm keeps it as devices do.
base::Text value_words(const std::string& value, const assets::Property* property) {
    base::Text words{value, value};
    if (property == nullptr) return words;
    if (property->type == assets::PropertyType::boolean) {
        return value == "true" ? base::Text{"yes", "oui"} : base::Text{"no", "non"};
    }
    if (property->type == assets::PropertyType::code) {
        const auto code = std::ranges::find(property->codes, value);
        const auto index = static_cast<std::size_t>(code - property->codes.begin());
        return index < property->code_names.size() ? property->code_names[index] : words;
    }
    const auto point = value.substr(0, value.find(' ')).find('.');
    if (point != std::string::npos) words.fr[point] = ',';
    return words;
}

}  // namespace

std::optional<Entry> alarm_entry(const alarms::AlarmChange& change,
                                 const assets::Catalogue& catalogue) {
    const alarms::Alarm& alarm = change.alarm;
    const alarms::Transition& made = change.transition;
    if (alarm.raises != assets::Raises::alarm) return std::nullopt;
    const assets::Kind* kind = catalogue.kind(alarm.kind);
    const assets::Rule* rule = rule_of(alarm, kind);
    const base::Text name = rule ? rule->name : base::Text{alarm.rule, alarm.rule};
    const assets::Asset* asset = catalogue.find(alarm.asset);
    const std::string code = asset ? asset->code : std::to_string(alarm.asset);
    const std::string& author_name = made.author_name.empty() ? made.author : made.author_name;
    Entry entry = entry_by({made.author, author_name}, made.at, {}, {});
    entry.recorded_at = made.recorded_at;
    if (change.announced) {
        entry.entry_type = "alarm_raised";
        const auto* property = rule ? kind->property(rule->property) : nullptr;
        entry.text =
            texts::alarm_raised(name, code, value_words(alarm.value, property), alarm.learnt_late);
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
