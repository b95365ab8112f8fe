-- Messages of QoS 2 without a time of their own that are not released: by packet identifier, when each came first, in
-- microseconds since 1970, and a digest of it. One that comes again after a restart is stored under that instant, that is once.

alter table session add column remembered jsonb not null default '{}';
