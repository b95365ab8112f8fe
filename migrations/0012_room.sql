-- By how much the clock of who made the step contradicts ours; ahead: positive; 0: believable. Such a step counts at recorded_at.
alter table intervention_transition add column clock_off_s int8 not null default 0;

-- An alarm that is not over belongs to an open incident or stands by itself.
update alarm set incident = null, version = version + 1
 where state <> 'normal' and incident in (select number from incident where status = 'closed');
