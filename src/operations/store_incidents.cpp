#include "operations/store_incidents.hpp"

#include <nlohmann/json.hpp>

namespace vigie::operations::incident_store {

namespace {

#define VIGIE_INCIDENT_COLUMNS                                                          \
    "select i.*, "                                                                      \
    "(select count(*) from incident_alarm ia where ia.incident = i.number) as alarms, " \
    "(select count(*) from incident_alarm ia join alarm a on a.id = ia.alarm "          \
    "  where ia.incident = i.number and ia.open and a.active) as alarms_active, "       \
    "(select count(*) from intervention v where v.incident = i.number "                 \
    "  and v.state not in ('refused', 'closed', 'cancelled')) as interventions_open "   \
    "from incident i "

Incident incident_of(const store::Row& row) {
    return {.number = row.get<std::int64_t>("number"),
            .title = text_of(row, "title"),
            .desk = text_of(row, "desk"),
            .priority = row.get<std::int32_t>("priority"),
            .open = row.text("status") == "open",
            .origin = text_of(row, "origin"),
            .place = place_of(row),
            .asset = text_of(row, "asset"),
            .opened_at = row.get<base::Instant>("opened_at"),
            .opened_by = text_of(row, "opened_by"),
            .owner = text_of(row, "owner"),
            .owner_name = text_of(row, "owner_name"),
            .claimed_at = row.maybe<base::Instant>("claimed_at"),
            .closed_at = row.maybe<base::Instant>("closed_at"),
            .close_reason = text_of(row, "close_reason"),
            .alarms = row.get<std::int64_t>("alarms"),
            .alarms_active = row.get<std::int64_t>("alarms_active"),
            .interventions_open = row.get<std::int64_t>("interventions_open"),
            .version = row.get<std::int64_t>("version")};
}

std::vector<Incident> incidents_of(const store::Rows& rows) {
    std::vector<Incident> found;
    found.reserve(rows.size());
    for (const store::Row& row : rows)
        found.push_back(incident_of(row));
    return found;
}

}  // namespace

std::int64_t insert(store::Transaction& tx, const Incident& incident) {
    static constexpr store::Query query{"incident_insert", R"sql(
        insert into incident (title, desk, priority, origin, lon, lat, commune, address, asset, opened_at, opened_by)
        values ($1, $2, $3::int, $4, $5::float8, $6::float8, $7, $8, $9, $10::timestamptz, $11)
     returning number)sql"};
    return tx
        .row(query, incident.title, incident.desk, incident.priority, incident.origin,
             lon_of(incident.place.position), lat_of(incident.place.position),
             incident.place.commune, incident.place.address, incident.asset, incident.opened_at,
             incident.opened_by)
        ->get<std::int64_t>("number");
}

std::optional<Incident> find(store::Transaction& tx, std::int64_t number) {
    static constexpr store::Query query{"incident_find",
                                        VIGIE_INCIDENT_COLUMNS "where i.number = $1::bigint"};
    const auto row = tx.optional_row(query, number);
    return row ? std::optional(incident_of(*row)) : std::nullopt;
}

std::optional<Incident> find_locked(store::Transaction& tx, std::int64_t number) {
    // The lock first: a statement that waits for it would count with the snapshot from before.
    static constexpr store::Query lock{"incident_lock", R"sql(
        select number from incident where number = $1::bigint for no key update)sql"};
    if (!tx.optional_row(lock, number)) return std::nullopt;
    return find(tx, number);
}

std::vector<Incident> page(store::Transaction& tx, const Filter& filter,
                           const std::optional<Key>& after, std::size_t rows_max) {
    static constexpr store::Query query{
        "incident_page", VIGIE_INCIDENT_COLUMNS
        "where ($1::text is null or i.desk = $1) "
        "  and ($2::boolean is null or (i.status = 'open') = $2::boolean) "
        "  and ($3::text is null or i.commune = $3) "
        "  and ($4::text[] is null or i.commune = any($4::text[])) "
        "  and ($5::int is null or (i.priority, i.opened_at, i.number) > "
        "       ($5::int, $6::timestamptz, $7::bigint)) "
        "order by i.priority, i.opened_at, i.number limit $8::bigint"};
    std::optional<std::int64_t> priority;
    std::optional<base::Instant> opened_at;
    std::optional<std::int64_t> number;
    if (after) std::tie(priority, opened_at, number) = *after;
    return incidents_of(tx.rows(query, filter.desk, filter.open, filter.commune, filter.reach,
                                priority, opened_at, number, rows_max));
}

bool claim(store::Transaction& tx, std::int64_t number, const Author& owner, base::Instant now) {
    static constexpr store::Query query{"incident_claim", R"sql(
        update incident set owner = $2, owner_name = $3, claimed_at = $4::timestamptz, version = version + 1
         where number = $1::bigint and owner is null and status = 'open')sql"};
    return tx.execute(query, number, owner.login, owner.name, now) == 1;
}

void release(store::Transaction& tx, std::int64_t number) {
    static constexpr store::Query query{"incident_release", R"sql(
        update incident set owner = null, owner_name = null, claimed_at = null, version = version + 1
         where number = $1::bigint)sql"};
    tx.execute(query, number);
}

void change(store::Transaction& tx, const Incident& incident) {
    static constexpr store::Query query{"incident_change", R"sql(
        update incident set title = $2, priority = $3::int, desk = $4, version = version + 1
         where number = $1::bigint)sql"};
    tx.execute(query, incident.number, incident.title, incident.priority, incident.desk);
}

void close(store::Transaction& tx, std::int64_t number, const Author& author,
           const std::string& reason, base::Instant now) {
    static constexpr store::Query query{"incident_close", R"sql(
        update incident set status = 'closed', closed_at = $2::timestamptz, closed_by = $3, close_reason = $4,
               version = version + 1
         where number = $1::bigint)sql"};
    static constexpr store::Query let_go{"incident_let_alarms_go", R"sql(
        update incident_alarm set open = false where incident = $1::bigint and open)sql"};
    tx.execute(query, number, now, author.login, reason);
    tx.execute(let_go, number);
}

void record(store::Transaction& tx, std::int64_t number, const char* step, const Author& author,
            base::Instant at, base::Instant now, const nlohmann::json& detail) {
    static constexpr store::Query query{"incident_transition_insert", R"sql(
        insert into incident_transition (incident, step, author, author_name, at, recorded_at, detail)
        values ($1::bigint, $2, $3, $4, $5::timestamptz, $6::timestamptz, $7::jsonb))sql"};
    tx.execute(query, number, step, author.login, author.name, at, now, detail.dump());
}

std::optional<std::int64_t> attach_alarm(store::Transaction& tx, std::int64_t number,
                                         const std::string& alarm, const Author& author,
                                         base::Instant now) {
    static constexpr store::Query attach{"incident_alarm_attach", R"sql(
        insert into incident_alarm (incident, alarm, attached_at, attached_by)
        values ($1::bigint, $2, $3::timestamptz, $4)
        on conflict do nothing)sql"};
    static constexpr store::Query holder{"incident_alarm_holder", R"sql(
        select incident from incident_alarm where alarm = $1 and open)sql"};
    static constexpr store::Query touch{"incident_touch", R"sql(
        update incident set version = version + 1 where number = $1::bigint)sql"};
    if (tx.execute(attach, number, alarm, now, author.login) == 0) {
        const auto row = tx.row(holder, alarm);
        return row->get<std::int64_t>("incident");
    }
    tx.execute(touch, number);
    return std::nullopt;
}

std::vector<std::string> alarms_of(store::Transaction& tx, std::int64_t number) {
    static constexpr store::Query query{"incident_alarms", R"sql(
        select alarm from incident_alarm where incident = $1::bigint order by attached_at, alarm)sql"};
    std::vector<std::string> ids;
    for (const store::Row& row : tx.rows(query, number))
        ids.push_back(text_of(row, "alarm"));
    return ids;
}

bool is_open(store::Transaction& tx, std::int64_t number) {
    static constexpr store::Query query{"incident_is_open", R"sql(
        select 1 as one from incident where number = $1::bigint and status = 'open')sql"};
    return tx.optional_row(query, number) != nullptr;
}

Left left_open(store::Transaction& tx, std::int64_t number) {
    static constexpr store::Query interventions{"incident_interventions_left", R"sql(
        select id::text as id from intervention
         where incident = $1::bigint and state not in ('refused', 'closed', 'cancelled') order by intervention.id)sql"};
    static constexpr store::Query alarms{"incident_alarms_left", R"sql(
        select a.id from incident_alarm ia join alarm a on a.id = ia.alarm
         where ia.incident = $1::bigint and a.active order by a.id)sql"};
    Left left;
    for (const store::Row& row : tx.rows(interventions, number)) {
        left.interventions.push_back(text_of(row, "id"));
    }
    for (const store::Row& row : tx.rows(alarms, number))
        left.alarms.push_back(text_of(row, "id"));
    return left;
}

std::vector<Incident> of_alarms(store::Transaction& tx, const std::vector<std::string>& alarms) {
    static constexpr store::Query query{
        "incident_of_alarms", VIGIE_INCIDENT_COLUMNS
        "where i.status = 'open' and exists (select 1 from incident_alarm ia "
        "  where ia.incident = i.number and ia.alarm = any($1::text[]))"};
    return incidents_of(tx.rows(query, alarms));
}

}  // namespace vigie::operations::incident_store
