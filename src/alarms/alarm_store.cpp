#include "alarms/alarm_store.hpp"

#include <stdexcept>

#include "vigie/live/json.hpp"

namespace vigie::alarms {

namespace json = live::json;

namespace {

constexpr store::Query alarms_lock{
    "alarms_lock",
    "select *, 0::int8 as suppresses from alarm where id = any($1::text[]) "
    "order by id for update"};

constexpr store::Query alarms_read{
    "alarms_read",
    "select a.*, (select count(*) from alarm c where c.suppressed_by = a.id and c.state = "
    "'suppressed') as suppresses from alarm a where id = any($1::text[])"};

constexpr store::Query transitions_of_rules{
    "transitions_of_rules",
    "select alarm_id, event, at, cause from alarm_transition where alarm_id = any($1::text[]) "
    "and author = 'system:rules'"};

constexpr store::Query alarms_write{
    "alarms_write",
    "insert into alarm select id, asset_id, kind, commune, rule, desk, raises, priority, state, "
    "active, acknowledged, suppression, raised_at, learnt_at, learnt_late, returned_at, "
    "acknowledged_at, acknowledged_by, suppressed_by, occurrences, value, incident, version, "
    "$2::timestamptz from jsonb_populate_recordset(null::alarm, $1::jsonb) "
    "on conflict (id) do update set state = excluded.state, active = excluded.active, "
    "acknowledged = excluded.acknowledged, suppression = excluded.suppression, raised_at = "
    "excluded.raised_at, learnt_at = excluded.learnt_at, learnt_late = excluded.learnt_late, "
    "returned_at = excluded.returned_at, acknowledged_at = excluded.acknowledged_at, "
    "acknowledged_by = excluded.acknowledged_by, suppressed_by = excluded.suppressed_by, "
    "occurrences = excluded.occurrences, value = excluded.value, incident = excluded.incident, "
    "version = excluded.version, changed_at = excluded.changed_at"};

constexpr store::Query transitions_write{
    "transitions_write",
    "insert into alarm_transition (alarm_id, event, from_state, to_state, at, recorded_at, author, "
    "cause, reason) select alarm_id, event, from_state, to_state, at, recorded_at, author, cause, "
    "reason from jsonb_to_recordset($1::jsonb) as t (alarm_id text, event text, from_state text, "
    "to_state text, at timestamptz, recorded_at timestamptz, author text, cause text, reason text) "
    "on conflict do nothing"};

constexpr store::Query incident_write{"alarm_incident_write",
                                      "update alarm set incident = $2::int8, version = version + "
                                      "1, changed_at = $3::timestamptz where id "
                                      "= $1"};

constexpr store::Query standing_read{
    "alarms_standing",
    "select id, asset_id, rule, active, acknowledged, suppression, raised_at, "
    "suppressed_by from alarm where state <> 'normal'"};

constexpr store::Query judged_read{
    "alarms_judged",
    "select asset_id, rule, max(greatest(raised_at, coalesce(returned_at, raised_at))) as at "
    "from alarm where changed_at > $1::timestamptz group by asset_id, rule"};

// Two statements, so that the usual question goes by the index of open alarms.
#define VIGIE_ALARM_LIST(condition)                                                           \
    "select a.*, (select count(*) from alarm c where c.suppressed_by = a.id and c.state = "   \
    "'suppressed') as suppresses from alarm a where " condition                               \
    "($1::text is null or raises = $1) and ($2::text[] is null or state = any($2)) "          \
    "and ($3::int4 is null or asset_id = $3) and ($4::text is null or kind = $4) "            \
    "and ($5::text is null or desk = $5) and ($6::text[] is null or commune = any($6)) "      \
    "and ($7::text is null or suppressed_by = $7) "                                           \
    "and ($8::int4 is null or (priority, raised_at, id) > ($8, $9::timestamptz, $10::text)) " \
    "order by priority, raised_at, id limit $11"
constexpr store::Query alarms_open_list{"alarms_open_list",
                                        VIGIE_ALARM_LIST("state <> 'normal' and ")};
constexpr store::Query alarms_list{"alarms_list", VIGIE_ALARM_LIST("")};
#undef VIGIE_ALARM_LIST

constexpr store::Query transitions_read{
    "transitions_read",
    "select event, from_state, to_state, at, recorded_at, author, cause, reason from "
    "alarm_transition where alarm_id = $1 order by id"};

constexpr std::string_view suppression_names[] = {"none", "by_design", "shelved", "out_of_service"};

Suppression suppression_from(std::string_view text) {
    for (std::size_t i = 0; i < std::size(suppression_names); ++i) {
        if (suppression_names[i] == text) return static_cast<Suppression>(i);
    }
    throw std::logic_error("not a suppression: " + std::string(text));
}

Letter letter_from(std::string_view text) {
    for (int i = 0; i <= static_cast<int>(Letter::g); ++i) {
        if (to_string(static_cast<Letter>(i)) == text) return static_cast<Letter>(i);
    }
    throw std::logic_error("not a state: " + std::string(text));
}

State state_of(const store::Row& row) {
    return {row.get<bool>("active"), row.get<bool>("acknowledged"),
            suppression_from(row.text("suppression"))};
}

Alarm alarm_of(const store::Row& row) {
    Alarm alarm;
    alarm.id = row.get<std::string>("id");
    alarm.asset = row.get<std::int32_t>("asset_id");
    alarm.kind = row.get<std::string>("kind");
    alarm.commune = row.get<std::string>("commune");
    alarm.rule = row.get<std::string>("rule");
    alarm.desk = row.get<std::string>("desk");
    alarm.raises =
        row.text("raises") == "alarm" ? assets::Raises::alarm : assets::Raises::maintenance;
    alarm.priority = row.get<std::int32_t>("priority");
    alarm.state = state_of(row);
    alarm.raised_at = row.get<base::Instant>("raised_at");
    alarm.learnt_at = row.get<base::Instant>("learnt_at");
    alarm.learnt_late = row.get<bool>("learnt_late");
    alarm.returned_at = row.maybe<base::Instant>("returned_at");
    alarm.acknowledged_at = row.maybe<base::Instant>("acknowledged_at");
    alarm.acknowledged_by = row.text("acknowledged_by");
    alarm.suppressed_by = row.text("suppressed_by");
    alarm.occurrences = row.get<std::int32_t>("occurrences");
    alarm.value = row.get<std::string>("value");
    alarm.incident = row.maybe<std::int64_t>("incident");
    alarm.version = row.get<std::int64_t>("version");
    alarm.suppresses = row.get<std::int64_t>("suppresses");
    return alarm;
}

// Builds one object of a JSON array.
class JsonRow {
public:
    explicit JsonRow(std::string& out) : out_(out) {
        out_ += out_.size() > 1 ? ",{" : "{";
        empty_ = true;
    }
    ~JsonRow() { out_ += '}'; }
    JsonRow(const JsonRow&) = delete;
    JsonRow& operator=(const JsonRow&) = delete;

    void text(std::string_view name, std::string_view value) {
        key(name);
        json::append_text(out_, value);
    }
    void text_or_null(std::string_view name, std::string_view value) {
        if (!value.empty()) text(name, value);
    }
    void number(std::string_view name, std::int64_t value) {
        key(name);
        json::append_integer(out_, value);
    }
    void flag(std::string_view name, bool value) {
        key(name);
        out_ += value ? "true" : "false";
    }
    void instant(std::string_view name, const std::optional<base::Instant>& value) {
        if (!value) return;
        key(name);
        json::append_instant(out_, *value);
    }

private:
    void key(std::string_view name) {
        if (!std::exchange(empty_, false)) out_ += ',';
        json::append_text(out_, name);
        out_ += ':';
    }
    std::string& out_;
    bool empty_{};
};

void append_row(std::string& out, const Alarm& alarm) {
    JsonRow row(out);
    row.text("id", alarm.id);
    row.number("asset_id", alarm.asset);
    row.text("kind", alarm.kind);
    row.text("commune", alarm.commune);
    row.text("rule", alarm.rule);
    row.text("desk", alarm.desk);
    row.text("raises", alarm.raises == assets::Raises::alarm ? "alarm" : "maintenance");
    row.number("priority", alarm.priority);
    row.text("state", to_string(letter(alarm.state)));
    row.flag("active", alarm.state.active);
    row.flag("acknowledged", alarm.state.acknowledged);
    row.text("suppression", suppression_names[static_cast<std::size_t>(alarm.state.suppression)]);
    row.instant("raised_at", alarm.raised_at);
    row.instant("learnt_at", alarm.learnt_at);
    row.flag("learnt_late", alarm.learnt_late);
    row.instant("returned_at", alarm.returned_at);
    row.instant("acknowledged_at", alarm.acknowledged_at);
    row.text_or_null("acknowledged_by", alarm.acknowledged_by);
    row.text_or_null("suppressed_by", alarm.suppressed_by);
    row.number("occurrences", alarm.occurrences);
    row.text("value", alarm.value);
    if (alarm.incident) row.number("incident", *alarm.incident);
    row.number("version", alarm.version);
}

void append_row(std::string& out, const std::string& alarm, const Transition& transition) {
    JsonRow row(out);
    row.text("alarm_id", alarm);
    row.text("event", to_string(transition.event));
    row.text("from_state", to_string(transition.from));
    row.text("to_state", to_string(transition.to));
    row.instant("at", transition.at);
    row.instant("recorded_at", transition.recorded_at);
    row.text("author", transition.author);
    row.text("cause", transition.cause);
    row.text("reason", transition.reason);
}

}  // namespace

std::map<std::string, Alarm> lock_alarms(store::Transaction& tx,
                                         const std::vector<std::string>& ids) {
    std::map<std::string, Alarm> alarms;
    for (const auto& row : tx.rows(alarms_lock, ids)) {
        alarms.emplace(row.get<std::string>("id"), alarm_of(row));
    }
    return alarms;
}

std::vector<Alarm> read_alarms(store::Transaction& tx, const std::vector<std::string>& ids) {
    std::vector<Alarm> alarms;
    for (const auto& row : tx.rows(alarms_read, ids))
        alarms.push_back(alarm_of(row));
    return alarms;
}

TransitionKey key_of(const std::string& alarm, const Occurrence& occurrence) {
    const auto& cause =
        occurrence.suppressed_by.empty() ? occurrence.cause : occurrence.suppressed_by;
    return {alarm, base::epoch_us(occurrence.at), std::string(to_string(occurrence.event)), cause};
}

std::set<TransitionKey> read_rule_transitions(store::Transaction& tx,
                                              const std::vector<std::string>& ids) {
    std::set<TransitionKey> keys;
    for (const auto& row : tx.rows(transitions_of_rules, ids)) {
        keys.emplace(row.get<std::string>("alarm_id"), base::epoch_us(row.get<base::Instant>("at")),
                     row.get<std::string>("event"), row.get<std::string>("cause"));
    }
    return keys;
}

void write_changes(store::Transaction& tx, std::span<const AlarmChange> changes,
                   base::Instant now) {
    if (changes.empty()) return;
    std::map<std::string, const Alarm*> latest;
    std::string transitions = "[";
    for (const auto& change : changes) {
        latest[change.alarm.id] = &change.alarm;
        append_row(transitions, change.alarm.id, change.transition);
    }
    std::string rows = "[";
    for (const auto& [id, alarm] : latest)
        append_row(rows, *alarm);
    tx.execute(alarms_write, rows + ']', now);
    tx.execute(transitions_write, transitions + ']');
}

void write_incident(store::Transaction& tx, const std::string& id,
                    std::optional<std::int64_t> incident, base::Instant now) {
    tx.execute(incident_write, id, incident, now);
}

std::vector<Standing> read_standing(store::Transaction& tx) {
    std::vector<Standing> standing;
    for (const auto& row : tx.rows(standing_read)) {
        standing.push_back({.alarm = row.get<std::string>("id"),
                            .asset = row.get<std::int32_t>("asset_id"),
                            .rule = row.get<std::string>("rule"),
                            .state = state_of(row),
                            .raised_at = row.get<base::Instant>("raised_at"),
                            .suppressed_by = std::string(row.text("suppressed_by")),
                            .confirmed = 0});
    }
    return standing;
}

std::vector<JudgedThrough> read_judged(store::Transaction& tx, base::Instant changed_since) {
    std::vector<JudgedThrough> judged;
    for (const auto& row : tx.rows(judged_read, changed_since)) {
        judged.push_back({row.get<std::int32_t>("asset_id"), row.get<std::string>("rule"),
                          row.get<base::Instant>("at")});
    }
    return judged;
}

std::vector<Alarm> list_alarms(store::Transaction& tx, const AlarmQuestion& question) {
    std::optional<std::int64_t> priority;
    std::optional<base::Instant> raised_at;
    std::optional<std::string> id;
    if (question.after) std::tie(priority, raised_at, id) = *question.after;
    std::vector<Alarm> alarms;
    for (const auto& row :
         tx.rows(question.open_only ? alarms_open_list : alarms_list, question.raises,
                 question.states, question.asset, question.kind, question.desk, question.communes,
                 question.suppressed_by, priority, raised_at, id, question.limit)) {
        alarms.push_back(alarm_of(row));
    }
    return alarms;
}

std::vector<Transition> read_transitions(store::Transaction& tx, const std::string& id) {
    std::vector<Transition> transitions;
    for (const auto& row : tx.rows(transitions_read, id)) {
        transitions.push_back({.event = event_from(row.text("event")).value_or(Event::raise),
                               .from = letter_from(row.text("from_state")),
                               .to = letter_from(row.text("to_state")),
                               .at = row.get<base::Instant>("at"),
                               .recorded_at = row.get<base::Instant>("recorded_at"),
                               .author = row.get<std::string>("author"),
                               .author_name = {},
                               .cause = row.get<std::string>("cause"),
                               .reason = row.get<std::string>("reason")});
    }
    return transitions;
}

}  // namespace vigie::alarms
