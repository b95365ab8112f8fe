-- What the live city must find again after a restart, and the alarms with every transition.

-- The newest observation that rules judged (neither backfilled nor beyond its kind's limit): what silence is counted from.
alter table last_value add column heard_at timestamptz;

-- When the server listened. Between seen_at of one run and started_at of the next nobody did: a gap in a series then is
-- the platform's.
create table live_run (
    id         int8 generated always as identity primary key,
    started_at timestamptz not null,
    seen_at    timestamptz not null
);
create index live_run_seen on live_run (seen_at);

-- The present state of each alarm and maintenance notice. The id follows from asset, rule and event time of raising.
create table alarm (
    id              text primary key check (id ~ '^[0-9a-f]{32}$'),
    asset_id        int4 not null references asset,
    kind            text not null,
    commune         text not null,
    rule            text not null,
    desk            text not null,
    raises          text not null check (raises in ('alarm', 'maintenance')),
    priority        int4 not null check (priority between 1 and 4),
    state           text not null check (state in ('normal', 'unacknowledged', 'acknowledged', 'returned', 'shelved',
                                                   'suppressed', 'out_of_service')),
    active          boolean not null,
    acknowledged    boolean not null,
    suppression     text not null check (suppression in ('none', 'by_design', 'shelved', 'out_of_service')),
    raised_at       timestamptz not null,
    learnt_at       timestamptz not null,
    learnt_late     boolean not null,
    returned_at     timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    suppressed_by   text references alarm,
    occurrences     int4 not null,
    value           text not null,
    incident        int8,  -- the incident it belongs to
    version         int8 not null,
    changed_at      timestamptz not null
) with (fillfactor = 80);
create index alarm_open on alarm (priority, raised_at, id) where state <> 'normal';
create index alarm_asset on alarm (asset_id, raised_at);
create index alarm_raised on alarm (raised_at, id);
create index alarm_changed on alarm (changed_at);
create index alarm_suppressed_by on alarm (suppressed_by) where suppressed_by is not null;
create index alarm_incident on alarm (incident) where incident is not null;

-- Everything that ever happened to an alarm. Only ever added to. The same occurrence judged again is the same row.
create table alarm_transition (
    id          int8 generated always as identity primary key,
    alarm_id    text not null references alarm,
    event       text not null,
    from_state  text not null,
    to_state    text not null,
    at          timestamptz not null,  -- by the device's or the person's clock
    recorded_at timestamptz not null,  -- by ours
    author      text not null,
    cause       text not null,         -- the alarm that explains it, or a word
    reason      text not null default '',
    unique (alarm_id, at, event, author, cause)
);

grant select, insert, update on live_run, alarm to vigie_app;
grant select, insert on alarm_transition to vigie_app;
