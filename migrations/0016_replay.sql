-- Where a start begins to read frames again: of an asset for which something came that was not later than all it had said
-- before, from that instant on; set in the transaction of that frame, removed once flushed last values hold it. Later ones
-- are found without: they are newer than the newest flushed, or nothing was flushed yet. `generation`: those of an earlier one are held by the flush
-- that began the next.
create table replay_from (
    asset_id    int4 not null,
    observed_at timestamptz not null,
    generation  int8 not null
);
create index replay_from_asset on replay_from (asset_id);
grant select, insert, delete on replay_from to vigie_app;

-- What earlier versions went by: a quarter of an hour.
insert into replay_from select asset_id, newest_at - interval '15 minutes', 0 from last_value;
alter table live_run drop column settled;
