#include "alarms/open_list.hpp"

#include <algorithm>
#include <tuple>

namespace vigie::alarms {

namespace {

template <typename T, typename U>
bool fits(const std::optional<T>& asked, const U& present) {
    return !asked || *asked == present;
}

template <typename U>
bool is_one_of(const std::optional<std::vector<std::string>>& asked, const U& present) {
    return !asked || std::ranges::find(*asked, present) != asked->end();
}

std::tuple<std::int64_t, base::Instant, const std::string&> place_of(const Alarm& alarm) {
    return {alarm.priority, alarm.raised_at, alarm.id};
}

}  // namespace

bool is_meant(const Alarm& alarm, const AlarmQuestion& q) {
    const std::string_view raises = alarm.raises == assets::Raises::alarm ? "alarm" : "maintenance";
    return fits(q.raises, raises) && is_one_of(q.states, to_string(letter(alarm.state))) &&
           fits(q.asset, alarm.asset) && fits(q.kind, alarm.kind) && fits(q.desk, alarm.desk) &&
           is_one_of(q.communes, alarm.commune) && fits(q.suppressed_by, alarm.suppressed_by) &&
           (!q.after || place_of(alarm) > *q.after);
}

std::optional<std::vector<Alarm>> list_shown(const Recorder& recorder,
                                             const AlarmQuestion& question) {
    if (!question.open_only) return std::nullopt;
    auto found =
        recorder.open([&question](const Alarm& alarm) { return is_meant(alarm, question); });
    if (!found) return std::nullopt;
    std::ranges::sort(*found, {}, place_of);
    if (found->size() > question.limit) found->resize(question.limit);
    return found;
}

}  // namespace vigie::alarms
