#include "vigie/alarms/alarm.hpp"

#include <algorithm>

#include "vigie/live/json.hpp"

namespace vigie::alarms {

namespace json = live::json;

namespace {

void note_raise(Alarm& alarm, const Occurrence& occurrence) {
    alarm.raised_at = occurrence.at;
    alarm.learnt_at = occurrence.learnt_at;
    alarm.learnt_late = occurrence.learnt_late;
    alarm.value = occurrence.value;
    alarm.suppressed_by = occurrence.suppressed_by;
    alarm.returned_at.reset();
    alarm.acknowledged_at.reset();
    alarm.acknowledged_by.clear();
    ++alarm.occurrences;
}

// The cause of something hidden already is another now.
bool changes_cause(const Alarm& alarm, const Occurrence& occurrence) {
    return occurrence.event == Event::suppress &&
           alarm.state.suppression == Suppression::by_design &&
           alarm.suppressed_by != occurrence.suppressed_by;
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
    out += ",\"";
    out += name;
    out += "\":";
    json::append_text(out, text);
}

void append_member(std::string& out, std::string_view name, std::int64_t number) {
    out += ",\"";
    out += name;
    out += "\":";
    json::append_integer(out, number);
}

void append_member(std::string& out, std::string_view name, base::Instant at) {
    out += ",\"";
    out += name;
    out += "\":";
    json::append_instant(out, at);
}

void append_flag(std::string& out, std::string_view name, bool value) {
    out += ",\"";
    out += name;
    out += value ? "\":true" : "\":false";
}

void append_both(std::string& out, std::string_view name, const base::Text& text) {
    out += ",\"";
    out += name;
    out += R"(":{"en":)";
    json::append_text(out, text.en);
    out += R"(,"fr":)";
    json::append_text(out, text.fr);
    out += '}';
}

const assets::Rule* rule_named(const assets::Catalogue& catalogue, const Alarm& alarm) {
    const auto* kind = catalogue.kind(alarm.kind);
    if (kind == nullptr) return nullptr;
    const auto found = std::ranges::find(kind->rules, alarm.rule, &assets::Rule::code);
    return found == kind->rules.end() ? nullptr : &*found;
}

void append_place(std::string& out, const assets::Catalogue& catalogue, const Alarm& alarm) {
    const auto* asset = catalogue.find(alarm.asset);
    append_member(out, "asset", asset == nullptr ? std::string_view{} : asset->code);
    append_member(out, "kind", alarm.kind);
    if (asset != nullptr) {
        out += R"(,"position":[)";
        json::append_number(out, asset->place.lon);
        out += ',';
        json::append_number(out, asset->place.lat);
        out += ']';
        if (!asset->street.empty()) append_member(out, "street", asset->street);
    }
    if (!alarm.commune.empty()) append_member(out, "commune", alarm.commune);
}

void append_meaning(std::string& out, const assets::Catalogue& catalogue, const Alarm& alarm) {
    append_member(out, "rule", alarm.rule);
    // A rule that left its kind's file is still called something.
    const auto* rule = rule_named(catalogue, alarm);
    append_both(out, "name", rule == nullptr ? base::Text{alarm.rule, alarm.rule} : rule->name);
    append_both(out, "response", rule == nullptr ? base::Text{} : rule->response);
    append_member(
        out, "raises",
        alarm.raises == assets::Raises::alarm ? std::string_view("alarm") : "maintenance");
    append_member(out, "priority", alarm.priority);
    append_member(out, "desk", alarm.desk);
}

}  // namespace

std::optional<AlarmChange> take_in(Alarm& alarm, const Occurrence& occurrence, base::Instant now) {
    const bool needs = alarm.raises == assets::Raises::alarm && !occurrence.ends;
    auto taken = decide(alarm.state, occurrence.event, {!occurrence.suppressed_by.empty(), needs});
    if (!taken.allowed && !changes_cause(alarm, occurrence)) return std::nullopt;
    AlarmChange change;
    change.announced = taken.announces;
    change.transition = {
        .event = occurrence.event,
        .from = letter(alarm.state),
        .to = letter(taken.to),
        .at = occurrence.at,
        .recorded_at = now,
        .author = "system:rules",
        .author_name = {},
        .cause = occurrence.suppressed_by.empty() ? occurrence.cause : occurrence.suppressed_by,
        .reason = {}};
    alarm.state = taken.to;
    if (occurrence.event == Event::raise) note_raise(alarm, occurrence);
    if (occurrence.event == Event::come_back) alarm.returned_at = occurrence.at;
    if (occurrence.event == Event::suppress) alarm.suppressed_by = occurrence.suppressed_by;
    if (occurrence.event == Event::release) alarm.suppressed_by.clear();
    ++alarm.version;
    change.alarm = alarm;
    return change;
}

std::string to_json(const Alarm& alarm, const assets::Catalogue& catalogue) {
    std::string out = R"({"id":)";
    json::append_text(out, alarm.id);
    append_place(out, catalogue, alarm);
    append_meaning(out, catalogue, alarm);
    append_member(out, "state", to_string(letter(alarm.state)));
    append_flag(out, "active", alarm.state.active);
    append_member(out, "raised_at", alarm.raised_at);
    append_member(out, "learnt_at", alarm.learnt_at);
    append_flag(out, "learnt_late", alarm.learnt_late);
    if (alarm.returned_at) append_member(out, "returned_at", *alarm.returned_at);
    if (alarm.acknowledged_at) append_member(out, "acknowledged_at", *alarm.acknowledged_at);
    if (!alarm.acknowledged_by.empty()) {
        append_member(out, "acknowledged_by", alarm.acknowledged_by);
    }
    if (!alarm.suppressed_by.empty()) append_member(out, "suppressed_by", alarm.suppressed_by);
    append_member(out, "suppresses", alarm.suppresses);
    append_member(out, "occurrences", alarm.occurrences);
    if (!alarm.value.empty()) append_member(out, "value", alarm.value);
    if (alarm.incident) append_member(out, "incident", *alarm.incident);
    append_member(out, "version", alarm.version);
    out += '}';
    return out;
}

}  // namespace vigie::alarms
