-- MQTT sessions that outlive their connection, so that they outlive the server, too. Written when they change, never by a
-- message. `credential` is a name and refers to nothing: a session that stayed behind ends by itself.

create table session (
    credential    text not null,
    client_id     text not null,
    subscriptions jsonb not null,        -- [["vigie/v1/+/commands", 1], ...]: filter, QoS granted
    expiry_s      int8 not null check (expiry_s > 0),
    expires_at    timestamptz,           -- NULL while the client is connected
    revision      int8 not null,         -- a late write does not undo a later one
    primary key (credential, client_id)
);
create index session_expiry on session (expires_at);
grant select, insert, update, delete on session to vigie_app;

-- The client certificate that signs a credential in, by its SHA-256 fingerprint or by its subject (RFC 2253). A credential
-- that has one has no secret that anybody knows.
alter table credential add column certificate text unique;
