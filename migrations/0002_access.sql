-- People, their sessions and tokens; the audit, and what keeps a POST from acting twice.

create table person (
    id            int8 generated always as identity primary key,
    login         text not null unique check (login ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    name          text not null,
    role          text not null check (role in ('operator', 'supervisor', 'director', 'crew_member',
                                                'administrator', 'integrator')),
    employer      text not null,
    crew          text not null default '',
    password_hash text not null,
    disabled      boolean not null default false,
    version       int8 not null default 1,
    created_at    timestamptz not null,
    changed_at    timestamptz not null
);

-- Rights beyond those of the role: for a commune, for a time.
create table person_grant (
    id        int8 generated always as identity primary key,
    person_id int8 not null references person,
    level     text not null check (level in ('view', 'operate', 'manage', 'configure')),
    service   text not null,
    commune   text not null default '',
    starts_at timestamptz,
    ends_at   timestamptz
);
create index person_grant_person on person_grant (person_id);

-- A browser's sign-in. Only digests of secrets are kept: who reads this table can impersonate nobody.
create table person_session (
    id           int8 generated always as identity primary key,
    person_id    int8 not null references person,
    secret_hash  text not null unique,
    csrf_token   text not null,
    created_at   timestamptz not null,
    last_used_at timestamptz not null,
    expires_at   timestamptz not null
);
create index person_session_person on person_session (person_id);
create index person_session_expiry on person_session (expires_at);

-- A program's key to its person's rights.
create table person_token (
    id           int8 generated always as identity primary key,
    person_id    int8 not null references person,
    name         text not null,
    secret_hash  text not null unique,
    created_at   timestamptz not null,
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
create index person_token_person on person_token (person_id);

-- The first answer to a POST with an Idempotency-Key, written in the effect's own transaction.
create table idempotency (
    principal    text not null,
    route        text not null,
    key          text not null,
    request_hash text not null,
    status       int4,
    headers      text,
    body         text,
    created_at   timestamptz not null,
    primary key (principal, route, key)
);
create index idempotency_created on idempotency (created_at);

-- The last entry of each chained record. Whoever appends locks the row.
create table chain_head (
    chain  text primary key,
    number int8 not null default 0,
    digest text not null default ''
);
insert into chain_head (chain) values ('audit');

-- Who did what. Append-only: the role that runs the server may neither change nor remove a row.
create table audit (
    number     int8 primary key,
    at         timestamptz not null,
    author     text not null,
    employer   text not null,
    session    int8 not null,
    action     text not null,
    target     text not null,
    status     int4 not null,
    detail     text not null,  -- JSON; text, because its very bytes are covered by the digest
    commitment text,           -- to the value in audit_private
    digest     text not null
);
create index audit_at on audit (at);

-- Addresses, which a legal retention erases while the chain still verifies.
create table audit_private (
    number int8 primary key references audit,
    salt   text not null,
    value  text not null
);

grant select, insert, update on person to vigie_app;
grant select, insert, delete on person_grant to vigie_app;
grant select, insert, update, delete on person_session, idempotency to vigie_app;
grant select, insert, update on person_token to vigie_app;
grant select, update on chain_head to vigie_app;
grant select, insert on audit to vigie_app;
grant select, insert, delete on audit_private to vigie_app;
