-- Roll-ups, and days that are packed. A day's frames lie in `frame`; once it is closed they lie in `chunk`, and what
-- comes later lies in `frame_late` until it is packed too. Readers choose by storage_day.closed_at, in one snapshot.

-- An hour of an asset whose stored frames changed since its roll-up was computed: set in the transaction that stores
-- them, removed in the one that computes. `hour` counts from 1970; a mark set again carries a greater generation, so
-- that whoever computes removes only what was set before it began.
create table rollup_dirty (
    asset_id   int4 not null,
    hour       int4 not null,
    generation int8 not null default 0,
    primary key (asset_id, hour)
) with (fillfactor = 70);

-- What was stored before there were roll-ups.
insert into rollup_dirty (asset_id, hour)
select distinct asset_id, floor(extract(epoch from observed_at) / 3600)::int4 from frame;

-- One row an asset and day: its quarters of an hour, and where it fell silent, packed in `body`, from which hours
-- follow exactly; the day itself by position of the layout, so that SQL can add up a city.
create table rollup (
    asset_id int4 not null,
    day      date not null,
    counts   int4[] not null,
    mins     float8[] not null,
    maxs     float8[] not null,
    sums     float8[] not null,
    lasts    float8[] not null,
    body     bytea not null,
    primary key (asset_id, day)
);
alter table rollup alter column body set storage external;

-- A day without a row here has its frames in `frame` alone.
create table storage_day (
    day        date primary key,
    closing_at timestamptz not null,  -- since then new frames of this day go to frame_late
    closed_at  timestamptz,           -- since then it is read from chunks
    dropped_at timestamptz,           -- since then its partition is gone
    frames     int8 not null default 0,
    present    int8 not null default 0,  -- values
    bytes      int8 not null default 0   -- of chunks, when it was closed
);

-- The frames of an asset and day, packed (docs/chunk.md); an asset that said very much has several parts, in order.
create table chunk (
    asset_id int4 not null,
    day      date not null,
    part     int4 not null default 0,
    body     bytea not null,
    primary key (asset_id, day, part)
);
alter table chunk alter column body set storage external;

-- Only added to while devices speak, so that whoever packs never makes them wait; merged when read.
create table frame_late (
    id          int8 generated always as identity primary key,
    observed_at timestamptz not null,
    received_at timestamptz not null,
    asset_id    int4 not null,
    layout      int4 not null,
    vals        float8[] not null
);
create index frame_late_asset on frame_late (asset_id, observed_at);

grant select, insert, update, delete on rollup_dirty, rollup, storage_day, chunk, frame_late to vigie_app;
