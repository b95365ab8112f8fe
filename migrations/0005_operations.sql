-- Operations: incidents, contacts, crews, interventions, logbook. What is happening stands in one row that changes; what
-- happened stands in rows that vigie_app can add and read, and nothing else.

create table crew (
    code        text primary key,
    name        text not null,
    employer    text not null default '',
    skills      text[] not null default '{}',
    vehicle     text not null default '',  -- code of the asset whose position is the crew's
    lon         float8,                    -- where the crew said it was, and when by its clock
    lat         float8,
    position_at timestamptz,
    created_at  timestamptz not null,
    created_by  text not null,
    check ((lon is null) = (position_at is null) and (lat is null) = (position_at is null))
);

create table incident (
    number       int8 generated always as identity primary key,
    title        text not null,
    desk         text not null check (desk in ('security', 'police', 'video', 'traffic', 'winter', 'citizen')),
    priority     int4 not null check (priority between 1 and 4),
    status       text not null default 'open' check (status in ('open', 'closed')),
    origin       text not null check (origin in ('alarm', 'contact', 'operator')),
    lon          float8,
    lat          float8,
    commune      text not null default '',
    address      text not null default '',
    asset        text not null default '',
    opened_at    timestamptz not null,
    opened_by    text not null,
    owner        text,
    owner_name   text,
    claimed_at   timestamptz,
    closed_at    timestamptz,
    closed_by    text,
    close_reason text,
    version      int8 not null default 1,
    check ((owner is null) = (claimed_at is null)),
    check ((status = 'closed') = (closed_at is not null))
);
create index incident_open on incident (priority, opened_at, number) where status = 'open';
create index incident_order on incident (priority, opened_at, number);

create table incident_transition (
    id          int8 generated always as identity primary key,
    incident    int8 not null references incident,
    step        text not null check (step in ('opened', 'claimed', 'released', 'changed', 'alarm_attached',
                                              'contact_attached', 'closed')),
    author      text not null,
    author_name text not null,
    at          timestamptz not null,
    recorded_at timestamptz not null,
    detail      jsonb not null default '{}'
);
create index incident_transition_incident on incident_transition (incident, id);

-- An alarm belongs to one open incident at most. `open` follows the incident's status, so that an index can hold that.
create table incident_alarm (
    incident    int8 not null references incident,
    alarm       text not null references alarm,
    open        boolean not null default true,
    attached_at timestamptz not null,
    attached_by text not null,
    primary key (incident, alarm)
);
create unique index incident_alarm_open on incident_alarm (alarm) where open;
create index incident_alarm_alarm on incident_alarm (alarm);

create table contact (
    id          int8 generated always as identity primary key,
    channel     text not null check (channel in ('phone', 'counter', 'email', 'radio', 'other')),
    summary     text not null,
    desk        text not null default '',
    received_at timestamptz not null,
    taken_by    text not null,
    lon         float8,
    lat         float8,
    commune     text not null default '',
    address     text not null default '',
    answered    boolean not null default false,
    incident    int8 references incident,
    has_caller  boolean not null default false
);
create index contact_incident on contact (incident) where incident is not null;

create table intervention (
    id           int8 generated always as identity primary key,
    incident     int8 not null references incident,
    crew         text not null references crew,
    state        text not null default 'assigned'
                 check (state in ('assigned', 'accepted', 'refused', 'en_route', 'on_site', 'made_safe', 'paused', 'restored',
                                  'verified', 'closed', 'cancelled')),
    paused_from  text check (paused_from in ('accepted', 'en_route', 'on_site', 'made_safe')),
    priority     int4 not null,
    asset        text not null default '',
    lon          float8,
    lat          float8,
    commune      text not null default '',
    address      text not null default '',
    description  text not null default '',
    response_en  text not null default '',
    response_fr  text not null default '',
    created_at   timestamptz not null,
    created_by   text not null,
    state_since  timestamptz not null,
    restored_at  timestamptz,  -- by the crew's clock: what rises again later reopens it
    verified_by  text not null default '',
    version      int8 not null default 1,
    check ((state = 'paused') = (paused_from is not null))
);
create index intervention_incident on intervention (incident);
create index intervention_order on intervention (priority, created_at, id);
create index intervention_crew_open on intervention (crew, id) where state not in ('refused', 'closed', 'cancelled');
create index intervention_unproved on intervention (id) where state in ('restored', 'verified');

create table intervention_transition (
    intervention int8 not null references intervention,
    step         int4 not null,
    from_state   text,
    to_state     text not null,
    author       text not null,
    author_name  text not null,
    at           timestamptz not null,  -- by the person's clock, or the event time of what proved it
    recorded_at  timestamptz not null,  -- by ours
    reason       text not null default '',
    note         text not null default '',
    lon          float8,
    lat          float8,
    primary key (intervention, step)
);

-- The room's record. Each digest covers the entry and the digest before it: docs/chain.md.
insert into chain_head (chain) values ('logbook');
create table logbook_entry (
    number       int8 primary key,
    at           timestamptz not null,
    recorded_at  timestamptz not null,
    author       text not null,
    author_name  text not null,
    entry_type   text not null,
    text_en      text not null,
    text_fr      text not null,
    incident     int8 references incident,
    intervention int8 references intervention,
    corrects     int8 references logbook_entry,
    commitment   text,  -- to the caller in contact_caller
    digest       text not null
);
create index logbook_entry_incident on logbook_entry (incident, number) where incident is not null;
create index logbook_entry_at on logbook_entry (at);

-- Personal data, apart: the logbook holds only a salted commitment to it, so that a row can be erased by rule while the
-- chain still verifies.
create table contact_caller (
    contact         int8 primary key references contact,
    entry           int8 not null references logbook_entry,  -- holds the commitment
    caller_name     text not null default '',
    callback_number text not null default '',
    salt            text not null
);

grant select, insert, update on crew, incident, contact, intervention to vigie_app;
grant select, insert on incident_transition, intervention_transition, logbook_entry to vigie_app;
grant select, insert, update on incident_alarm to vigie_app;
grant select, insert, delete on contact_caller to vigie_app;
