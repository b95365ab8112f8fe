// What the alarms say of an intervention.
#include "operations/store_interventions.hpp"

namespace vigie::operations::intervention_store {

Evidence evidence(store::Transaction& tx, std::int64_t id) {
    // A come_back with a cause was made by a change of the catalogue: no observation proved it.
    static constexpr store::Query query{"intervention_evidence", R"sql(
        with subject as (
            select v.incident, v.asset, v.restored_at, i.opened_at
              from intervention v join incident i on i.number = v.incident where v.id = $1::bigint),
        attached as (
            select a.id, a.asset_id, a.rule
              from subject v
              join incident_alarm ia on ia.incident = v.incident
              join alarm a on a.id = ia.alarm
              join asset s on s.id = a.asset_id
             where v.asset = '' or s.code = v.asset),
        on_asset as (
            select a.id
              from subject v join asset s on s.code = v.asset join alarm a on a.asset_id = s.id
             where (a.active or a.returned_at >= v.opened_at)
               and (a.raises = 'alarm'
                    or exists (select 1 from attached o where o.asset_id = a.asset_id and o.rule = a.rule))),
        seen as (
            select a.active, a.suppression, a.returned_at, v.restored_at,
                   greatest(a.raised_at, (select max(t.at) from alarm_transition t
                                           where t.alarm_id = a.id and t.event = 'raise')) as risen_at,
                   (select max(t.at) from alarm_transition t
                     where t.alarm_id = a.id and t.event = 'come_back' and t.cause = '') as observed_at
              from (select id from attached union select id from on_asset) known
              join alarm a on a.id = known.id
              cross join subject v)
        select count(*) as alarms,
               coalesce(bool_and(not active and suppression = 'none'), false) as all_quiet,
               max(observed_at) filter (where not active and observed_at >= coalesce(returned_at, observed_at))
                   as returned_at,
               min(risen_at) filter (where active and suppression = 'none' and risen_at > restored_at) as risen_at
          from seen)sql"};
    const auto row = tx.row(query, id);
    return {.alarms = row->get<std::int64_t>("alarms"),
            .all_quiet = row->get<bool>("all_quiet"),
            .returned_at = row->maybe<base::Instant>("returned_at"),
            .risen_at = row->maybe<base::Instant>("risen_at")};
}

std::vector<std::int64_t> unproved(store::Transaction& tx) {
    static constexpr store::Query query{"intervention_unproved", R"sql(
        select id from intervention where state in ('restored', 'verified') order by id)sql"};
    std::vector<std::int64_t> ids;
    for (const store::Row& row : tx.rows(query))
        ids.push_back(row.get<std::int64_t>("id"));
    return ids;
}

}  // namespace vigie::operations::intervention_store
