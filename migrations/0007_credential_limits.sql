-- What a credential may send, where it differs from the settings; and a number that grows with every change of a
-- credential, whoever makes it, so that a running server notices within seconds.

alter table credential
    add column messages_per_s    float8 check (messages_per_s >= 0 and messages_per_s <= 1e9),
    add column messages_burst    float8 check (messages_burst >= 1 and messages_burst <= 1e9),
    add column values_per_s      float8 check (values_per_s >= 0 and values_per_s <= 1e9),
    add column message_bytes_max int4 check (message_bytes_max >= 0);

create table credential_change (
    only_row boolean primary key default true check (only_row),
    number   int8 not null
);
insert into credential_change (number) values (1);

create function credential_changed() returns trigger language plpgsql as $$
begin
    update credential_change set number = number + 1;
    return null;
end
$$;
create trigger credential_changed after insert or update or delete or truncate on credential
    for each statement execute function credential_changed();
create trigger credential_asset_changed after insert or update or delete or truncate on credential_asset
    for each statement execute function credential_changed();

grant select, update on credential_change to vigie_app;
