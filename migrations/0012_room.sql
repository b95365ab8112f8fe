-- An alarm that is not over belongs to an open incident or stands by itself.
update alarm set incident = null, version = version + 1
 where state <> 'normal' and incident in (select number from incident where status = 'closed');
