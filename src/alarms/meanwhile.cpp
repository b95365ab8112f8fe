#include "alarms/meanwhile.hpp"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace vigie::alarms {

namespace {

constexpr int occurrences_version = 1;

nlohmann::json occurrence_json(const Occurrence& o) {
    return {{"alarm", o.alarm},
            {"event", to_string(o.event)},
            {"at", base::epoch_us(o.at)},
            {"learnt_at", base::epoch_us(o.learnt_at)},
            {"learnt_late", o.learnt_late},
            {"suppressed_by", o.suppressed_by},
            {"value", o.value},
            {"cause", o.cause},
            {"ends", o.ends},
            {"asset", o.asset},
            {"kind", o.kind},
            {"commune", o.commune},
            {"rule", o.rule},
            {"desk", o.desk},
            {"raises", static_cast<int>(o.raises)},
            {"priority", o.priority}};
}

Occurrence occurrence_from(const nlohmann::json& row) {
    Occurrence o;
    o.alarm = row.at("alarm").get<std::string>();
    const auto event = event_from(row.at("event").get<std::string>());
    if (!event) throw std::out_of_range("no such event");
    o.event = *event;
    o.at = base::from_epoch_us(row.at("at").get<std::int64_t>());
    o.learnt_at = base::from_epoch_us(row.at("learnt_at").get<std::int64_t>());
    o.learnt_late = row.at("learnt_late").get<bool>();
    o.suppressed_by = row.at("suppressed_by").get<std::string>();
    o.value = row.at("value").get<std::string>();
    o.cause = row.at("cause").get<std::string>();
    o.ends = row.at("ends").get<bool>();
    o.asset = row.at("asset").get<assets::AssetId>();
    o.kind = row.at("kind").get<std::string>();
    o.commune = row.at("commune").get<std::string>();
    o.rule = row.at("rule").get<std::string>();
    o.desk = row.at("desk").get<std::string>();
    o.raises = static_cast<assets::Raises>(row.at("raises").get<int>());
    o.priority = row.at("priority").get<int>();
    return o;
}

}  // namespace

Alarm fresh_alarm(const Occurrence& occurrence) {
    Alarm alarm;
    alarm.id = occurrence.alarm;
    alarm.asset = occurrence.asset;
    alarm.kind = occurrence.kind;
    alarm.commune = occurrence.commune;
    alarm.rule = occurrence.rule;
    alarm.desk = occurrence.desk;
    alarm.raises = occurrence.raises;
    alarm.priority = occurrence.priority;
    return alarm;
}

std::string encode_occurrences(std::span<const Occurrence> occurrences) {
    auto rows = nlohmann::json::array();
    for (const auto& occurrence : occurrences)
        rows.push_back(occurrence_json(occurrence));
    return nlohmann::json{{"version", occurrences_version}, {"occurrences", std::move(rows)}}.dump(
        -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<std::vector<Occurrence>> decode_occurrences(std::string_view text) {
    try {
        const auto root = nlohmann::json::parse(text);
        if (root.at("version").get<int>() != occurrences_version) return std::nullopt;
        std::vector<Occurrence> found;
        for (const auto& row : root.at("occurrences"))
            found.push_back(occurrence_from(row));
        return found;
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

std::vector<Occurrence> Meanwhile::left_over() {
    std::vector<Occurrence> all;
    spool_.each([&all](std::string_view payload) {
        auto found = decode_occurrences(payload);
        if (found) std::ranges::move(*found, std::back_inserter(all));
        return found.has_value();
    });
    return all;
}

bool Meanwhile::keep(std::span<const Occurrence> occurrences) {
    try {
        return spool_.append(encode_occurrences(occurrences));
    } catch (const store::FilesError& error) {
        spdlog::error("alarm transitions cannot be kept: {}", error.what());
        return false;
    }
}

void Meanwhile::forget() {
    try {
        spool_.drop_all();
    } catch (const store::FilesError& error) {
        // Recorded again after a restart, they change nothing.
        spdlog::error("recorded alarm transitions cannot be removed: {}", error.what());
    }
}

void Meanwhile::shown(std::span<const Alarm> alarms) {
    const std::lock_guard lock(mutex_);
    for (const auto& alarm : alarms) {
        const auto found = open_.find(alarm.id);
        if (found != open_.end() && found->second.version > alarm.version) continue;
        const auto over = over_.find(alarm.id);
        if (over != over_.end() && over->second > alarm.version) continue;
        if (letter(alarm.state) == Letter::a) {
            close(alarm.id, alarm.version);
        } else {
            open_[alarm.id] = alarm;
        }
    }
}

void Meanwhile::close(const std::string& id, std::int64_t version) {
    open_.erase(id);
    if (!over_.insert_or_assign(id, version).second) return;
    over_in_order_.push_back(id);
    if (over_in_order_.size() <= over_max) return;
    over_.erase(over_in_order_.front());
    over_in_order_.pop_front();
}

std::vector<Alarm> Meanwhile::open(const std::function<bool(const Alarm&)>& wanted) const {
    std::vector<Alarm> found;
    std::map<std::string, std::int64_t> hidden;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, alarm] : open_) {
        if (letter(alarm.state) == Letter::f) ++hidden[alarm.suppressed_by];
        if (wanted(alarm)) found.push_back(alarm);
    }
    for (auto& alarm : found) {
        const auto count = hidden.find(alarm.id);
        alarm.suppresses = count == hidden.end() ? 0 : count->second;
    }
    return found;
}

std::vector<Alarm> Meanwhile::take_in_all(std::span<const Occurrence> occurrences,
                                          base::Instant now) {
    const std::lock_guard lock(mutex_);
    std::map<std::string, Alarm> changed;
    for (const auto& occurrence : occurrences) {
        auto found = open_.find(occurrence.alarm);
        if (found == open_.end()) {
            if (occurrence.event != Event::raise) continue;
            found = open_.emplace(occurrence.alarm, fresh_alarm(occurrence)).first;
        }
        if (!take_in(found->second, occurrence, now)) continue;
        changed[occurrence.alarm] = found->second;
        if (letter(found->second.state) == Letter::a)
            close(occurrence.alarm, found->second.version);
    }
    std::vector<Alarm> rows;
    for (auto& [id, alarm] : changed)
        rows.push_back(std::move(alarm));
    return rows;
}

}  // namespace vigie::alarms
