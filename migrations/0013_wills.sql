-- Wills wait in the rows of their sessions, so that they outlive the server, too. A session that ends with its connection
-- has a row while its client is connected and has a will: for the will alone, never to be resumed.

alter table session add column will jsonb;               -- topic, qos, retain, delay_s; payload and properties in hexadecimal
alter table session add column will_due_at timestamptz;  -- NULL while the client is connected
alter table session drop constraint session_expiry_s_check;
alter table session add constraint session_lasts check (expiry_s > 0 or expiry_s = 0 and will is not null);
