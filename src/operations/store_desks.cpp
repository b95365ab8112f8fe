#include "operations/store_desks.hpp"

#include "operations/texts.hpp"

namespace vigie::operations::desk_store {

std::vector<DeskStrip> strips(store::Transaction& tx, base::Instant now) {
    static constexpr store::Query query{"desk_strips", R"sql(
        with waiting as (
            select i.desk, least(i.opened_at,
                                 (select min(a.raised_at) from incident_alarm ia join alarm a on a.id = ia.alarm
                                   where ia.incident = i.number),
                                 (select min(c.received_at) from contact c where c.incident = i.number)) as since
              from incident i where i.status = 'open' and i.owner is null
            union all
            select a.desk, a.raised_at from alarm a
             where a.raises = 'alarm' and a.state in ('unacknowledged', 'returned')
               and not exists (select 1 from incident_alarm ia where ia.alarm = a.id and ia.open))
        select d.desk,
               (select count(*) from waiting w where w.desk = d.desk) as waiting,
               (select min(since) from waiting w where w.desk = d.desk) as oldest_at,
               (select count(*) from incident i where i.desk = d.desk and i.status = 'open' and i.owner is not null)
                   as claimed,
               (select count(*) from alarm a join alarm_transition t on t.alarm_id = a.id
                 where a.desk = d.desk and a.raises = 'alarm' and a.changed_at > $2::timestamptz - interval '10 minutes'
                   and t.recorded_at > $2::timestamptz - interval '10 minutes'
                   and t.to_state = 'unacknowledged' and t.from_state <> 'unacknowledged') as alarms_10_min
          from unnest($1::text[]) with ordinality as d (desk, place) order by d.place)sql"};
    std::vector<DeskStrip> strips;
    const std::vector<std::string> names(desks.begin(), desks.end());
    for (const store::Row& row : tx.rows(query, names, now)) {
        strips.push_back({.desk = text_of(row, "desk"),
                          .waiting = row.get<std::int64_t>("waiting"),
                          .oldest_at = row.maybe<base::Instant>("oldest_at"),
                          .claimed = row.get<std::int64_t>("claimed"),
                          .alarms_10_min = row.get<std::int64_t>("alarms_10_min")});
    }
    return strips;
}

}  // namespace vigie::operations::desk_store
