// What the tests of outages ask and do behind the writer's back.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "vigie/store/database.hpp"

namespace vigie::store {

inline constexpr Query outage_frames{
    "outage_frames", "select asset_id, observed_at, received_at, vals[1] as v from frame"};
inline constexpr Query outage_quarantine{
    "outage_quarantine",
    "select string_agg(convert_from(payload, 'UTF8'), ' ' order by "
    "payload) as dump from quarantine"};
inline constexpr Query outage_backends{
    "outage_backends",
    "select pid from pg_stat_activity where application_name = 'vigie' and pid <> "
    "pg_backend_pid() and backend_type = 'client backend'"};
inline constexpr Query outage_terminate{
    "outage_terminate",
    "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and "
    "backend_type = 'client backend'"};
inline constexpr Query outage_read_only{
    "outage_read_only", "alter database vigie set default_transaction_read_only = on"};
inline constexpr Query outage_read_write{
    "outage_read_write", "alter database vigie reset default_transaction_read_only"};
inline constexpr Query outage_clean{"outage_clean",
                                    "truncate frame, frame_late, quarantine, rollup_dirty"};
inline constexpr Query outage_waiting{"outage_waiting",
                                      "select pid from pg_locks where not granted"};
// As if a statement took too long for more rows than that: the database ends it so.
inline constexpr Query outage_slow{
    "outage_slow",
    "create function outage_slow() returns trigger language plpgsql as $$ "
    "declare rows int := coalesce(nullif(current_setting('outage.rows', true), ''), '0')::int + 1; "
    "begin perform set_config('outage.rows', rows::text, true); "
    "if rows > 60 then raise exception 'too slow' using errcode = 'query_canceled'; end if; "
    "return new; end $$"};
inline constexpr Query outage_slow_rows{
    "outage_slow_rows",
    "create trigger outage_slow before insert on frame for each row execute function "
    "outage_slow()"};
inline constexpr Query outage_quick_rows{"outage_quick_rows", "drop function outage_slow cascade"};
inline constexpr Query outage_hold{"outage_hold", "lock table frame in access exclusive mode"};

inline constexpr Query outage_end{"outage_end",
                                  "select pg_terminate_backend($1::int, 10000) as ended"};

// Of all other connections to the cluster.
inline std::vector<pid_t> outage_pids(const std::string& superuser_url) {
    Pool pool(superuser_url, 1);
    return pool.read_now([](Transaction& tx) {
        std::vector<pid_t> pids;
        for (const auto& row : tx.rows(outage_backends))
            pids.push_back(row.get<pid_t>("pid"));
        return pids;
    });
}

inline std::string outage_payloads(const std::string& url) {
    Pool pool(url, 1);
    return pool.read_now([](Transaction& tx) {
        return tx.row(outage_quarantine)->maybe<std::string>("dump").value_or("");
    });
}

}  // namespace vigie::store
