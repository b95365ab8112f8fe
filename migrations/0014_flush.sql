-- Which transactions the flushed last values hold for certain: all before this one. A start reads again what was written
-- since. Not by received_at: a frame may wait for room long after it came, a later message of its instant is merged into
-- the row of the first, and clocks are set.
alter table live_run add column settled xid8;
