-- The ground: kinds, assets, places, frames, quarantine. Applied as vigie_owner; the server runs as vigie_app, which
-- gets here, table by table, what it needs and no more.

create table asset_kind (
    id   int4 generated always as identity primary key,
    code text not null unique
);

-- Positions in the kind's one append-only layout. Never updated, never reused.
create table kind_property (
    kind_id  int4 not null references asset_kind,
    code     text not null,
    position int4 not null check (position >= 0),
    width    int4 not null check (width in (1, 2)),
    primary key (kind_id, code),
    unique (kind_id, position)
);

-- Numbers of enumeration codes. Never updated, never reused.
create table property_code (
    kind_id  int4 not null,
    property text not null,
    code     text not null,
    number   int4 not null check (number >= 0),
    primary key (kind_id, property, code),
    unique (kind_id, property, number),
    foreign key (kind_id, property) references kind_property (kind_id, code)
);

create table asset (
    id                   int4 generated always as identity primary key,
    code                 text not null unique,
    kind_id              int4 not null references asset_kind,
    lon                  float8 not null,
    lat                  float8 not null,
    commune              text not null default '',
    street               text not null default '',
    life_stage           text not null check (life_stage in ('planned', 'works', 'in_service', 'removed')),
    power_parent         int4 references asset,
    communication_parent int4 references asset,
    attributes           jsonb not null default '{}',
    version              int8 not null default 1,
    changed_at           timestamptz not null default now()
);
create index asset_kind_code on asset (kind_id, code);
create index asset_commune on asset (commune, code);

-- What an asset was, version by version.
create table asset_history (
    asset_id   int4 not null,
    version    int8 not null,
    changed_at timestamptz not null,
    author     text not null,
    state      jsonb not null,
    primary key (asset_id, version)
);

create table zone (
    zone_type  text not null check (zone_type in ('commune', 'zone')),
    code       text not null,
    name       text not null,
    folded     text not null,
    population int4,
    lon        float8 not null,
    lat        float8 not null,
    outline    jsonb not null,  -- GeoJSON geometry: Polygon or MultiPolygon
    primary key (zone_type, code)
);

create table street (
    id        int4 generated always as identity primary key,
    code      text not null unique,
    name      text not null,
    folded    text not null,
    hierarchy text not null default '',
    commune   text not null default '',
    length_m  float8 not null,
    lon       float8 not null,
    lat       float8 not null,
    line      jsonb not null  -- GeoJSON geometry: LineString
);

-- One row a message; a position a property of the kind's layout, NULL where it said nothing. A partition a day, made
-- ahead; there is no default partition, so that a day can be detached without scanning what strayed.
create table frame (
    observed_at timestamptz not null,
    received_at timestamptz not null,
    asset_id    int4 not null,
    layout      int4 not null,
    vals        float8[] not null,
    primary key (asset_id, observed_at)
) partition by range (observed_at);

-- The newest value of each position and its event time, flushed every few seconds. Memory is the truth while the
-- server runs; a start reads this and, by primary key, the frames since.
create table last_value (
    asset_id   int4 primary key,
    layout     int4 not null,
    newest_at  timestamptz not null,
    observed   int8[] not null,   -- microseconds since 1970 by position, NULL where never
    vals       float8[] not null
) with (fillfactor = 70);

create table quarantine (
    id          int8 generated always as identity primary key,
    received_at timestamptz not null,
    credential  text not null,
    channel     text not null,
    topic       text not null,
    reason      text not null,
    detail      text not null,
    payload     bytea not null
);
create index quarantine_received on quarantine (received_at);

create table credential (
    id           int4 generated always as identity primary key,
    name         text not null unique,
    username     text not null unique,
    secret_hash  bytea not null,
    all_assets   boolean not null default false,
    may_backfill boolean not null default false,
    created_at   timestamptz not null default now(),
    revoked_at   timestamptz
);
create table credential_asset (
    credential_id int4 not null references credential,
    asset_id      int4 not null references asset,
    primary key (credential_id, asset_id)
);

-- Facts about this installation itself: the salt of hashes, the name of the city.
create table installation (
    key   text primary key,
    value text not null
);

grant select, insert on asset_kind, kind_property, property_code, asset_history to vigie_app;
grant select, insert, update on asset, frame, last_value, credential, installation to vigie_app;
grant select, insert, update, delete on zone, street, credential_asset to vigie_app;
grant select, insert, delete on quarantine to vigie_app;
