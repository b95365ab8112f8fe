-- Commands to devices: a row for what stands, and beside it transitions that are only added to. The expiry is the row's own
-- column, so that no restart forgets it.

create table command (
    id                int8 generated always as identity primary key,
    asset_id          int4 not null references asset,
    name              text not null,
    parameters        jsonb not null,
    state             text not null default 'queued'
                      check (state in ('queued', 'sent', 'delivered', 'accepted', 'done', 'failed', 'expired', 'cancelled')),
    state_since       timestamptz not null,
    requested_at      timestamptz not null,
    requested_by      text not null,
    requested_by_name text not null,
    expires_at        timestamptz not null,
    cause             text not null default '',  -- a word: why the last step was made
    detail            text not null default '',  -- the device's words
    late_status       text check (late_status in ('accepted', 'done', 'failed')),  -- learnt after the expiry
    late_detail       text not null default '',
    late_at           timestamptz,
    version           int8 not null default 1,
    check (expires_at > requested_at),
    check ((late_status is null) = (late_at is null)),
    check (late_status is null or state = 'expired')
) with (fillfactor = 80);
-- One at most is outstanding per device, whoever writes.
create unique index command_outstanding on command (asset_id) where state in ('sent', 'delivered', 'accepted');
create index command_queue on command (asset_id, id) where state = 'queued';
create index command_open on command (id) where state in ('queued', 'sent', 'delivered', 'accepted');
create index command_asset on command (asset_id, id);
create index command_ended on command (state_since) where state in ('done', 'failed', 'expired', 'cancelled');

create table command_transition (
    command     int8 not null references command,
    step        int4 not null,
    from_state  text,
    to_state    text not null,
    author      text not null,
    author_name text not null,
    at          timestamptz not null,  -- by the device's or the person's clock
    recorded_at timestamptz not null,  -- by ours
    cause       text not null default '',
    detail      text not null default '',
    primary key (command, step)
);

grant select, insert, update on command to vigie_app;
grant select, insert on command_transition to vigie_app;
